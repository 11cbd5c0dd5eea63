"""The demo's Coordinator: a real one, in a process of its own, and a client for it."""

from __future__ import annotations

import base64
import http.client
import json
import os
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

START_SECONDS = 30


@contextmanager
def running_coordinator(
    directory: Path, arguments: Sequence[str], settings: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Run a Coordinator; yields the addresses of mesh API and client API."""
    environ = {
        **os.environ,
        "EDG_COORDINATOR_MESH_ADDR": "127.0.0.1:0",
        "EDG_COORDINATOR_CLIENT_ADDR": "127.0.0.1:0",
        "EDG_COORDINATOR_SEAL_DIR": str(directory),
        "EDG_LOG_FORMAT": "json",
        **settings,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "ringtaw_coordinator", *arguments],
        env=environ,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        addresses = _read_addresses(process)
        drain = threading.Thread(target=_drain, args=(process,), daemon=True)
        drain.start()
        yield addresses
    finally:
        process.terminate()
        process.wait(timeout=10)


def _read_addresses(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Wait for the log line that names the actual ports."""
    assert process.stderr is not None  # noqa: S101 - asked for above
    seen = []
    deadline = time.monotonic() + START_SECONDS
    for line in process.stderr:
        seen.append(line)
        event = _parse(line)
        if "mesh_address" in event:
            return event["mesh_address"], event["client_address"]
        if time.monotonic() > deadline:
            break
    raise SystemExit("the Coordinator did not start:\n" + "".join(seen))


def _parse(line: str) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}


def _drain(process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None  # noqa: S101 - asked for above
    for _ in process.stderr:
        pass


class Client:
    """The few calls of the client API that the demo needs.

    Until :meth:`trust` is called anybody may answer; afterwards only who has the Coordinator's key.
    """

    root = ""
    """The Coordinator's root certificate (PEM), once it is trusted."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(f"//{address}")
        self._host, self._port = parts.hostname or "", parts.port or 0
        self._tls = ssl.create_default_context()
        self._tls.check_hostname = False
        self._tls.verify_mode = ssl.CERT_NONE

    def quote(self, nonce: bytes) -> dict[str, Any]:
        """Return the Coordinator's certificates and its quote over root certificate and nonce."""
        return self.get(f"/api/v2/quote?nonce={base64.urlsafe_b64encode(nonce).decode()}")

    def trust(self, root: str) -> None:
        """Accept no other certificate from now on."""
        self.root = root
        self._tls = ssl.create_default_context(cadata=root)

    def get(self, path: str) -> dict[str, Any]:
        """GET; returns the answer's data."""
        return self._call("GET", path, None)

    def set_manifest(self, manifest: bytes) -> dict[str, Any]:
        """POST the manifest; returns the answer's data."""
        body = json.dumps({"manifest": base64.b64encode(manifest).decode()})
        return self._call("POST", "/api/v2/manifest", body)

    def _call(self, method: str, path: str, body: str | None) -> dict[str, Any]:
        connection = http.client.HTTPSConnection(
            self._host, self._port, context=self._tls, timeout=30
        )
        try:
            connection.request(method, path, body)
            answer = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        if answer["status"] != "success":
            raise SystemExit(f"{method} {path}: {answer.get('message')}")
        data = answer["data"]
        assert isinstance(data, dict)  # noqa: S101 - as the API promises
        return data
