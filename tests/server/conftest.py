"""A simulated Coordinator and a Marble's TLS, shared by the tests of the servers."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.coordinator_simulator import CoordinatorSimulator
from tests.support.identities import Certified, self_signed


@pytest.fixture
def coordinator() -> Iterator[CoordinatorSimulator]:
    with CoordinatorSimulator() as simulator:
        yield simulator


@pytest.fixture(scope="session")
def marble() -> Certified:
    return self_signed()


@pytest.fixture(scope="session")
def marble_context(marble: Certified, tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    return marble.client_context(Path(tmp_path_factory.mktemp("marble")))
