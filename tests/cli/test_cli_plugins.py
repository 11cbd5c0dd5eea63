"""``ringtaw plugins``, with adapters on disk that are broken in every way."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import jsonschema
import pytest
from ringtaw_cli.exits import ExitCode
from ringtaw_premain.hookspecs import API_VERSION
from ringtaw_schemas import cli_schema

from tests.cli.installed import Workplace

SOURCE = """\
from ringtaw_premain.hookspecs import Adapter, hookimpl
{before}
ADAPTER = Adapter({name!r}, "", {version}, runtime=__name__ + ":Runtime")
class Runtime:
    {hook}
"""


def source(
    name: str = "odd", *, before: str = "", hook: str = "pass", version: int = API_VERSION
) -> str:
    """Return the module of an adapter with a runtime side."""
    return SOURCE.format(name=name, before=before, hook=hook, version=version)


def listed(place: Workplace, name: str) -> dict[str, Any]:
    """Return what is told of one adapter; the others must be there too."""
    done = place.run("plugins", "--format", "json")
    printed = json.loads(done.stdout)
    jsonschema.validate(printed, cli_schema("plugins"))
    assert {"ego", "gramine", "kiosk", name} <= {a["name"] for a in printed["adapters"]}
    (found,) = [adapter for adapter in printed["adapters"] if adapter["name"] == name]
    problems = [problem for a in printed["adapters"] for problem in a["problems"]]
    assert done.returncode == (ExitCode.FAILED if problems else ExitCode.OK)
    assert done.stderr.count("error: ") == len(problems)
    return dict(found)


def test_an_adapter_is_listed_with_hooks_files_and_hashes(kiosk: Workplace) -> None:
    found = listed(kiosk, "kiosk")
    files = found.pop("files")
    assert found == {
        "name": "kiosk",
        "distribution": "ringtaw-kiosk",
        "version": "1.5",
        "reference": "ringtaw_kiosk:ADAPTER",
        "summary": "the Kiosk libOS",
        "api_version": API_VERSION,
        "runtime_hooks": [],
        "build_hooks": [
            "prepare_config",
            "validate_config",
            "package_properties",
            "host_command",
        ],
        "detected": False,
        "problems": [],
    }
    for file, name in zip(files, ("ringtaw_kiosk", "ringtaw_kiosk_build"), strict=True):
        path = kiosk.site / f"{name}.py"
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert file == {"module": name, "path": str(path), "sha256": digest}


def test_as_text(kiosk: Workplace) -> None:
    shown = kiosk.run("plugins").stdout
    assert "\nkiosk\n  summary      the Kiosk libOS\n  distribution ringtaw-kiosk 1.5\n" in shown
    assert "  build        prepare_config, validate_config, package_properties, host_c" in shown


@pytest.mark.parametrize(
    ("module", "message", "cure"),
    [
        (source(before="import missing_module"), "No module named 'missing_module'", "kiosk_odd-1"),
        (source(before="raise SystemExit(3)"), "SystemExit: 3", "uninstall kiosk_odd-1"),
        (source(version=99), "version 99 of the contract", "upgrade ringtaw-premain"),
        (source(version=0), "version 0 of the contract", "upgrade kiosk_odd-1.5"),
        (
            source(hook="@hookimpl\n    def detekt(self): return True"),
            "has a hook 'detekt' that the contract does not have",
            "rename detekt to detect",
        ),
        (
            source(hook="@hookimpl\n    def launch_spec(self, wish): return None"),
            "Argument(s) {'wish'}",
            "compare it with ringtaw_premain.hookspecs.RuntimeHooks",
        ),
        (
            source(hook="@hookimpl\n    def detect(self): raise ValueError('secret')"),
            "detect failed with ValueError",
            "kiosk_odd-1.5",
        ),
        (source("another"), "calls itself 'another'", "the same name"),
        ("ADAPTER = 1", "is not an Adapter", "ringtaw_premain.hookspecs.Adapter"),
    ],
    ids=range(9),
)
def test_one_broken_adapter_is_named_with_the_cure_and_stops_no_other(
    kiosk: Workplace, module: str, message: str, cure: str
) -> None:
    kiosk.install("odd", module)
    (problem,) = listed(kiosk, "odd")["problems"]
    assert "odd" in problem["message"]
    assert message in problem["message"]
    assert cure in problem["cure"]
    assert "secret" not in json.dumps(problem)


def test_one_broken_side_does_not_hide_the_other(kiosk: Workplace) -> None:
    kiosk.install(
        "odd",
        source(hook="@hookimpl\n    def detect(self): return False").replace(
            "runtime=", "build='missing_module:Build', runtime="
        ),
    )
    found = listed(kiosk, "odd")
    assert (found["runtime_hooks"], found["build_hooks"]) == (["detect"], [])
    assert "missing_module" in found["problems"][0]["message"]


def test_a_build_side_without_its_libraries_says_where_they_are(kiosk: Workplace) -> None:
    descriptor = source().replace("runtime=", "build='kiosk_odd_build:Build', runtime=")
    kiosk.install("odd", descriptor)
    (kiosk.site / "kiosk_odd_build.py").write_text("import missing_module\n")
    done = kiosk.run("odd", "check", "x")
    assert done.returncode == ExitCode.FAILED
    assert "missing_module" in done.stderr
    assert "the extra [build] of" in done.stderr


def test_what_a_plugin_prints_is_no_data(kiosk: Workplace) -> None:
    kiosk.install("odd", source(before="print('chatter')"))
    assert listed(kiosk, "odd")["problems"] == []
    assert "chatter" in kiosk.run("plugins").stderr


def test_two_distributions_that_claim_one_name(kiosk: Workplace) -> None:
    kiosk.install("odd", source(), distribution="first")
    kiosk.install("odd", source(), distribution="second")
    printed = json.loads(kiosk.run("plugins", "--format", "json").stdout)
    first, second = (a for a in printed["adapters"] if a["name"] == "odd")
    assert "also declared by second 1.5" in first["problems"][0]["message"]
    assert "also declared by first 1.5" in second["problems"][0]["message"]
    assert first["problems"][0]["cure"] == "uninstall first or second"


def test_two_adapters_that_detect_one_runtime(kiosk: Workplace) -> None:
    detects = "@hookimpl\n    def detect(self): return True"
    kiosk.install("odd", source(hook=detects))
    kiosk.install("even", source("even", hook=detects))
    (problem,) = listed(kiosk, "odd")["problems"]
    assert problem["message"] == "adapter(odd): detects its runtime here, and so does even"
    assert problem["cure"] == "uninstall kiosk_odd or kiosk_even, or set RINGTAW_ADAPTER".replace(
        "_", "-", 2
    )


def test_a_broken_adapter_cannot_be_used_and_says_why(kiosk: Workplace) -> None:
    kiosk.install("odd", source(before="import missing_module"))
    done = kiosk.run("odd", "check", "x")
    assert done.returncode == ExitCode.FAILED
    assert done.stderr.startswith("error: adapter(odd): cannot load third_party_odd")
    no_build = kiosk.run("simulation", "check", "x")
    assert no_build.stderr.startswith("error: adapter(simulation): has no build side")


def test_an_adapter_with_the_name_of_a_command(kiosk: Workplace) -> None:
    kiosk.install("plugins", source("plugins"))
    (problem,) = listed(kiosk, "plugins")["problems"]
    assert "ringtaw plugins is a command of another meaning" in problem["message"]
    assert "the adapter for plugins" not in kiosk.run("--help").stdout


def test_an_adapter_cannot_end_the_command_or_write_into_its_data(kiosk: Workplace) -> None:
    hook = "@hookimpl\n    def package_properties(self, artefact): print('chatter'); exit(0)"
    kiosk.install("odd", source(hook=hook).replace("runtime=", "build="))
    done = kiosk.run("odd", "package-properties", "x")
    assert (done.returncode, done.stdout) == (ExitCode.FAILED, "")
    assert "error: adapter(odd): package_properties failed with SystemExit" in done.stderr


def test_a_hook_that_is_missing_is_told_with_the_adapters_note(kiosk: Workplace) -> None:
    module = source().replace("runtime=", "note='a kiosk cannot', build=")
    kiosk.install("odd", module)
    assert "Commands:" not in kiosk.run("odd", "--help").stdout
    done = kiosk.run("odd", "check", "x")
    expected = "error: adapter(odd): does not provide validate_config\n  a kiosk cannot\n"
    assert done.stderr == expected
