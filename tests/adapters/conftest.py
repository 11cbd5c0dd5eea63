"""Fixtures: the libOS stand-ins, and processes that run in them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

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

ROOT = Path(__file__).parents[2]
Answer = dict[str, object]
CallHook = Callable[..., Answer]


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


class Device(Protocol):
    """A stand-in of either libOS."""

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]: ...


@pytest.fixture
def call_hook() -> CallHook:
    """Return a function that calls an adapter's hook in a process of its own."""

    def call(
        adapter: str, hook: str, argument: str = "", *, device: Device | None = None
    ) -> Answer:
        environ = device.environment() if device else dict(os.environ)
        command = [sys.executable, "-m", "tests.standins.call_hook", adapter, hook, argument]
        ran = subprocess.run(command, env=environ, cwd=ROOT, check=True, stdout=subprocess.PIPE)
        answer: Answer = json.loads(ran.stdout)
        return answer

    return call
