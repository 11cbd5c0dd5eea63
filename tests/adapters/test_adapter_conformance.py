"""Every installed adapter keeps the contract; what importing one costs an enclave."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from ringtaw_ego import ADAPTER as EGO
from ringtaw_premain.errors import AdapterError, NoSealingKeyError
from ringtaw_premain.hookspecs import API_VERSION, KeyBinding, LaunchRequest
from ringtaw_premain.plugins import Runtime, choose_runtime, installed_adapters, load_adapter

from tests.standins.hook_process import call_hook

WITH_RUNTIME = ["gramine", "occlum", "simulation", "softtee", "tdx"]
HOOKS = {
    "gramine": {"detect", "issue_evidence", "sealing_key", "order_files", "launch_spec"},
    "occlum": {"detect", "issue_evidence", "launch_spec"},
    "simulation": {"detect", "issue_evidence", "launch_spec"},
    "softtee": {"detect", "issue_evidence", "sealing_key", "launch_spec"},
    "tdx": {"detect", "issue_evidence", "launch_spec"},
}
# What the contract itself (pluggy, dataclasses, enum) does not bring along already. The software
# TEE's adapter is in no enclave.
ALLOWED_IMPORTS = {
    "gramine": set[str](),
    "occlum": {"array", "fcntl"},
    "simulation": {"ringtaw_premain.linux"},
    "tdx": {"ringtaw_premain.linux"},
}


def test_all_adapters_are_installed() -> None:
    assert list(installed_adapters()) == ["ego", *WITH_RUNTIME]


@pytest.mark.parametrize("name", ["ego", *WITH_RUNTIME])
def test_descriptor(name: str) -> None:
    adapter = load_adapter(installed_adapters()[name])
    assert adapter.name == name
    assert adapter.api_version == API_VERSION
    assert adapter.summary


@pytest.mark.parametrize("name", WITH_RUNTIME)
def test_hooks_match_their_specification(name: str) -> None:
    """The host's check_pending() refuses a hook that is misspelt or takes other arguments."""
    runtime = Runtime(load_adapter(installed_adapters()[name]))
    present = {hook for hook in HOOKS["gramine"] if runtime._has(hook)}
    assert present == HOOKS[name]


@pytest.mark.parametrize("name", ["occlum", "simulation", "tdx"])
def test_no_sealing_key_is_promised(name: str) -> None:
    runtime = Runtime(load_adapter(installed_adapters()[name]))
    with pytest.raises(NoSealingKeyError, match=rf"\({name}\): does not provide sealing_key"):
        runtime.sealing_key(KeyBinding.PRODUCT)


def test_ego_has_no_runtime_side() -> None:
    assert EGO.runtime is None
    with pytest.raises(AdapterError, match=r"no runtime side .*ego marblerun"):
        choose_runtime("ego")


@pytest.mark.parametrize("name", WITH_RUNTIME)
def test_only_ego_enforces_ttls(name: str) -> None:
    assert load_adapter(installed_adapters()[name]).enforces_ttls is False
    assert EGO.enforces_ttls is True


def test_nothing_is_detected_on_plain_linux() -> None:
    with pytest.raises(AdapterError, match="no adapter detected its runtime"):
        choose_runtime()


@pytest.mark.parametrize("platform", ["gramine", "occlum", "tdx"])
def test_a_platform_is_detected_by_its_adapter_alone(
    platform: str, request: pytest.FixtureRequest
) -> None:
    device = request.getfixturevalue(platform)
    answers = {name: call_hook(name, "detect", device=device)["result"] for name in WITH_RUNTIME}
    assert [name for name, detected in answers.items() if detected] == [platform]


@pytest.mark.parametrize("name", ["ego", *WITH_RUNTIME])
def test_only_the_software_tee_warns(name: str) -> None:
    """Simulation has a warning of its own: its evidence is empty."""
    warning = load_adapter(installed_adapters()[name]).warning
    assert ("software TEE" in warning) == (name == "softtee")


@pytest.mark.parametrize("name", WITH_RUNTIME)
def test_the_application_gets_the_whole_environment(name: str, tmp_path: Path) -> None:
    program = tmp_path / "app"
    program.touch(0o755)
    environ = {"A": "1", "LD_LIBRARY_PATH": "/lib"}
    runtime = Runtime(load_adapter(installed_adapters()[name]))
    spec = runtime.launch_spec(LaunchRequest((str(program),), environ, (str(program),), ()))
    assert spec.environ == environ


@pytest.mark.parametrize("name", ALLOWED_IMPORTS)
def test_what_an_adapter_imports(name: str) -> None:
    """Every module is measured into every enclave and loaded at every start."""
    script = (
        "import sys, ringtaw_premain.hookspecs, ringtaw_premain.errors\n"
        "before = set(sys.modules)\n"
        f"import ringtaw_{name}.runtime\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], check=True, stdout=subprocess.PIPE, text=True
    )
    own = {module for module in ran.stdout.split() if module.startswith(f"ringtaw_{name}")}
    assert set(ran.stdout.split()) - own - set(sys.builtin_module_names) <= ALLOWED_IMPORTS[name]
