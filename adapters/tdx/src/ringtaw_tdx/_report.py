"""One report entry in the kernel's configfs: the request goes in, the quote comes out.

Creating a directory creates the entry with its attributes, removing it ends it. Source: Linux,
Documentation/ABI/testing/configfs-tsm-report; drivers/virt/coco/guest/report.c.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Final

MAX_OUTBLOB: Final = 32768
"""Bytes of a report that are read: TSM_REPORT_OUTBLOB_MAX of Linux 6.7."""
_MAX_TEXT: Final = 256


class Report:
    """An entry of one's own below ``directory``, for as long as the ``with`` block runs.

    All calls raise OSError, with the path in question as its filename.
    """

    def __init__(self, directory: str) -> None:
        self._path = f"{directory}/ringtaw-{os.urandom(8).hex()}"

    def __enter__(self) -> Report:
        os.mkdir(self._path, 0o700)
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # what went wrong before says more
            os.rmdir(self._path)

    def provider(self) -> str:
        """Return the name of the driver that makes reports here, for example ``tdx_guest``."""
        return self._text("provider")

    def generation(self) -> int:
        """Return how often the entry was written to, by whomever."""
        text = self._text("generation")
        return int(text) if text.isdecimal() else -1

    def request(self, data: bytes) -> None:
        """Say what the next report is over.

        The kernel takes it when the file is closed and then tells nobody whether it did: only the
        generation shows.
        """
        path = f"{self._path}/inblob"
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(descriptor, data)
        except OSError as error:
            error.filename = path
            raise
        finally:
            os.close(descriptor)

    def outblob(self) -> bytes:
        """Return the report, which is made while it is read; at most :data:`MAX_OUTBLOB` bytes."""
        return _read(f"{self._path}/outblob", MAX_OUTBLOB)

    def _text(self, attribute: str) -> str:
        return _read(f"{self._path}/{attribute}", _MAX_TEXT).decode("ascii", "replace").strip()


def _read(path: str, limit: int) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        content = b""
        while chunk := os.read(descriptor, limit - len(content)):
            content += chunk
        return content
    except OSError as error:
        error.filename = path
        raise
    finally:
        os.close(descriptor)
