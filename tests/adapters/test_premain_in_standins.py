"""The whole premain in a stand-in of each libOS, against a Coordinator's mesh server."""

from __future__ import annotations

import errno
import hashlib
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from ringtaw_coordinator.core.api import MarbleParameters
from ringtaw_testkit.simulator import CoordinatorSimulator

from tests.standins.libos import Device, GramineDevice, OcclumDevice
from tests.standins.premain_process import run_premain
from tests.standins.quotes import unsigned_quote
from tests.standins.tdx import TdxGuest

KEY = bytes(range(200, 216))
KEY_FILE = "/dev/attestation/keys/default"


def parameters(
    tmp_path: Path,
    argv: tuple[str, ...],
    files: Mapping[str, bytes] | None = None,
    env: Mapping[str, bytes] | None = None,
) -> MarbleParameters:
    secret = {str(tmp_path / "deep/secret"): b"the secret"}
    return MarbleParameters(
        {**secret, **(files or {})}, {"GREETING": b"hello", **(env or {})}, argv
    )


def premain(
    device: Device,
    coordinator: CoordinatorSimulator,
    *arguments: str,
    argv0: str = sys.executable,
) -> subprocess.CompletedProcess[str]:
    directory = device.provider.path.parent
    return run_premain(device.environment(), coordinator, directory, *arguments, argv0=argv0)


def bound_quote(coordinator: CoordinatorSimulator) -> bytes:
    """Return the quote that belongs to the connection the Marble used."""
    digest = hashlib.sha256(coordinator.requests[-1].peer_certificate).digest()
    return unsigned_quote(digest + bytes(32))


def assert_nothing_started(
    ran: subprocess.CompletedProcess[str], tmp_path: Path, code: int = 125
) -> None:
    assert ran.returncode == code, ran.stderr
    assert not (tmp_path / "started").exists()
    assert not (tmp_path / "deep").exists()
    assert "the secret" not in ran.stderr
    assert ran.stderr.splitlines()[-1].startswith("[PreMain] Error: ")


def test_gramine_with_the_program_after_the_dashes(
    gramine: GramineDevice, coordinator: CoordinatorSimulator, program: Path, tmp_path: Path
) -> None:
    coordinator.admit(parameters(tmp_path, ("named", "a", "b c"), {KEY_FILE: KEY}))
    ran = premain(gramine, coordinator, "--", str(program))
    assert (ran.returncode, ran.stdout) == (42, "hello a b c\nthe secret"), ran.stderr
    assert coordinator.requests[0].quote == bound_quote(coordinator)
    assert gramine.key("default") == KEY
    assert gramine.key("db") == b""


def test_gramine_with_the_program_first(
    gramine: GramineDevice, coordinator: CoordinatorSimulator, program: Path, tmp_path: Path
) -> None:
    coordinator.admit(parameters(tmp_path, ("named", "x")))
    ran = premain(gramine, coordinator, argv0=str(program))
    assert (ran.returncode, ran.stdout) == (42, "hello x\nthe secret"), ran.stderr


def test_gramine_without_a_quote(
    gramine: GramineDevice, coordinator: CoordinatorSimulator, program: Path, tmp_path: Path
) -> None:
    def refuse(_: bytes) -> bytes:
        raise OSError(errno.EIO, "no certificate")

    gramine.provider.make_quote = refuse
    coordinator.admit(parameters(tmp_path, ("named",)))
    ran = premain(gramine, coordinator, "--", str(program))
    assert_nothing_started(ran, tmp_path)
    assert "adapter(gramine): Gramine made no quote" in ran.stderr
    assert coordinator.requests == []


def test_gramine_with_a_key_of_the_wrong_size(
    gramine: GramineDevice, coordinator: CoordinatorSimulator, program: Path, tmp_path: Path
) -> None:
    files = {KEY_FILE: KEY, "/dev/attestation/keys/db": b"short"}
    coordinator.admit(parameters(tmp_path, ("named",), files))
    ran = premain(gramine, coordinator, "--", str(program))
    assert_nothing_started(ran, tmp_path)
    assert "keys/db takes exactly 16 bytes, the manifest gives 5" in ran.stderr
    assert gramine.key("default") == b""


def test_gramine_without_a_program(
    gramine: GramineDevice, coordinator: CoordinatorSimulator, tmp_path: Path
) -> None:
    coordinator.admit(parameters(tmp_path, ("named",)))
    ran = premain(gramine, coordinator)
    assert_nothing_started(ran, tmp_path)
    assert "loader.argv names no application" in ran.stderr


def test_gramine_with_a_missing_program(
    gramine: GramineDevice, coordinator: CoordinatorSimulator, tmp_path: Path
) -> None:
    coordinator.admit(parameters(tmp_path, ("named",)))
    ran = premain(gramine, coordinator, "--", str(tmp_path / "absent"))
    assert_nothing_started(ran, tmp_path, code=127)


def test_occlum(
    occlum: OcclumDevice, coordinator: CoordinatorSimulator, program: Path, tmp_path: Path
) -> None:
    coordinator.admit(parameters(tmp_path, (str(program), "a", "b c")))
    ran = premain(occlum, coordinator)
    assert (ran.returncode, ran.stdout) == (42, "hello a b c\nthe secret"), ran.stderr
    assert coordinator.requests[0].quote == bound_quote(coordinator)


def test_occlum_without_a_quote(
    occlum: OcclumDevice, coordinator: CoordinatorSimulator, program: Path, tmp_path: Path
) -> None:
    def not_ready() -> int:
        raise OSError(errno.EIO, "not ready")

    occlum.provider.announce = not_ready
    coordinator.admit(parameters(tmp_path, (str(program),)))
    ran = premain(occlum, coordinator)
    assert_nothing_started(ran, tmp_path)
    assert "DCAP is not ready" in ran.stderr
    assert coordinator.requests == []


def test_occlum_with_a_program_that_is_not_executable(
    occlum: OcclumDevice, coordinator: CoordinatorSimulator, program: Path, tmp_path: Path
) -> None:
    program.chmod(0o644)
    coordinator.admit(parameters(tmp_path, (str(program),)))
    assert_nothing_started(premain(occlum, coordinator), tmp_path, code=126)


def test_occlum_with_arguments_of_the_host(
    occlum: OcclumDevice, coordinator: CoordinatorSimulator, program: Path, tmp_path: Path
) -> None:
    coordinator.admit(parameters(tmp_path, (str(program),)))
    ran = premain(occlum, coordinator, "--", "/bin/sh")
    assert_nothing_started(ran, tmp_path)
    assert "Argv alone" in ran.stderr


def test_tdx(
    tdx: TdxGuest, coordinator: CoordinatorSimulator, program: Path, tmp_path: Path
) -> None:
    coordinator.admit(parameters(tmp_path, ("named", "a", "b c")))
    ran = premain(tdx, coordinator, "--", str(program))
    assert (ran.returncode, ran.stdout) == (42, "hello a b c\nthe secret"), ran.stderr
    assert tdx.entries == []


def test_tdx_without_a_quote(
    tdx: TdxGuest, coordinator: CoordinatorSimulator, program: Path, tmp_path: Path
) -> None:
    tdx.provider.make_quote = lambda _: b""
    coordinator.admit(parameters(tmp_path, ("named",)))
    ran = premain(tdx, coordinator, "--", str(program))
    assert_nothing_started(ran, tmp_path)
    assert "adapter(tdx): the host gave an empty quote" in ran.stderr
    assert coordinator.requests == []
    assert tdx.entries == []


@pytest.mark.parametrize("name", ["gramine", "occlum", "tdx"])
def test_a_ttls_policy_that_nothing_enforces(
    name: str,
    coordinator: CoordinatorSimulator,
    program: Path,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    device = request.getfixturevalue(name)
    policy = b'{"tls": {"Outgoing": {}, "Incoming": {"*:80": {"cacrt": "", "clientAuth": true}}}}'
    env = {"MARBLE_TTLS_CONFIG": policy}
    coordinator.admit(parameters(tmp_path, (str(program),), env=env))
    ran = premain(device, coordinator, *([] if name == "occlum" else ["--", str(program)]))
    assert_nothing_started(ran, tmp_path)
    assert "TTLS policy, and nothing in this runtime enforces it" in ran.stderr
