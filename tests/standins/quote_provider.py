"""The quoting enclave's place: answers the shim over a UNIX socket with quotes a test made.

The messages are described in ``libos_shim/quotes.c``.
"""

from __future__ import annotations

import shutil
import socket
import struct
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final

from tests.standins.quotes import unsigned_quote

_REQUEST_SIZE: Final = 1 + 64
_SIZE_REQUEST: Final = ord("S")


class QuoteProvider:
    """A server in a thread, for as long as the ``with`` block runs.

    ``make_quote`` maps report data to a quote: assign another to lie, to sign, or to raise OSError,
    whose errno the libOS then shows (Occlum) or hides behind EACCES (Gramine). ``announce`` gives
    the size of the buffer that Occlum asks for, and may raise OSError too. ``requests`` are the
    report data of all quotes asked for.
    """

    def __init__(self, make_quote: Callable[[bytes], bytes] = unsigned_quote) -> None:
        self.make_quote = make_quote
        self.announce: Callable[[], int] = lambda: 8000
        self.requests: list[bytes] = []
        # Not below pytest's own directory: the path of a UNIX socket has 107 bytes at most.
        self._directory = tempfile.mkdtemp(prefix="standin-")
        self.path = Path(self._directory, "quotes")
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> QuoteProvider:
        self._server.bind(str(self.path))
        self._server.listen()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self._thread.join()
        self._server.close()
        shutil.rmtree(self._directory)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection:
                request = connection.recv(_REQUEST_SIZE, socket.MSG_WAITALL)
                if len(request) == _REQUEST_SIZE:
                    connection.sendall(self._answer(request[0], request[1:]))

    def _answer(self, kind: int, report_data: bytes) -> bytes:
        try:
            if kind == _SIZE_REQUEST:
                return struct.pack("=II", 0, self.announce())
            self.requests.append(report_data)
            quote = self.make_quote(report_data)
            return struct.pack("=II", 0, len(quote)) + quote
        except OSError as error:
            return struct.pack("=II", error.errno, 0)
