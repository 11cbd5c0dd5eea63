"""The Coordinator as users run it: a process of its own, with nothing in its environment.

with coordinator_process(tmp_path / "state") as coordinator:
    coordinator.set_manifest(raw)
    coordinator.activate("frontend").environment
"""

from __future__ import annotations

import base64
import http.client
import json
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from ringtaw_premain._protobuf import ActivationRequest, Parameters
from ringtaw_premain.activation import activate
from ringtaw_premain.identity import create_identity
from ringtaw_premain.log import Log
from ringtaw_premain.settings import read_settings

from tests.support.described import check_described

COMMAND = (sys.executable, "-m", "ringtaw_coordinator")
PATIENCE = 30.0


class CoordinatorProcess:
    """A Coordinator that serves on the loopback interface."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.output: list[str] = []
        self._serving = threading.Event()
        self._addresses: dict[str, str] = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.output.append(line)
            event = json.loads(line) if line.startswith("{") else {}
            if event.get("event") == "serving":
                self._addresses = event
                self._serving.set()
        self._serving.set()

    def wait_until_serving(self) -> None:
        """Return when both ports are open."""
        assert self._serving.wait(PATIENCE), self.output
        assert self._addresses, "".join(self.output)

    @property
    def mesh_address(self) -> str:
        """Where Marbles are served."""
        return self._addresses["mesh_address"]

    @property
    def address(self) -> str:
        """The same, as the Coordinator simulator calls it."""
        return self.mesh_address

    @property
    def client_address(self) -> tuple[str, int]:
        """Where operators are served."""
        host, _, port = self._addresses["client_address"].rpartition(":")
        return host, int(port)

    @property
    def events(self) -> list[str]:
        """What was logged, without the values."""
        return [json.loads(line)["event"] for line in self.output if line.startswith("{")]

    def wait_for(self, event: str) -> None:
        """Return when this was logged."""
        deadline = time.monotonic() + PATIENCE
        while event not in self.events:
            assert time.monotonic() < deadline, "".join(self.output)
            time.sleep(0.01)

    def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Call the client API; return the whole answer, which is as the description says."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(
            *self.client_address, timeout=PATIENCE, context=context
        )
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            response = connection.getresponse()
            answer = json.loads(response.read())
        finally:
            connection.close()
        check_described(method, path, response.status, answer)
        assert isinstance(answer, dict)
        return answer

    def set_manifest(self, raw: bytes) -> dict[str, Any]:
        """Set a manifest; return the answer, good or bad."""
        encoded = base64.b64encode(raw).decode()
        return self.call("POST", "/api/v2/manifest", {"manifest": encoded})

    def activate(
        self,
        marble_type: str,
        uuid: str = "",
        *,
        attest: Callable[[bytes], bytes] = lambda certificate: b"",
        patience: float = 20.0,
    ) -> Parameters:
        """Activate a Marble; ``attest`` makes its quote for its TLS certificate."""
        settings = read_settings(
            {
                "EDG_MARBLE_TYPE": marble_type,
                "EDG_MARBLE_COORDINATOR_ADDR": self.mesh_address,
                "RINGTAW_ACTIVATION_TIMEOUT": str(patience),
            }
        )
        identity = create_identity(settings.names)
        quote = attest(identity.certificate)
        request = ActivationRequest(quote, identity.request, marble_type, uuid or str(uuid4()))
        return activate(settings, identity, request, Log(json=False))

    def end(self, number: int = signal.SIGTERM) -> float:
        """Send a signal, wait for the end, and return the seconds it took."""
        begin = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(PATIENCE)
        seconds = time.monotonic() - begin
        self._reader.join(PATIENCE)
        return seconds


def environment(directory: Path, settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return all that a Coordinator on free ports finds in its environment."""
    return {
        "EDG_COORDINATOR_MESH_ADDR": "127.0.0.1:0",
        "EDG_COORDINATOR_CLIENT_ADDR": "127.0.0.1:0",
        "EDG_COORDINATOR_SEAL_DIR": str(directory),
        "EDG_LOG_FORMAT": "json",
        **(settings or {}),
    }


@contextmanager
def coordinator_process(
    directory: Path, settings: Mapping[str, str] | None = None, *, simulation: bool = True
) -> Iterator[CoordinatorProcess]:
    """Run a Coordinator on the state in ``directory``; kill it in the end if it still lives."""
    environ = environment(directory, settings)
    command = [*COMMAND, "--simulation"] if simulation else [*COMMAND]
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as process:
        try:
            coordinator = CoordinatorProcess(process)
            coordinator.wait_until_serving()
            yield coordinator
        finally:
            process.kill()
            process.wait()
