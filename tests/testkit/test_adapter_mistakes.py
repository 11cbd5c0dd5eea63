"""Mistakes of authors, met by the real premain and by ``ringtaw adapter check``.

Each message names the plugin and what to do.
"""

from __future__ import annotations

import subprocess
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from textwrap import dedent

import pytest
from ringtaw_premain.errors import AdapterError
from ringtaw_testkit.conformance.cases import ALL
from ringtaw_testkit.conformance.model import Outcome
from ringtaw_testkit.conformance.suite import check_adapter
from ringtaw_testkit.harness import Harness, Inside
from ringtaw_testkit.premain import run_premain
from ringtaw_testkit.simulator import CoordinatorSimulator, parameters

from tests.testkit.mutants import declare

GOOD = """
    @hookimpl
    def detect(self): return bool(os.environ.get("INSIDE"))
    @hookimpl
    def issue_evidence(self, report_data): return b"quote over " + report_data
    @hookimpl
    def launch_spec(self, request):
        return LaunchSpec(request.argv[0], request.argv, request.environ)
"""
CASES = {case.name: case for case in ALL}


def adapter(directory: Path, name: str, *, hooks: str = GOOD, version: int = 1) -> None:
    """Install an adapter: a module, and a distribution that declares it."""
    source = f"""
import os
from ringtaw_premain.hookspecs import Adapter, LaunchSpec, hookimpl

class Runtime:
{hooks}
ADAPTER = Adapter({name!r}, "for a test", {version}, runtime=__name__ + ":Runtime", note="none")
"""
    (directory / f"{name}_of_{directory.name}.py").write_text(source)
    declare(directory, name, f"{name}_of_{directory.name}:ADAPTER")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of the search path, for this process and those that it starts."""
    path = tmp_path / f"site_{abs(hash(tmp_path))}"
    path.mkdir()
    monkeypatch.syspath_prepend(str(path))
    return path


def premain(name: str, tmp_path: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    directory = tmp_path / "marble"
    directory.mkdir(exist_ok=True)
    with CoordinatorSimulator() as coordinator:
        coordinator.admit(parameters("/bin/echo", "started"))
        return run_premain(name, environ, coordinator, directory)


class InsideHarness(Harness):
    """Being inside is a variable."""

    def inside(self, directory: Path) -> AbstractContextManager[Inside]:
        return nullcontext(Inside({"INSIDE": "1"}))


def failure(name: str, case: str) -> str:
    """What the suite says of a case that fails."""
    [result] = check_adapter(name, InsideHarness(), cases=[CASES[case]]).results
    assert result.outcome is Outcome.FAILED, result
    return result.message


class CommandHarness(Harness):
    """Getting inside takes a command, as it does for a libOS with a loader."""

    def inside(self, directory: Path) -> AbstractContextManager[Inside]:
        return nullcontext(Inside({}, prefix=("env", "INSIDE=1")))


def test_a_harness_that_gets_inside_by_a_command(site: Path) -> None:
    adapter(site, "toy")
    names = ("runtime/detect-says-no-outside", "runtime/detect-says-yes-inside", "attack/none")
    report = check_adapter("toy", CommandHarness(), cases=[CASES[name] for name in names])
    assert [result.outcome for result in report.results] == [Outcome.PASSED] * len(names)


def test_a_misspelt_hook(site: Path, tmp_path: Path) -> None:
    adapter(site, "toy", hooks=GOOD.replace("issue_evidence", "issue_evidense"))
    told = ["adapter(toy)", "issue_evidense", "rename issue_evidense to issue_evidence"]
    done = premain("toy", tmp_path)
    assert (done.returncode, done.stdout) == (125, "")
    checked = failure("toy", "runtime/hooks-are-the-contracts")
    for text in (done.stderr, checked):
        assert [part for part in told if part not in text] == []


@pytest.mark.parametrize(("version", "cure"), [(99, "ringtaw-premain"), (0, "toy-1.0")])
def test_another_version_of_the_contract(
    site: Path, tmp_path: Path, version: int, cure: str
) -> None:
    adapter(site, "toy", version=version)
    done = premain("toy", tmp_path)
    assert (done.returncode, done.stdout) == (125, "")
    for text in (done.stderr, failure("toy", "descriptor/loads")):
        assert f"adapter(toy): made for version {version} of the contract" in text
        assert f"(upgrade {cure})" in text


def test_two_adapters_detect_one_runtime(site: Path, tmp_path: Path) -> None:
    adapter(site, "toy")
    adapter(site, "twin")
    done = premain("", tmp_path, INSIDE="1")
    assert (done.returncode, done.stdout) == (125, "")
    assert "toy and twin detected its runtime here" in done.stderr
    assert "set RINGTAW_ADAPTER" in done.stderr
    assert "so does twin of twin-1.0: uninstall one" in failure("toy", "runtime/is-detected-alone")
    assert premain("twin", tmp_path, INSIDE="1").stdout == "started\n"


def test_one_name_is_declared_twice(site: Path, tmp_path: Path) -> None:
    adapter(site, "toy")
    declare(site, "toy", "another:ADAPTER", "another_toy")
    done = premain("toy", tmp_path)
    assert (done.returncode, done.stdout) == (125, "")
    for part in ("adapter(toy)", "toy-1.0", "another_toy-1.0", "uninstall"):
        assert part in done.stderr
    with pytest.raises(AdapterError, match=r"adapter\(toy\).*another_toy-1\.0.*uninstall"):
        check_adapter("toy", cases=[CASES["descriptor/loads"]])


def test_one_plugin_cannot_be_imported(site: Path, tmp_path: Path) -> None:
    """A premain that names its adapter never imports the broken one."""
    adapter(site, "toy")
    (site / "broken.py").write_text(
        dedent(
            f"""
            from pathlib import Path
            Path({str(tmp_path / "imported")!r}).touch()
            import a_library_that_is_missing
            """
        )
    )
    declare(site, "broken", "broken:ADAPTER")
    named = premain("toy", tmp_path, INSIDE="1")
    assert (named.returncode, named.stdout) == (0, "started\n"), named.stderr
    assert not (tmp_path / "imported").exists()
    detected = premain("", tmp_path, INSIDE="1")
    assert (detected.returncode, detected.stdout) == (125, "")
    assert "adapter(broken): cannot load broken:ADAPTER: ModuleNotFoundError" in detected.stderr
    assert "a_library_that_is_missing" in failure("broken", "descriptor/loads")
    [result] = check_adapter("toy", cases=[CASES["descriptor/loads"]]).results
    assert result.outcome is Outcome.PASSED
    listed = check_adapter("toy", InsideHarness(), cases=[CASES["runtime/is-detected-alone"]])
    assert listed.passed, listed.as_text()


def test_a_hook_without_its_mark(site: Path, tmp_path: Path) -> None:
    adapter(site, "toy", hooks=GOOD.replace("@hookimpl\n    def launch", "\n    def launch"))
    done = premain("toy", tmp_path, INSIDE="1")
    assert done.returncode == 125
    assert "adapter(toy): does not provide launch_spec" in done.stderr
    assert failure("toy", "runtime/hooks-are-marked") == "without @hookimpl: launch_spec"
