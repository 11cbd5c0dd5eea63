from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points as standard_entry_points
from pathlib import Path

import pytest
from ringtaw_premain.errors import (
    AdapterError,
    EvidenceUnavailableError,
    NoSealingKeyError,
    PlatformError,
)
from ringtaw_premain.hookspecs import (
    API_VERSION,
    ENTRY_POINT_GROUP,
    FileWrite,
    KeyBinding,
    LaunchRequest,
)
from ringtaw_premain.plugins import choose_runtime, installed_adapters, load_adapter

from tests.premain.adapters import AdapterDirectory

DETECTED = "@hookimpl\ndef detect(self): return True"
NOT_DETECTED = "@hookimpl\ndef detect(self): return False"


@pytest.fixture(autouse=True)
def _importable(adapters: AdapterDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(adapters.path)


def path_of(adapters: AdapterDirectory) -> list[str]:
    return [str(adapters.path)]


def test_finds_what_the_standard_library_finds() -> None:
    ours = {(entry.name, entry.reference) for entry in installed_adapters().values()}
    theirs = {(e.name, e.value) for e in standard_entry_points(group=ENTRY_POINT_GROUP)}
    assert ours == theirs
    assert {"ego", "gramine", "occlum", "simulation"} <= {name for name, _ in ours}


def test_scan_reads_only_the_group_of_distributions(tmp_path: Path) -> None:
    info = tmp_path / "Some.Thing-1.0.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text(
        "[other]\nwrong = a:b\n"
        "[ringtaw.adapters]\n# comment\n; comment\n\n  first=a:b\nsecond = c:d\n"
        "[ringtaw.adapters.more]\nwrong = e:f\n"
    )
    (tmp_path / "no_entry_points-1.0.dist-info").mkdir()
    (tmp_path / "binary-1.0.dist-info").mkdir()
    (tmp_path / "binary-1.0.dist-info/entry_points.txt").write_bytes(b"\xff")
    found = installed_adapters([str(tmp_path), str(tmp_path / "missing"), "/dev/null"])
    assert {name: entry.reference for name, entry in found.items()} == {
        "first": "a:b",
        "second": "c:d",
    }
    assert found["first"].distribution == "Some.Thing-1.0"


def test_the_first_copy_of_a_distribution_counts(tmp_path: Path) -> None:
    directories = [tmp_path / "first", tmp_path / "second"]
    for directory in directories:
        directory.mkdir()
        AdapterDirectory(directory).declare("libos", f"{directory.name}:ADAPTER", "adapter_libos")
    assert installed_adapters(map(str, directories))["libos"].reference == "first:ADAPTER"


def test_two_adapters_of_one_name_are_an_error(adapters: AdapterDirectory) -> None:
    adapters.declare("libos", "one:ADAPTER", "first_distribution")
    adapters.declare("libos", "two:ADAPTER", "second_distribution")
    with pytest.raises(AdapterError, match=r"adapter\(libos\).*first_distribution.*second_dist"):
        installed_adapters(path_of(adapters))


def test_the_one_that_detects_its_runtime_is_chosen(adapters: AdapterDirectory) -> None:
    adapters.install("here", DETECTED)
    adapters.install("elsewhere", NOT_DETECTED)
    adapters.install("silent", "")
    adapters.install("builder", "", adapter="Adapter(NAME, '', 1, build='missing:Build')")
    assert choose_runtime("", path_of(adapters)).name == "here"


def test_by_name_nothing_is_asked(adapters: AdapterDirectory) -> None:
    adapters.install("named", NOT_DETECTED)
    adapters.install("broken", "raise RuntimeError")
    assert choose_runtime("named", path_of(adapters)).name == "named"


@pytest.mark.parametrize(
    ("detected", "problem"),
    [([], "no adapter detected"), (["one", "two"], "one and two detected")],
)
def test_none_or_two_is_an_error_that_lists_all(
    adapters: AdapterDirectory, detected: list[str], problem: str
) -> None:
    for name in ("one", "two", "three"):
        adapters.install(name, DETECTED if name in detected else NOT_DETECTED)
    with pytest.raises(AdapterError, match=problem) as caught:
        choose_runtime("", path_of(adapters))
    assert "installed: one, three, two" in str(caught.value)
    assert "RINGTAW_ADAPTER" in str(caught.value)


def test_an_unknown_name_lists_what_is_installed(adapters: AdapterDirectory) -> None:
    adapters.install("libos", "")
    with pytest.raises(AdapterError, match=r"no adapter 'libso'; installed: libos"):
        choose_runtime("libso", path_of(adapters))
    with pytest.raises(AdapterError, match="installed: none"):
        choose_runtime("libos", [])


def test_an_adapter_without_runtime_says_why(adapters: AdapterDirectory) -> None:
    adapters.install("built", "", adapter="Adapter(NAME, '', 1, note='it is built in')")
    with pytest.raises(AdapterError, match=r"adapter\(built\): has no runtime side \(it is built"):
        choose_runtime("built", path_of(adapters))


@pytest.mark.parametrize(
    ("version", "cure"),
    [(API_VERSION - 1, "upgrade adapter_libos-1.0"), (API_VERSION + 1, "upgrade ringtaw-premain")],
)
def test_another_version_of_the_contract_says_which_side_to_upgrade(
    adapters: AdapterDirectory, version: int, cure: str
) -> None:
    adapters.install("libos", "", adapter=f"Adapter(NAME, '', {version})")
    with pytest.raises(AdapterError, match=f"version {version} .* version {API_VERSION}") as caught:
        choose_runtime("libos", path_of(adapters))
    assert caught.value.hint == cure


@pytest.mark.parametrize(
    ("adapter", "problem"),
    [
        ("object()", "is not an Adapter"),
        ("1 / 0", "ZeroDivisionError"),
        ("__import__('not_installed_here')", "No module named 'not_installed_here'"),
        ("Adapter('other', '', 1)", "calls itself 'other'"),
        ("Adapter(NAME, '', 1, runtime=__name__ + ':Missing')", "no attribute 'Missing'"),
        ("Adapter(NAME, '', 1, runtime='not_installed_here:Runtime')", "No module named"),
        ("Adapter(NAME, '', 1, runtime=__name__ + ':NAME')", "is unusable: TypeError"),
    ],
)
def test_an_adapter_that_cannot_be_loaded_is_named(
    adapters: AdapterDirectory, adapter: str, problem: str
) -> None:
    adapters.install("libos", "", adapter=adapter)
    with pytest.raises(AdapterError, match=problem) as caught:
        choose_runtime("", path_of(adapters))
    assert str(caught.value).startswith("adapter(libos): ")


@pytest.mark.parametrize(
    ("hooks", "problem"),
    [
        ("@hookimpl\ndef detekt(self): return True", "detekt"),
        ("@hookimpl\ndef issue_evidence(self, report): return b''", "report"),
        ("def __init__(self): raise OSError('no device')", "no device"),
    ],
)
def test_a_runtime_that_breaks_the_contract_is_named(
    adapters: AdapterDirectory, hooks: str, problem: str
) -> None:
    adapters.install("libos", hooks)
    with pytest.raises(AdapterError, match=problem) as caught:
        choose_runtime("libos", path_of(adapters))
    assert str(caught.value).startswith("adapter(libos): ")


def test_a_missing_hook_is_named_with_the_adapters_note(adapters: AdapterDirectory) -> None:
    adapters.install(
        "libos",
        "",
        adapter="Adapter(NAME, '', 1, runtime=__name__ + ':Runtime', note='no device for it')",
    )
    runtime = choose_runtime("libos", path_of(adapters))
    request = LaunchRequest((), {}, (), ())
    calls: dict[str, Callable[[], object]] = {
        "issue_evidence": lambda: runtime.issue_evidence(bytes(64)),
        "launch_spec": lambda: runtime.launch_spec(request),
    }
    for hook, call in calls.items():
        with pytest.raises(AdapterError, match=rf"adapter\(libos\): .*{hook} \(no device for it"):
            call()
    with pytest.raises(NoSealingKeyError, match=r"adapter\(libos\): .*sealing_key \(no device for"):
        runtime.sealing_key(KeyBinding.PRODUCT)


def test_without_the_hook_files_are_regular_and_sorted(adapters: AdapterDirectory) -> None:
    adapters.install("libos", "")
    runtime = choose_runtime("libos", path_of(adapters))
    writes = runtime.order_files({"b": b"2", "a": b"1"})
    assert list(writes) == [FileWrite("a", b"1"), FileWrite("b", b"2")]


def test_errors_of_hooks_carry_the_adapters_name(adapters: AdapterDirectory) -> None:
    adapters.install(
        "libos",
        """
        @hookimpl
        def issue_evidence(self, report_data):
            raise EvidenceUnavailableError("no quote", hint="check the device")
        @hookimpl
        def sealing_key(self, binding):
            raise PermissionError(13, "Permission denied", "/dev/keys")
        @hookimpl
        def launch_spec(self, request):
            raise ValueError("this secret: 42")
        """,
    )
    runtime = choose_runtime("libos", path_of(adapters))
    with pytest.raises(EvidenceUnavailableError) as evidence:
        runtime.issue_evidence(bytes(64))
    assert str(evidence.value) == "adapter(libos): no quote (check the device)"
    with pytest.raises(PlatformError, match=r"adapter\(libos\): sealing_key: .*'/dev/keys'"):
        runtime.sealing_key(KeyBinding.PRODUCT)
    with pytest.raises(AdapterError) as launch:
        runtime.launch_spec(LaunchRequest((), {}, (), ()))
    assert str(launch.value) == "adapter(libos): launch_spec failed with ValueError"


@pytest.mark.parametrize("returned", ["'text'", "None", "bytearray(2)"])
def test_results_of_a_wrong_type_are_refused(adapters: AdapterDirectory, returned: str) -> None:
    adapters.install(
        "libos", f"@hookimpl\ndef issue_evidence(self, report_data): return {returned}"
    )
    runtime = choose_runtime("libos", path_of(adapters))
    with pytest.raises(AdapterError, match="issue_evidence"):
        runtime.issue_evidence(bytes(64))


@pytest.mark.parametrize("returned", ["[]", "[FileWrite('a', b'2')]", "[FileWrite('a', b'1')] * 2"])
def test_an_adapter_may_not_drop_or_change_files(adapters: AdapterDirectory, returned: str) -> None:
    adapters.install("libos", f"@hookimpl\ndef order_files(self, files): return {returned}")
    runtime = choose_runtime("libos", path_of(adapters))
    with pytest.raises(AdapterError, match="changed the set of files"):
        runtime.order_files({"a": b"1"})


def test_adapters_are_listed_with_what_they_are() -> None:
    for name, entry in installed_adapters().items():
        adapter = load_adapter(entry)
        assert adapter.name == name
        assert adapter.summary
        assert adapter.runtime or adapter.note
