"""The premain's log: lines on standard error, as text or as JSON.

The standard library's logging is not used: it costs as much to load as the rest of the premain's
own code. Text from outside is escaped, so that a peer can neither forge lines nor steer a
terminal.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import Final

STANDARD_ERROR: Final = 2
MAX_MESSAGE: Final = 4096
"""Characters of a message that are kept."""


class Log:
    """Writes one line per message. A line that cannot be written is lost: logging never fails."""

    def __init__(self, *, json: bool) -> None:
        self._format = _json_line if json else _text_line

    def info(self, message: str) -> None:
        """Log what happens."""
        self._write("info", message)

    def warning(self, message: str) -> None:
        """Log what an operator should look at."""
        self._write("warning", message)

    def error(self, message: str) -> None:
        """Log why nothing was started."""
        self._write("error", message)

    def _write(self, level: str, message: str) -> None:
        line = self._format(level, printable(message))
        with suppress(OSError):
            os.write(STANDARD_ERROR, line.encode())


def printable(text: str) -> str:
    """Escape what is not printable and cut the text to :data:`MAX_MESSAGE` characters."""
    if len(text) > MAX_MESSAGE:
        text = f"{text[:MAX_MESSAGE]}… ({len(text) - MAX_MESSAGE} more characters)"
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _text_line(level: str, message: str) -> str:
    label = "" if level == "info" else f"{level.capitalize()}: "
    return f"[PreMain] {label}{message}\n"


def _json_line(level: str, message: str) -> str:
    import json

    now = time.time()
    timestamp = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(now))}.{int(now % 1 * 1000):03}Z"
    record = {"timestamp": timestamp, "level": level, "logger": "premain", "message": message}
    return json.dumps(record, ensure_ascii=False) + "\n"
