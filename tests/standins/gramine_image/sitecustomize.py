"""Makes quotes inside Gramine where a host directory is mounted over /dev/attestation.

Python imports this module at its start if it lies in PYTHONPATH. As on SGX, a quote is made when
its file is opened, over the report data written last.
"""

from __future__ import annotations

import os
import sys

from quotes import unsigned_quote  # type: ignore[import-not-found]  # copied beside this module

DEVICE = "/dev/attestation"


def make_quote(event: str, arguments: tuple[object, ...]) -> None:
    """Act on the audit event that precedes every opening of a file."""
    if event == "open" and arguments[0] == f"{DEVICE}/quote" and arguments[1] is None:
        report_data = read(f"{DEVICE}/user_report_data")
        descriptor = os.open(f"{DEVICE}/./quote", os.O_WRONLY | os.O_TRUNC)
        os.write(descriptor, unsigned_quote(report_data))
        os.close(descriptor)


def read(path: str) -> bytes:
    """Return the file's content."""
    with open(path, "rb") as file:
        return file.read()


sys.addaudithook(make_quote)
