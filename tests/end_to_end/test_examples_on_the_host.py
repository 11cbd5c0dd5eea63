"""The examples for EGo and Occlum, whose libOSes are not here: their programs, with our premain."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.standins.libos import COMPILER, WITHOUT_COMPILER, build_shim, occlum_device
from tests.support.coordinator_process import CoordinatorProcess, coordinator_process
from tests.support.example_runs import Server, premain, running_premain
from tests.support.examples import copy_example, example


@pytest.fixture
def coordinator(tmp_path: Path) -> Iterator[CoordinatorProcess]:
    with coordinator_process(tmp_path / "coordinator") as process:
        yield process


@pytest.mark.skipif(shutil.which("go") is None, reason="go is not on PATH")
def test_ego_service(
    coordinator: CoordinatorProcess, tmp_path: Path, ports: dict[str, str]
) -> None:
    folder = tmp_path / "service"
    copy_example(example("ego-service").folder, folder, ports)
    subprocess.run(["go", "vet", "."], cwd=folder, check=True)
    subprocess.run(["go", "build", "-o", "service", "."], cwd=folder, check=True)
    answer = coordinator.set_manifest((folder / "manifest.json").read_bytes())
    assert answer["status"] == "success", answer
    with running_premain(folder, "server", coordinator) as server:
        server.wait_for("serving on")
        (folder / "visitor").mkdir()
        (folder / "visitor/service").symlink_to("../service")
        asked = premain(folder / "visitor", "visitor", coordinator)
        assert asked.returncode == 0, asked.stderr + server.output
        uuid = (folder / "visitor/uuid").read_text()
        assert asked.stdout == f"Hello from an EGo enclave, Marble {uuid}\n"
        refuse_others(folder, ports["9443"], server)


def refuse_others(folder: Path, port: str, server: Server) -> None:
    """Nobody without a Marble's certificate gets an answer; no Marble talks to anybody else."""
    curl = ["curl", "--insecure", "--silent", "--show-error", f"https://localhost:{port}"]
    if shutil.which("curl"):
        asked = subprocess.run(curl, capture_output=True, text=True, timeout=30)
        assert asked.returncode != 0, asked.stdout
        server.wait_for("client didn't provide a certificate")
    alone = subprocess.run(
        [folder / "service", "ask", f"https://localhost:{port}"], capture_output=True, text=True
    )
    assert alone.returncode == 1
    assert "not started as a Marble" in alone.stderr


@pytest.mark.skipif(COMPILER is None, reason=WITHOUT_COMPILER)
def test_occlum_hello(coordinator: CoordinatorProcess, tmp_path: Path) -> None:
    """The launcher in a stand-in of Occlum; the image's paths become the host's."""
    folder = tmp_path / "hello"
    copy_example(example("occlum-hello").folder, folder, {})
    secrets, program = folder / "secrets", folder / "bin/hello"
    program.parent.mkdir()
    source = (folder / "hello.c").read_text().replace("/secrets/", f"{secrets}/")
    (folder / "hello.c").write_text(source)
    subprocess.run(["cc", "-Wall", "-o", program, "hello.c"], cwd=folder, check=True)
    manifest = (folder / "manifest.json").read_text()
    manifest = manifest.replace("/secrets/", f"{secrets}/").replace("/bin/hello", str(program))
    answer = coordinator.set_manifest(manifest.encode())
    assert answer["status"] == "success", answer

    told = start_launcher(folder, coordinator, build_shim(tmp_path))
    assert "Hello from Occlum, from the manifest\n" in told
    assert "my certificate: -----BEGIN CERTIFICATE-----\n" in told
    assert "my key: 32 bytes in memory\n" in told


def start_launcher(folder: Path, coordinator: CoordinatorProcess, shim: Path) -> str:
    launcher = folder / "ringtaw-premain"
    _, script = launcher.read_text().split("\n", 1)
    launcher.write_text(f"#!{sys.executable}\n{script}")
    launcher.chmod(0o755)
    config = json.loads((folder / "Occlum.json").read_text())
    variables = dict(each.split("=", 1) for each in config["env"]["default"])
    host = {
        "EDG_MARBLE_TYPE": "hello",
        "EDG_MARBLE_COORDINATOR_ADDR": coordinator.mesh_address,
        "EDG_MARBLE_UUID_FILE": str(folder / "uuid"),
    }
    assert host.keys() <= {*config["env"]["untrusted"]}
    with occlum_device(shim) as device:
        ran = subprocess.run(
            [launcher],
            cwd=folder,
            env=device.environment({**variables, **host}),
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
