"""A make-believe platform: a daemon on a UNIX socket that makes quotes and keys.

It is to an adapter what a libOS's device or a host's quoting daemon is, and rests on a software
TEE, so that its evidence is real in everything but hardware. **It protects nothing.**

One request per connection: a letter and what it is about, ended by shutting the writing side down.
``Q`` and 64 bytes of report data gives a quote, ``K`` and ``product`` or ``measurement`` a sealing
key; the answer ends with the connection, and an empty one is a refusal::

    with MakeBelievePlatform(directory) as platform:
        ...  # a process that knows platform.socket
        assert platform.report_data(quote) == expected
"""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from ringtaw_attestation import CollateralFiles, VerificationContext, Verifiers
from ringtaw_attestation.softtee import (
    Enclave,
    SealingBinding,
    open_software_tee,
    write_software_collateral,
)

REPORT_DATA_SIZE: Final = 64
_MAX_REQUEST: Final = 128
_PATIENCE: Final = 10.0


class MakeBelievePlatform:
    """Serves quotes and keys of one enclave, for as long as the ``with`` block runs.

    ``enclave`` is what runs on it; ``requests`` are the report data of all quotes asked for.
    """

    def __init__(self, directory: Path, enclave: Enclave | None = None) -> None:
        self.enclave = enclave or Enclave()
        self.requests: list[bytes] = []
        self._tee = open_software_tee(directory)
        self._collateral = write_software_collateral(self._tee, directory, datetime.now(UTC))
        self._make_quote: Callable[[bytes], bytes] = self.quote
        # The path of a UNIX socket has 107 bytes at most: not below a test's own directory.
        self._directory = tempfile.mkdtemp(prefix="platform-")
        self.socket = Path(self._directory, "quotes")
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def quote(self, report_data: bytes) -> bytes:
        """Return a genuine quote."""
        return self._tee.sgx_quote(self.enclave, report_data)

    def report_data(self, quote: bytes) -> bytes:
        """Verify a quote as a Coordinator does and return what it is over.

        Raises:
            AttestationError: It is not genuine.
        """
        context = VerificationContext((self._tee.root,), CollateralFiles(self._collateral))
        return Verifiers.installed().verify(quote, context).report_data

    @contextmanager
    def replaying(self) -> Iterator[None]:
        """Attack: give a genuine quote over other report data than what is asked for."""
        old = self.quote(b"another time".ljust(REPORT_DATA_SIZE, b"\0"))
        self._make_quote = lambda _: old
        try:
            yield
        finally:
            self._make_quote = self.quote

    def __enter__(self) -> Self:
        self._server.bind(str(self.socket))
        self._server.listen()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self._thread.join(_PATIENCE)
        self._server.close()
        shutil.rmtree(self._directory)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                connection.settimeout(_PATIENCE)
                connection.sendall(self._answer(_received(connection)))

    def _answer(self, request: bytes) -> bytes:
        kind, what = request[:1], request[1:]
        if kind == b"Q" and len(what) == REPORT_DATA_SIZE:
            self.requests.append(what)
            return self._make_quote(what)
        bindings = {binding.value.encode(): binding for binding in SealingBinding}
        if kind == b"K" and what in bindings:
            return self._tee.sealing_key(self.enclave, bindings[what])
        return b""


def _received(connection: socket.socket) -> bytes:
    request = b""
    while len(request) <= _MAX_REQUEST and (part := connection.recv(_MAX_REQUEST)):
        request += part
    return request
