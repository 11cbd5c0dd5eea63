"""``ringtaw doctor``: machines in folders, and the one that runs the tests."""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from ringtaw_cli.doctor.command import examine
from ringtaw_cli.doctor.findings import Finding, Level
from ringtaw_cli.doctor.machine import Machine
from ringtaw_schemas import cli_schema

from tests.cli.installed import Workplace


def machine(folder: Path, environ: Mapping[str, str] | None = None) -> Machine:
    """Return a machine on which nothing is installed."""
    return Machine(folder, environ or {"PATH": str(folder / "bin")}, folder, timeout=2)


def put(folder: Path, name: str, text: str = "", mode: int = 0o600) -> None:
    """Make a file of the machine."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def found(subject: Machine, area: str, pccs: str = "") -> list[tuple[Level, str]]:
    """Return what is found of an area."""
    return [(each.level, each.what) for each in examine(subject, pccs) if each.area == area]


def test_a_machine_with_nothing_has_no_problem(tmp_path: Path) -> None:
    findings = list(examine(machine(tmp_path)))
    assert not [each for each in findings if each.level is Level.PROBLEM]
    assert [each.area for each in findings if each.level is Level.WARNING] == [
        "kernel",
        "sgx",
        "libos",
    ]
    assert all(each.why and each.cure for each in findings if each.level is not Level.OK)


def test_sgx_that_can_be_used(tmp_path: Path) -> None:
    put(tmp_path, "dev/sgx_enclave")
    put(tmp_path, "dev/sgx_provision")
    put(tmp_path, "proc/sys/kernel/osrelease", "6.1.0-18-amd64\n")
    assert [level for level, _ in found(machine(tmp_path), "sgx")] == [Level.OK, Level.OK]
    assert found(machine(tmp_path), "kernel") == [(Level.OK, "Linux 6.1.0-18-amd64")]
    assert found(machine(tmp_path), "aesm")[0][0] is Level.WARNING


@pytest.mark.skipif(os.geteuid() == 0, reason="root may use every device")
def test_a_device_that_this_user_may_not_use(tmp_path: Path) -> None:
    put(tmp_path, "dev/sgx_enclave", mode=0)
    assert found(machine(tmp_path), "sgx")[0][0] is Level.PROBLEM


def test_sgx_that_the_firmware_hides(tmp_path: Path) -> None:
    put(tmp_path, "proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu sgx sgx_lc\n")
    ((level, what),) = found(machine(tmp_path), "sgx")
    assert level is Level.PROBLEM
    assert "the processor has SGX" in what


def test_a_driver_of_old(tmp_path: Path) -> None:
    put(tmp_path, "dev/isgx")
    put(tmp_path, "proc/sys/kernel/osrelease", "5.4.0\n")
    assert found(machine(tmp_path), "sgx")[0][0] is Level.WARNING
    assert found(machine(tmp_path), "kernel")[0][0] is Level.WARNING


def test_a_trust_domain(tmp_path: Path) -> None:
    put(tmp_path, "dev/tdx_guest")
    assert found(machine(tmp_path), "tdx")[0][0] is Level.PROBLEM
    (tmp_path / "sys/kernel/config/tsm/report").mkdir(parents=True)
    assert found(machine(tmp_path), "tdx")[0][0] is Level.OK


def test_aesm_that_has_died(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # paths of sockets are short
    (tmp_path / "var/run/aesmd").mkdir(parents=True)
    here = machine(Path())
    with socket.socket(socket.AF_UNIX) as service:
        service.bind("var/run/aesmd/aesm.socket")
        service.listen()
        assert found(here, "aesm") == [(Level.OK, "AESM answers")]
    assert found(here, "aesm")[0][0] is Level.PROBLEM


def test_sources_of_collateral(tmp_path: Path) -> None:
    here = machine(tmp_path, {"RINGTAW_COLLATERAL": "nowhere.json"})
    assert found(here, "collateral")[0][0] is Level.PROBLEM
    put(tmp_path, "etc/sgx_default_qcnl.conf", '{\n  "pccs_url": "http://127.0.0.1:1/sgx/"\n}')
    ((level, what),) = found(machine(tmp_path), "collateral")
    assert level is Level.PROBLEM
    assert "127.0.0.1:1, named by /etc/sgx_default_qcnl.conf, cannot be reached" in what
    with socket.create_server(("127.0.0.1", 0)) as service:
        url = f"https://127.0.0.1:{service.getsockname()[1]}"
        (reached, _) = found(machine(tmp_path), "collateral", url)
    assert reached[0] is Level.OK
    assert found(machine(tmp_path), "collateral", "https://:x")[0][0] is Level.PROBLEM


@pytest.mark.parametrize(
    "location", ["https://[::1", f"https://{'a' * 90}:1", "x" * 5000, "https://\x1b[2J:1"]
)
def test_a_source_of_collateral_can_be_anything(tmp_path: Path, location: str) -> None:
    here = machine(tmp_path, {"RINGTAW_COLLATERAL": location})
    assert [level for level, _ in found(here, "collateral")] == [Level.PROBLEM]


def test_what_cannot_be_looked_up_is_not_there(tmp_path: Path) -> None:
    assert not machine(tmp_path).is_there("x" * 5000)
    roots = machine(tmp_path, {"RINGTAW_TRUSTED_ROOTS": "x" * 5000})
    assert [level for level, _ in found(roots, "settings")] == [Level.PROBLEM]


def test_liboses_and_their_versions(tmp_path: Path) -> None:
    put(tmp_path, "bin/gramine-sgx", "#!/bin/sh\necho Gramine 1.9 '(0d1a4b7)'\n", 0o755)
    put(tmp_path, "bin/ego", "#!/bin/sh\nexit 1\n", 0o755)
    liboses = [what for _, what in found(machine(tmp_path), "libos")]
    assert liboses[0].startswith("gramine 1.9: ")
    assert liboses[1].startswith("ego of an unknown version: ")


@pytest.mark.parametrize(
    ("environ", "level", "part"),
    [
        ({"EDG_COORDINATOR_MESH_ADDR": "nonsense"}, Level.PROBLEM, "EDG_COORDINATOR_MESH_ADDR"),
        ({"EDG_COORDINATOR_MESH_ADRR": ":1"}, Level.WARNING, "EDG_COORDINATOR_MESH_ADRR"),
        ({"EDG_MARBLE_DNS_NAMES": "a"}, Level.PROBLEM, "EDG_MARBLE_TYPE"),
        ({"OE_SIMULATION": "1"}, Level.WARNING, "no evidence is checked"),
        ({"RINGTAW_TRUSTED_ROOTS": "gone.pem"}, Level.PROBLEM, "gone.pem"),
    ],
)
def test_settings(tmp_path: Path, environ: dict[str, str], level: Level, part: str) -> None:
    findings = found(machine(tmp_path, environ), "settings")
    assert any(each is level and part in what for each, what in findings), findings


def test_settings_that_contradict_each_other(tmp_path: Path) -> None:
    put(tmp_path, "roots.pem")
    environ = {"OE_SIMULATION": "1", "RINGTAW_TRUSTED_ROOTS": "roots.pem"}
    findings = found(machine(tmp_path, environ), "settings")
    assert [level for level, _ in findings] == [Level.WARNING, Level.PROBLEM]


@pytest.mark.parametrize(
    ("mode", "level"), [(0o700, Level.OK), (0o750, Level.WARNING), (0o777, Level.PROBLEM)]
)
def test_rights_to_the_state(tmp_path: Path, mode: int, level: Level) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state").chmod(mode)
    here = machine(tmp_path, {"EDG_COORDINATOR_SEAL_DIR": "state"})
    assert [each for each, _ in found(here, "state")] == [level]


def test_adapters_that_conflict_are_a_problem(kiosk: Workplace) -> None:
    kiosk.install("broken", "raise SystemExit(7)")
    done = kiosk.run("doctor", "--offline", "--format", "json")
    document = json.loads(done.stdout)
    Draft202012Validator(cli_schema("doctor")).validate(document)
    findings = [Finding(**each) for each in document["findings"]]
    assert done.returncode == 1
    assert any(each.area == "plugin" and each.level == "problem" for each in findings)


def test_the_installed_program(place: Workplace) -> None:
    done = place.run("doctor", "--offline")
    assert done.returncode in (0, 1)
    assert "python     CPython" in done.stdout
    assert re.fullmatch(
        r"(1 problem|\d+ problems), (1 warning|\d+ warnings)", done.stdout.splitlines()[-1]
    )
