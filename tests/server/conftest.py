"""A simulated Coordinator and a Marble's TLS, shared by the tests of the servers."""

from __future__ import annotations

import resource
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from ringtaw_testkit.identities import Certified, marble_root, self_signed
from ringtaw_testkit.simulator import CoordinatorSimulator

from tests.support.facade import ScriptedFacade, serving


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


@pytest.fixture(scope="session")
def root() -> Certified:
    return marble_root("MarbleRun Coordinator")


@pytest.fixture
def facade() -> ScriptedFacade:
    return ScriptedFacade()


@pytest.fixture
async def port(facade: ScriptedFacade, root: Certified) -> AsyncIterator[int]:
    async with serving(facade, root) as port:
        yield port


@pytest.fixture
def many_files() -> Iterator[None]:
    """Allow so many open files that a thousand connections fit into one process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 4096:
        pytest.skip(f"needs 4096 open files, the limit is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4096), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
