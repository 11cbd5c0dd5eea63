"""Fixtures: the stand-ins of platforms, a Coordinator, an application."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ringtaw_attestation.softtee import SoftwareTee, TrustDomain
from ringtaw_testkit.simulator import CoordinatorSimulator

from tests.standins.libos import (
    COMPILER,
    WITHOUT_COMPILER,
    GramineDevice,
    OcclumDevice,
    build_shim,
    gramine_device,
    occlum_device,
)
from tests.standins.tdx import TdxGuest, tdx_guest


@pytest.fixture(scope="session")
def libos_shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if COMPILER is None:
        pytest.skip(WITHOUT_COMPILER)
    return build_shim(tmp_path_factory.mktemp("shim"))


@pytest.fixture
def gramine(libos_shim: Path, tmp_path: Path) -> Iterator[GramineDevice]:
    state = tmp_path / "attestation"
    state.mkdir()
    with gramine_device(libos_shim, state, keys=("default", "db")) as device:
        yield device


@pytest.fixture
def gramine_direct(libos_shim: Path, tmp_path: Path) -> Iterator[GramineDevice]:
    state = tmp_path / "attestation"
    state.mkdir()
    with gramine_device(libos_shim, state, attestation=None) as device:
        yield device


@pytest.fixture
def occlum(libos_shim: Path) -> Iterator[OcclumDevice]:
    with occlum_device(libos_shim) as device:
        yield device


@pytest.fixture
def tee() -> SoftwareTee:
    return SoftwareTee(bytes(range(32)))


@pytest.fixture
def tdx(libos_shim: Path, tmp_path: Path, tee: SoftwareTee) -> Iterator[TdxGuest]:
    state = tmp_path / "configfs"
    state.mkdir()
    with tdx_guest(libos_shim, state, tee, TrustDomain()) as guest:
        yield guest


@pytest.fixture
def coordinator() -> Iterator[CoordinatorSimulator]:
    with CoordinatorSimulator() as simulator:
        yield simulator


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Tells what it was given, and that it was started."""
    path = tmp_path / "app"
    path.write_text(
        f'''#!/bin/sh
touch "{tmp_path}/started"
echo "$GREETING $@"
cat "{tmp_path}/deep/secret"
exit 42
'''
    )
    path.chmod(0o755)
    return path
