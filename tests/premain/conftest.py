"""Fixtures of the premain's tests."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from ringtaw_testkit.identities import Certified
from ringtaw_testkit.simulator import CoordinatorSimulator

from tests.premain.adapters import AdapterDirectory
from tests.premain.mesh_certificates import Deployment, MeshCertificates, deployment, der
from tests.premain.mesh_peer import Answer, MeshPeer, Script, TlsFront, mesh_peer, scripted_peer

StartPeer = Callable[..., MeshPeer]
StartScript = Callable[..., TlsFront]
Premain = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def coordinator() -> Deployment:
    return deployment()


@pytest.fixture
def start_peer(
    coordinator: Deployment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StartPeer]:
    """Start mesh APIs served by grpcio that end with the test."""
    with ExitStack() as stack:

        def start(answer: Answer, certificates: MeshCertificates | None = None) -> MeshPeer:
            directory = tmp_path_factory.mktemp("peer")
            certificates = certificates or coordinator.presented()
            return stack.enter_context(mesh_peer(certificates, answer, directory))

        yield start


@pytest.fixture
def simulator(coordinator: Deployment) -> Iterator[CoordinatorSimulator]:
    """The production mesh server, presenting the whole chain."""
    root = Certified(coordinator.marble_root, coordinator.intermediate_key)
    chain = (der(coordinator.intermediate), der(coordinator.root))
    with CoordinatorSimulator(root, chain=chain) as simulator:
        yield simulator


@pytest.fixture
def start_script(coordinator: Deployment) -> Iterator[StartScript]:
    """Start mesh APIs that do what a script says."""
    with ExitStack() as stack:

        def start(script: Script, alpn: bytes = b"h2") -> TlsFront:
            return stack.enter_context(scripted_peer(coordinator.presented(), script, alpn))

        yield start


@pytest.fixture
def adapters(tmp_path: Path) -> AdapterDirectory:
    path = tmp_path / f"site_{abs(hash(tmp_path))}"
    path.mkdir()
    return AdapterDirectory(path)


@pytest.fixture
def marble_directory(tmp_path: Path) -> Path:
    """The working directory of the Marble."""
    path = tmp_path / "marble"
    path.mkdir()
    return path


@pytest.fixture
def premain(marble_directory: Path) -> Premain:
    """Run the premain as a process of its own and wait for its, or the application's, end."""

    def run(
        settings: Mapping[str, str], *arguments: str, interpreter_options: tuple[str, ...] = ("-I",)
    ) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *interpreter_options, "-m", "ringtaw_premain", *arguments]
        environment = {"PATH": os.environ["PATH"], "EDG_MARBLE_TYPE": "hello", **settings}
        return subprocess.run(
            command,
            env=environment,
            cwd=marble_directory,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run
