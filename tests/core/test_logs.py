"""Log lines: one per event, escaped, bounded, without values of variables."""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from ringtaw_coordinator.logs import configure_logging


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers, root.level = handlers, level
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


class Log:
    """What was logged."""

    def __init__(self, **options: Any) -> None:
        self._stream = io.StringIO()
        configure_logging(stream=self._stream, **options)

    @property
    def lines(self) -> list[str]:
        return self._stream.getvalue().splitlines(keepends=True)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]


NASTY = 'line\nbreak \x1b[31mred\x1b[0m \u202eback "quoted" = \\ \ud800'


def test_text_is_one_printable_line() -> None:
    log = Log(as_json=False, debug=False)
    structlog.get_logger("core").info(NASTY, uuid="plain", value=NASTY, empty="")
    (line,) = log.lines
    assert line.rstrip("\n").isprintable()
    assert "INFO [core] line\\nbreak" in line
    assert "uuid=plain" in line
    assert 'empty=""' in line
    assert 'value="line\\nbreak' in line


def test_json_is_one_line_in_ascii() -> None:
    log = Log(as_json=True, debug=False)
    structlog.get_logger("core").warning(NASTY, value=NASTY, data=b"\xff")
    (line,) = log.lines
    assert line.isascii()
    (event,) = log.events
    assert event["event"] == event["value"] == NASTY
    assert event["level"] == "warning"
    assert event["logger"] == "core"
    assert event["timestamp"].endswith("Z")


@pytest.mark.parametrize("as_json", [True, False])
def test_lines_stay_below_64_kib(as_json: bool) -> None:
    log = Log(as_json=as_json, debug=False)
    values = {f"key{number}": "\x1b" * 1_000_000 for number in range(8)}
    structlog.get_logger().info("\u20ac" * 1_000_000, **values)
    structlog.get_logger().info("x" * 16_000)
    long, whole = log.lines
    assert len(long.encode()) < 64 * 1024
    assert "x" * 16_000 in whole


def test_debug_only_when_asked_for() -> None:
    for debug in (False, True):
        log = Log(as_json=True, debug=debug)
        structlog.get_logger().debug("detail")
        assert len(log.lines) == debug


def test_other_loggers_and_warnings_come_along() -> None:
    log = Log(as_json=True, debug=False)
    logging.getLogger("asyncio").error("task %s was destroyed", 7)
    logging.getLogger("asyncio").info("chatter")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("deprecated", stacklevel=1)
    first, second = log.events
    assert (first["logger"], first["level"]) == ("asyncio", "error")
    assert first["event"] == "task 7 was destroyed"
    assert second["logger"] == "py.warnings"


def test_tracebacks_show_no_values() -> None:
    log = Log(as_json=True, debug=True)
    secret = "correct horse battery staple"
    try:
        raise ValueError("without words" if secret else "")
    except ValueError:
        structlog.get_logger().error("broken", exc_info=True)
        logging.getLogger("asyncio").exception("broken")
    assert len(log.events) == 2
    for event in log.events:
        assert "ValueError: without words" in event["exception"]
        assert secret not in json.dumps(event)


@pytest.mark.parametrize(("level", "lines"), [("error", 1), ("warning", 1), ("debug", 0)])
def test_errors_of_the_http_server_have_their_own_level(level: str, lines: int) -> None:
    log = Log(as_json=True, debug=False, http_errors=level)
    structlog.get_logger("client-api").error("bad request")
    assert len(log.lines) == lines
    if lines:
        assert log.events[0]["level"] == level
