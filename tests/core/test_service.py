"""The Coordinator as a process: start, startup manifest, signals, what it says and does not say."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import threading
import time
import tomllib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_pem_private_key,
)
from ringtaw_coordinator import __version__
from ringtaw_coordinator.settings import SETTINGS
from ringtaw_coordinator.state import codec
from ringtaw_coordinator.state.files import FileStore
from ringtaw_coordinator.state.sealed_data import digest, unseal
from ringtaw_coordinator.state.sealed_key import UnprotectedSealer

from tests.support.coordinator_process import (
    COMMAND,
    CoordinatorProcess,
    coordinator_process,
    environment,
)
from tests.support.deployments import RecoveryKey, manifest

PROJECT = Path(__file__).parents[2]
MANIFEST = manifest(marble={"MaxActivations": 3})
OTHER = manifest(env={"A": "other"})


def run(*arguments: str, environ: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], env=environ or {}, capture_output=True, text=True, timeout=30
    )


def test_life_of_a_coordinator(tmp_path: Path) -> None:
    with coordinator_process(tmp_path / "state") as coordinator:
        assert coordinator.call("GET", "/api/v2/status")["data"]["code"] == 2
        assert coordinator.set_manifest(MANIFEST)["status"] == "success"
        assert coordinator.activate("frontend").argv == ["./frontend"]
        root = coordinator.call("GET", "/api/v2/quote")["data"]["cert"]
        children = Path(f"/proc/{coordinator.process.pid}/task").glob("*/children")
        assert not "".join(path.read_text() for path in children)
        assert coordinator.end() < 1
        assert coordinator.process.returncode == 0
        assert any(event.startswith("SIMULATION: ") for event in coordinator.events)
    with coordinator_process(tmp_path / "state") as coordinator:
        assert coordinator.call("GET", "/api/v2/status")["data"]["code"] == 3
        assert coordinator.call("GET", "/api/v2/quote")["data"]["cert"] == root
        stored = coordinator.call("GET", "/api/v2/manifest")["data"]
        assert base64.b64decode(stored["manifest"]) == MANIFEST
        assert stored["manifestFingerprint"] == hashlib.sha256(MANIFEST).hexdigest()
        coordinator.activate("frontend")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_within_a_second_in_spite_of_open_connections(
    tmp_path: Path, number: int
) -> None:
    with coordinator_process(tmp_path / "state") as coordinator:
        host, _, port = coordinator.mesh_address.rpartition(":")
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with (
            socket.create_connection((host, int(port))),
            socket.create_connection(coordinator.client_address) as plain,
            context.wrap_socket(plain) as connection,
        ):
            connection.sendall(b"POST /api/v2/manifest HTTP/1.1\r\nContent-Length: 99\r\n")
            assert coordinator.end(number) < 1
        assert coordinator.process.returncode == 0


def test_kill_and_start_on_the_same_ports_at_once(tmp_path: Path) -> None:
    with coordinator_process(tmp_path / "state") as first:
        first.set_manifest(MANIFEST)
        first.activate("frontend")
        host, port = first.client_address
        ports = {
            "EDG_COORDINATOR_MESH_ADDR": first.mesh_address,
            "EDG_COORDINATOR_CLIENT_ADDR": f"{host}:{port}",
        }
        first.end(signal.SIGKILL)
    with coordinator_process(tmp_path / "state", ports) as second:
        assert second.call("GET", "/api/v2/status")["data"]["code"] == 3
        second.activate("frontend")


def test_only_one_coordinator_has_the_state(tmp_path: Path) -> None:
    with coordinator_process(tmp_path / "state") as first:
        second = run("--simulation", environ=environment(tmp_path / "state"))
        assert second.returncode == 1
        assert "another Coordinator is using the directory" in second.stderr
        assert first.call("GET", "/api/v2/status")["data"]["code"] == 2


def test_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        settings = {"EDG_COORDINATOR_CLIENT_ADDR": address}
        ended = run("--simulation", environ=environment(tmp_path / "state", settings))
    assert ended.returncode == 1
    assert f"cannot listen on {address}" in ended.stderr
    assert "Traceback" not in ended.stderr


def startup(path: Path) -> dict[str, str]:
    return {"EDG_STARTUP_MANIFEST": str(path)}


def test_startup_manifest(tmp_path: Path) -> None:
    state, file = tmp_path / "state", tmp_path / "manifest.json"
    file.write_bytes(MANIFEST)
    with coordinator_process(state, startup(file)) as coordinator:
        assert coordinator.call("GET", "/api/v2/status")["data"]["code"] == 3
    with coordinator_process(state, startup(file)) as coordinator:
        assert not [event for event in coordinator.events if "startup" in event]
    file.write_bytes(OTHER)
    with coordinator_process(state, startup(file)) as coordinator:
        assert any("startup manifest is refused" in event for event in coordinator.events)
        stored = coordinator.call("GET", "/api/v2/manifest")["data"]
        assert base64.b64decode(stored["manifest"]) == MANIFEST
    file.unlink()
    with coordinator_process(state, startup(file)) as coordinator:
        assert any("cannot be read" in event for event in coordinator.events)
        assert coordinator.call("GET", "/api/v2/status")["data"]["code"] == 3


def test_startup_manifest_is_not_applied_in_recovery(tmp_path: Path) -> None:
    state, file = tmp_path / "state", tmp_path / "manifest.json"
    file.write_bytes(manifest(RecoveryKeys={"owner": RecoveryKey().public_pem}))
    with coordinator_process(state, startup(file)) as coordinator:
        assert any("recovery keys get no secrets" in event for event in coordinator.events)
        coordinator.end(signal.SIGKILL)
    (state / "sealed_key").unlink()
    before = (state / "sealed_data").read_bytes()
    with coordinator_process(state, startup(file)) as coordinator:
        assert coordinator.call("GET", "/api/v2/status")["data"]["code"] == 1
        assert any("not applied" in event for event in coordinator.events)
    assert (state / "sealed_data").read_bytes() == before


def test_startup_manifest_that_cannot_be_set_ends_it(tmp_path: Path) -> None:
    file = tmp_path / "manifest.json"
    environ = environment(tmp_path / "state", startup(file))
    missing = run("--simulation", environ=environ)
    assert missing.returncode == 2
    assert "EDG_STARTUP_MANIFEST" in missing.stderr
    file.write_text('{"Packages": {}}')
    invalid = run("--simulation", environ=environ)
    assert invalid.returncode == 1
    assert "invalid manifest" in invalid.stderr
    assert "the startup manifest cannot be set" in invalid.stderr
    assert str(file) in invalid.stderr
    file.unlink()
    os.mkfifo(file)
    assert "is no regular file" in run("--simulation", environ=environ).stderr
    for ended in (missing, invalid):
        assert "Traceback" not in ended.stderr


def test_without_simulation_it_refuses_to_start_and_says_why(tmp_path: Path) -> None:
    ended = run(environ=environment(tmp_path / "state"))
    assert ended.returncode == 1
    assert "no platform to attest on" in ended.stderr
    assert "OE_SIMULATION=1" in ended.stderr
    assert not (tmp_path / "state").exists()


def test_simulation_by_environment(tmp_path: Path) -> None:
    environ = environment(tmp_path / "state", {"OE_SIMULATION": "1"})
    with subprocess.Popen(COMMAND, env=environ, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        serving = next(line for line in process.stderr if '"serving"' in line)
        assert "SIMULATION: no evidence is checked" in json.loads(serving)["state"]
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 0


def test_mistakes_in_usage() -> None:
    assert run("--simulate").returncode == 2
    wrong = run(environ={"EDG_COORDINATOR_MESH_ADDR": "nowhere"})
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("ringtaw-coordinator: EDG_COORDINATOR_MESH_ADDR: ")


def test_help_and_version() -> None:
    shown = run("--help")
    assert shown.returncode == 0
    assert all(setting.name in shown.stdout for setting in SETTINGS)
    assert run("--version").stdout == f"ringtaw-coordinator {__version__}\n"
    project = tomllib.loads((PROJECT / "coordinator" / "pyproject.toml").read_text())
    assert project["project"]["version"] == __version__


SECRETS = {
    "shared": {"Type": "symmetric-key", "Size": 256, "Shared": True},
    "private": {"Type": "symmetric-key", "Size": 256},
    "rsa": {"Type": "cert-rsa", "Size": 2048, "Shared": True},
    "ec": {"Type": "cert-ecdsa", "Size": 256},
    "password": {
        "Type": "plain",
        "UserDefined": True,
        "Private": base64.b64encode(b"correct horse battery staple").decode(),
    },
}


def representations(secret: bytes) -> set[bytes]:
    """Return how 12 bytes from the middle of a secret might show in a log.

    Inside a longer base64 text there are three ways to begin.
    """
    middle = len(secret) // 2 - 6
    part = secret[middle : middle + 12]
    shifted = {base64.b64encode(part[shift : shift + 9]) for shift in range(3)}
    return shifted | {part, part.hex().encode(), repr(part)[2:-1].encode()}


def private_number(pem_or_der: bytes) -> bytes:
    """Return what is secret about a key."""
    load = load_pem_private_key if pem_or_der.startswith(b"-") else load_der_private_key
    key = load(pem_or_der, None)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.private_numbers().d.to_bytes(256, "big")
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    size = (key.key_size + 7) // 8
    return key.private_numbers().private_value.to_bytes(size, "big")


def test_representations_are_found_where_they_show() -> None:
    secret = bytes(range(100, 148))
    for text in (secret, secret.hex().encode(), repr(secret).encode()):
        assert any(part in b"x" + text + b"y" for part in representations(secret))
    for before in range(3):
        text = base64.b64encode(bytes(before) + secret + b"tail")
        assert any(part in text for part in representations(secret))


def test_no_secret_is_ever_logged(tmp_path: Path) -> None:
    env = {
        "shared": "{{ hex .Secrets.shared }}",
        "private": "{{ base64 .Secrets.private }}",
        "rsa": "{{ pem .Secrets.rsa.Private }}",
        "ec": "{{ pem .Secrets.ec.Private }}",
        "password": "{{ string .Secrets.password }}",
    }
    owner = RecoveryKey()
    raw = manifest(
        env=env,
        Secrets=SECRETS,
        RecoveryKeys={"owner": owner.public_pem},
        marble={"MaxActivations": 2, "TLS": ["all"]},
        TLS={"all": {"Incoming": [{"Port": "443"}]}},
    )
    output = b""
    received = {}
    for _ in range(2):
        with coordinator_process(tmp_path / "state", {"EDG_DEBUG_LOGGING": "1"}) as coordinator:
            coordinator.set_manifest(raw)
            received = coordinator.activate("frontend").environment
            coordinator.call("GET", "/api/v2/manifest")
            with pytest.raises(Exception, match="refused"):
                coordinator.activate("unknown")
            coordinator.end()
            output += "".join(coordinator.output).encode()
    assert b"Marble activated" in output
    secrets = secrets_of_the_state(tmp_path / "state")
    secrets |= {base64.b64decode(received["private"]), received["password"]}
    for name in ("rsa", "ec", "MARBLE_PREDEFINED_PRIVATE_KEY"):
        secrets.add(private_number(received[name]))
    assert len(secrets) == 10
    for secret in secrets:
        for representation in representations(secret):
            assert representation not in output
    assert all(len(line.encode()) < 65536 for line in output.decode().splitlines())


def secrets_of_the_state(directory: Path) -> set[bytes]:
    store = FileStore(directory)
    stored = store.load()
    store.close()
    assert stored is not None
    data = stored.record.sealed_data
    dek, _ = UnprotectedSealer().unwrap(stored.record.sealed_key, digest(data))
    deployment = codec.decode(unseal(data, dek))
    keys = {deployment.root.private_key, deployment.intermediate.private_key}
    values = {name: secret.private for name, secret in deployment.secrets.items()}
    symmetric = {values["shared"], values["password"], deployment.root_secret, dek}
    return symmetric | {private_number(key) for key in (*keys, values["rsa"])}


def test_signal_ends_it_within_a_second_during_a_long_change(tmp_path: Path) -> None:
    slow = {"Type": "cert-rsa", "Size": 8192, "Shared": True}
    raw = manifest(Secrets={f"slow{number}": slow for number in range(50)})
    with coordinator_process(tmp_path / "state") as coordinator:
        caller = threading.Thread(target=disconnected, args=(coordinator, raw), daemon=True)
        caller.start()
        time.sleep(0.3)
        assert coordinator.end() < 1.5  # this machine is busy making keys
        assert coordinator.process.returncode == 0
        assert "ended during a change, which has not been acknowledged" in coordinator.events
        caller.join(10)
    with coordinator_process(tmp_path / "state") as coordinator:
        assert coordinator.call("GET", "/api/v2/status")["data"]["code"] == 2


def disconnected(coordinator: CoordinatorProcess, raw: bytes) -> None:
    with pytest.raises((OSError, http.client.HTTPException)):
        coordinator.set_manifest(raw)
