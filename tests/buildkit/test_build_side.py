"""The facade of a build side: what other people's adapters may return, raise and lack."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from ringtaw_buildkit.adapters import BuildSide, build_side
from ringtaw_buildkit.inspection import inspect_adapters
from ringtaw_premain.build_hookspecs import PrepareRequest, RunRequest, ValidateRequest
from ringtaw_premain.errors import AdapterError, PlatformError

from tests.premain.adapters import AdapterDirectory

HEADER = """\
from ringtaw_buildkit.document import DocumentError
from ringtaw_premain.build_hookspecs import *
from ringtaw_premain.errors import PlatformError
from ringtaw_premain.hookspecs import Adapter, hookimpl
"""
MakeSide = Callable[..., BuildSide]
CALLS: dict[str, Callable[[BuildSide], object]] = {
    "prepare_config": lambda side: side.prepare_config(PrepareRequest("x")),
    "validate_config": lambda side: side.validate_config(ValidateRequest("x")),
    "package_properties": lambda side: side.package_properties("x"),
    "host_command": lambda side: side.host_command(RunRequest((), {})),
}
ARGUMENTS = {"package_properties": "artefact"}


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeSide:
    """Install an adapter with one hook that does this, and return its build side."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(hook: str, body: str) -> BuildSide:
        module = f"build_{tmp_path.name}"
        source = (
            f"{HEADER}ADAPTER = Adapter('libos', '', 1, build=__name__ + ':Build', note='alas')\n"
            f"class Build:\n  @hookimpl\n  def {hook}(self, {ARGUMENTS.get(hook, 'request')}):\n"
            f"    {body}\n"
        )
        (tmp_path / f"{module}.py").write_text(source)
        AdapterDirectory(tmp_path).declare("libos", f"{module}:ADAPTER", "libos")
        return build_side("libos", [str(tmp_path)])

    return install


GOOD = {
    "prepare_config": "return Preparation((FileChange('a', None, 'b'),), ('note',))",
    "validate_config": "return [Finding(Severity.ERROR, 'c', 'f', 1, 'p', 'm', 'cure')]",
    "package_properties": "return PackageProperties('ab' * 32, 'cd' * 32, 1, 65535, False)",
    "host_command": "return HostCommand(('program',), {}, 'install it')",
}


@pytest.mark.parametrize("hook", GOOD)
def test_good_results_pass_and_the_other_hooks_are_missing(make: MakeSide, hook: str) -> None:
    side = make(hook, GOOD[hook])
    assert side.hooks == (hook,)
    assert CALLS[hook](side)
    for other in GOOD.keys() - {hook}:
        message = rf"adapter\(libos\): does not provide {other} \(alas\)"
        with pytest.raises(AdapterError, match=message):
            CALLS[other](side)


@pytest.mark.parametrize(
    ("hook", "returned", "problem"),
    [
        ("prepare_config", "[]", "list in place of Preparation"),
        ("prepare_config", "Preparation('x', ())", "str in place of a sequence of FileChange"),
        ("prepare_config", "Preparation((1,), ())", "int in place of FileChange"),
        ("prepare_config", "Preparation((FileChange('a', b'', 'b'),), ())", "but text"),
        ("prepare_config", "Preparation((), 'note')", "str in place of a sequence of str"),
        ("validate_config", "Finding(Severity.ERROR, '', '', 1, '', '', '')", "Finding in place"),
        ("validate_config", "[Finding('error', '', '', 1, '', '', '')]", "severity"),
        ("validate_config", "[Finding(Severity.ERROR, '', '', 0, '', '', '')]", "line 0"),
        ("package_properties", "None", "NoneType in place of PackageProperties"),
        ("package_properties", "PackageProperties('AB' * 32, 'cd' * 32, 0, 0, False)", "identity"),
        ("package_properties", "PackageProperties('ab' * 32, '', 0, 0, False)", "identity ''"),
        ("package_properties", "PackageProperties('ab' * 32, 'cd' * 32, -1, 0, False)", "-1"),
        ("package_properties", "PackageProperties('ab' * 32, 'cd' * 32, 0, 65536, False)", "65536"),
        ("package_properties", "PackageProperties('ab' * 32, 'cd' * 32, 0, 0, 1)", "debug 1"),
        ("host_command", "HostCommand((), {}, '')", "without a program"),
        ("host_command", "HostCommand('program', {}, '')", "str in place of a sequence"),
        ("host_command", "HostCommand(('a', 1), {}, '')", "int in place of str"),
        ("host_command", "HostCommand(('a',), None, '')", "without environment"),
    ],
)
def test_other_results_are_refused(make: MakeSide, hook: str, returned: str, problem: str) -> None:
    side = make(hook, f"return {returned}")
    with pytest.raises(AdapterError, match=problem) as caught:
        CALLS[hook](side)
    assert str(caught.value).startswith(f"adapter(libos): {hook} returned ")


def test_errors_carry_the_adapters_name_and_no_secret(make: MakeSide) -> None:
    raising = (
        "raise PlatformError('no image', hint='build it') if request else ValueError('secret')"
    )
    side = make("host_command", raising)
    with pytest.raises(PlatformError, match=r"^adapter\(libos\): no image \(build it\)$"):
        CALLS["host_command"](side)
    with pytest.raises(AdapterError, match=r"^adapter\(libos\): host_command failed with ValueErr"):
        side.host_command(None)  # type: ignore[arg-type]  # makes the hook raise the other one


def test_a_syntax_error_is_a_finding_of_check_and_an_error_elsewhere(make: MakeSide) -> None:
    raised = "raise DocumentError('conf', 3, 'is odd', 'straighten it')"
    (finding,) = make("validate_config", raised).validate_config(ValidateRequest("conf"))
    assert (finding.code, finding.file, finding.line) == ("syntax", "conf", 3)
    assert (finding.message, finding.cure) == ("is odd", "straighten it")


def test_an_adapter_without_build_side_says_why(make: MakeSide) -> None:
    with pytest.raises(AdapterError, match=r"adapter\(softtee\): has no build side \(a software T"):
        build_side("softtee")


def test_an_adapter_that_is_not_installed(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match=r"no adapter 'gramin'; installed: .*\(use gramine\)"):
        build_side("gramin")
    with pytest.raises(AdapterError, match="installed: none"):
        build_side("gramine", [str(tmp_path)])


def test_a_misspelt_hook_is_told_with_the_right_one(make: MakeSide) -> None:
    with pytest.raises(
        AdapterError, match=r"hook 'validat_config'.*\(rename validat_config to validate_"
    ):
        make("validat_config", "return []")


def test_inspection_lists_what_is_declared_on_a_search_path(make: MakeSide, tmp_path: Path) -> None:
    make("host_command", GOOD["host_command"])
    (found,) = inspect_adapters([str(tmp_path)])
    assert (found.name, found.distribution, found.version) == ("libos", "libos", "1.0")
    assert (found.build_hooks, found.problems) == (("host_command",), ())
    assert [file.path for file in found.files] == [str(next(tmp_path.glob("*.py")))]
