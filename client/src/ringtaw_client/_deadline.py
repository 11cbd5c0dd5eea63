"""A moment by which something is over, however it goes on until then."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Deadline:
    """So many seconds from now, by a clock that nobody sets."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def remaining(self, at_most: float) -> float:
        """Return the seconds that are left, but no more than given.

        Raises:
            TimeoutError: None are left.
        """
        seconds = min(self._end - time.monotonic(), at_most)
        if seconds <= 0:
            raise TimeoutError
        return seconds

    @contextmanager
    def cutting(self, connection: socket.socket) -> Iterator[None]:
        """Cut a connection when time is over; what then fails with OSError is a TimeoutError.

        A timeout of the socket is not enough: OpenSSL does not come back from reading while a
        server sends what it passes over, such as HelloRequest (RFC 5246, section 7.4.1.1) and
        KeyUpdate (RFC 8446, section 4.6.3).
        """
        with socket.socket(fileno=os.dup(connection.fileno())) as same:  # TLS takes the first away
            timer = threading.Timer(self.remaining(threading.TIMEOUT_MAX), _cut, (same,))
            timer.daemon = True
            timer.start()
            try:
                yield
            except OSError:
                self.remaining(threading.TIMEOUT_MAX)
                raise
            finally:
                timer.cancel()


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):  # it is closed already
        connection.shutdown(socket.SHUT_RDWR)
