"""Fixtures: the libOS stand-ins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.standins.libos import (
    COMPILER,
    WITHOUT_COMPILER,
    GramineDevice,
    OcclumDevice,
    build_shim,
    gramine_device,
    occlum_device,
)


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
