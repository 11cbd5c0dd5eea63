"""Structured logs: one line per event on standard error, as text or JSON.

Events name things by keys; their values come from outside as well, so they are escaped and cut.
Nobody puts secrets into events, and tracebacks come without values of variables.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import suppress
from typing import Any, Final, TextIO

import structlog

MAX_LINE: Final = 60 * 1024
"""Bytes of a line; log collectors commonly cut or refuse lines of 64 KiB."""
_MAX_VALUE: Final = 16 * 1024
"""Characters of one value. What comes from outside may be megabytes, and escaping takes time."""
_SHORT_VALUE: Final = 500
"""Characters of a value in a line that would be too long otherwise."""
_HTTP_LOGGER: Final = "client-api"
_LEVELS: Final = logging.getLevelNamesMapping()
_LEAD: Final = ("timestamp", "level", "logger", "event")

Event = MutableMapping[str, Any]


def configure_logging(
    *, as_json: bool, debug: bool, http_errors: str = "error", stream: TextIO | None = None
) -> None:
    """Send the events of this process, those of the standard library's loggers too, to a stream.

    The stream is standard error unless another is given. ``http_errors`` is the level that errors
    of the HTTP server get.
    """
    level = logging.DEBUG if debug else logging.INFO
    output = stream or sys.stderr
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _Source(level, http_errors),
            structlog.processors.format_exc_info,
            _Renderer(_as_json if as_json else _as_text),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *names: _Output(output, *names),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [_Bridge()]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)


class _Output:
    """Writes lines; knows which part of the Coordinator they come from.

    A line that cannot be written is lost: nobody is refused because a log is full.
    """

    def __init__(self, stream: TextIO, name: str = "") -> None:
        self._stream = stream
        self.name = name

    def write(self, line: str) -> None:
        with suppress(OSError):
            self._stream.write(line + "\n")
            self._stream.flush()

    debug = info = warning = error = critical = write


class _Source:
    """A processor that says where an event comes from, and how serious the operator finds it."""

    def __init__(self, level: int, http_errors: str) -> None:
        self._level = level
        self._http_errors = http_errors

    def __call__(self, output: _Output, _method: str, event: Event) -> Event:
        event["logger"] = output.name
        if output.name == _HTTP_LOGGER and event["level"] == "error":
            event["level"] = self._http_errors
            if _LEVELS[self._http_errors.upper()] < self._level:
                raise structlog.DropEvent
        return event


class _Bridge(logging.Handler):
    """Hands records of the standard library's loggers over to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        level = min(max(record.levelno // 10 * 10, logging.DEBUG), logging.CRITICAL)
        details = {"exc_info": record.exc_info} if record.exc_info else {}
        structlog.get_logger(record.name).log(level, record.getMessage(), **details)


class _Renderer:
    """The last processor: an event as one line of bounded length."""

    def __init__(self, render: Callable[[Mapping[str, Any]], str]) -> None:
        self._render = render

    def __call__(self, _logger: object, _method: str, event: Event) -> str:
        line = self._render(_cut(event, _MAX_VALUE))
        if len(line.encode(errors="replace")) > MAX_LINE:
            line = self._render(_cut(event, _SHORT_VALUE))
        return line


def _cut(event: Event, length: int) -> dict[str, Any]:
    return {
        key: value[:length] if isinstance(value, str) else value for key, value in event.items()
    }


def _as_json(event: Mapping[str, Any]) -> str:
    return json.dumps(event, default=str)


def _as_text(event: Mapping[str, Any]) -> str:
    level, source = str(event["level"]).upper(), _printable(str(event["logger"]))
    lead = [str(event["timestamp"]), level, f"[{source}]", _printable(str(event["event"]))]
    pairs = [f"{key}={_value(value)}" for key, value in event.items() if key not in _LEAD]
    return " ".join(lead + pairs)


def _value(value: object) -> str:
    """Quote what could be taken for more than one value."""
    text = _printable(str(value))
    if text and not set(text) & set(' "='):
        return text
    return '"' + text.replace('"', '\\"') + '"'


def _printable(text: str) -> str:
    """Escape what is not printable, so that an event stays one line and moves no cursor."""
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(
        character if character.isprintable() and character != "\\" else _escape(character)
        for character in text
    )


def _escape(character: str) -> str:
    return "\\\\" if character == "\\" else ascii(character)[1:-1]
