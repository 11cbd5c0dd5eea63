"""The whole premain at a real Coordinator without simulation, on every platform there is."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest
from ringtaw_attestation.softtee import TrustDomain

from tests.standins.libos import (
    COMPILER,
    WITHOUT_COMPILER,
    Device,
    build_shim,
    gramine_device,
    occlum_device,
)
from tests.standins.premain_process import run_premain
from tests.standins.tdx import tdx_guest
from tests.support.attested_mesh import (
    BY_MEASUREMENT,
    DEBUG,
    MARBLE,
    AttestedMesh,
    attested_mesh,
)
from tests.support.coordinator_process import CoordinatorProcess
from tests.support.deployments import manifest

DOMAIN = TrustDomain(rtmrs=(b"\0" * 48, b"\1" * 48, b"\2" * 48, b"\3" * 48))


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AttestedMesh]:
    with attested_mesh(tmp_path_factory.mktemp("mesh")) as mesh:
        mesh.register("guest", DOMAIN)
        yield mesh


@pytest.fixture(scope="module")
def program(mesh: AttestedMesh) -> Path:
    path = mesh.directory / "app"
    path.write_text('#!/bin/sh\necho "$GREETING $@"\nexit 42\n')
    path.chmod(0o755)
    return path


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if COMPILER is None:
        pytest.skip(WITHOUT_COMPILER)
    return build_shim(tmp_path_factory.mktemp("shim"))


def coordinator_for(
    mesh: AttestedMesh, program: Path, package: Mapping[str, object]
) -> Iterator[CoordinatorProcess]:
    parameters = {"Env": {"GREETING": "hello"}, "Argv": [str(program), "a"]}
    marbles = {"frontend": {"Package": "frontend", "Parameters": parameters}}
    with mesh.coordinator(state="tdx" if "TDX" in package else "sgx") as coordinator:
        accepted = coordinator.set_manifest(
            manifest(Packages={"frontend": package}, Marbles=marbles)
        )
        assert accepted["status"] == "success", accepted
        yield coordinator


@pytest.fixture(scope="module")
def for_enclaves(mesh: AttestedMesh, program: Path) -> Iterator[CoordinatorProcess]:
    yield from coordinator_for(mesh, program, BY_MEASUREMENT)


@pytest.fixture(scope="module")
def for_guests(mesh: AttestedMesh, program: Path) -> Iterator[CoordinatorProcess]:
    rtmrs = {f"RTMR{number}": rtmr.hex() for number, rtmr in enumerate(DOMAIN.rtmrs)}
    yield from coordinator_for(mesh, program, {"TDX": {"MRTD": DOMAIN.mr_td.hex(), **rtmrs}})


@pytest.fixture
def device(
    request: pytest.FixtureRequest, mesh: AttestedMesh, shim: Path, tmp_path: Path
) -> Iterator[Device]:
    """The stand-in of a platform; the quotes are of the Marble that the manifest names."""
    state = tmp_path / "device"
    state.mkdir()
    if request.param == "tdx":
        with tdx_guest(shim, state, mesh.tee, DOMAIN) as guest:
            yield guest
        return
    stand_in = gramine_device(shim, state) if request.param == "gramine" else occlum_device(shim)
    with stand_in as libos:
        libos.provider.make_quote = partial(mesh.tee.sgx_quote, MARBLE)
        yield libos


def outcome(
    environ: Mapping[str, str], coordinator: CoordinatorProcess, directory: Path, program: Path
) -> tuple[int, str, str]:
    """Run the premain; return its exit code, the application's output and the log."""
    arguments = [] if environ.get("RINGTAW_STANDIN") == "occlum" else [str(program)]
    ran = run_premain(environ, coordinator, directory, "--", *arguments)
    return ran.returncode, ran.stdout, ran.stderr


@pytest.mark.parametrize("device", ["gramine", "occlum"], indirect=True)
def test_enclave_is_admitted(
    device: Device, for_enclaves: CoordinatorProcess, program: Path, tmp_path: Path
) -> None:
    code, output, log = outcome(device.environment(), for_enclaves, tmp_path, program)
    assert (code, output) == (42, "hello a\n"), log


@pytest.mark.parametrize("device", ["tdx"], indirect=True)
def test_trust_domain_is_admitted_as_one_and_not_as_an_enclave(
    device: Device,
    for_guests: CoordinatorProcess,
    for_enclaves: CoordinatorProcess,
    program: Path,
    tmp_path: Path,
) -> None:
    environ = device.environment()
    code, output, log = outcome(environ, for_guests, tmp_path, program)
    assert (code, output) == (42, "hello a\n"), log
    code, output, log = outcome(environ, for_enclaves, tmp_path, program)
    assert (code, output) == (125, "")
    assert "PERMISSION_DENIED: marble verification failed: /Packages/frontend: " in log


@pytest.mark.parametrize("device", ["gramine", "occlum"], indirect=True)
def test_enclave_of_another_build_starts_nothing(
    mesh: AttestedMesh,
    device: Device,
    for_enclaves: CoordinatorProcess,
    program: Path,
    tmp_path: Path,
) -> None:
    device.provider.make_quote = partial(mesh.tee.sgx_quote, DEBUG)
    code, output, log = outcome(device.environment(), for_enclaves, tmp_path, program)
    assert (code, output) == (125, "")
    assert "/Packages/frontend/Debug: the enclave has Debug True, the package False" in log


def test_adapter_of_the_software_tee(
    mesh: AttestedMesh,
    for_enclaves: CoordinatorProcess,
    for_guests: CoordinatorProcess,
    program: Path,
    tmp_path: Path,
) -> None:
    for enclave, coordinator, admitted in (
        ("frontend", for_enclaves, True),
        ("debug", for_enclaves, False),
        ("guest", for_guests, True),
        ("frontend", for_guests, False),
    ):
        environ = {**os.environ, **mesh.settings(enclave)}
        code, output, log = outcome(environ, coordinator, tmp_path, program)
        assert (code, output) == ((42, "hello a\n") if admitted else (125, "")), log
        assert "the evidence is a software TEE's" in log
        assert ("PERMISSION_DENIED: marble verification failed: /Packages/" in log) != admitted


def test_marble_in_simulation_is_told_why_it_is_refused(
    for_enclaves: CoordinatorProcess, program: Path, tmp_path: Path
) -> None:
    environ = {**os.environ, "RINGTAW_ADAPTER": "simulation"}
    code, output, log = outcome(environ, for_enclaves, tmp_path, program)
    assert (code, output) == (125, "")
    assert "PERMISSION_DENIED: marble verification failed: quote-format: the Marble sent no" in log
