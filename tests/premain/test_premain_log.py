from __future__ import annotations

import json
import os

import pytest
from ringtaw_premain.log import MAX_MESSAGE, Log, printable

HOSTILE = "refused\n[PreMain] activated\r\x1b[2J\u202e\udcff\0 ü"
ESCAPED = "refused\\n[PreMain] activated\\r\\x1b[2J\\u202e\\udcff\\x00 ü"


def test_text_is_one_prefixed_line(capfd: pytest.CaptureFixture[str]) -> None:
    log = Log(json=False)
    log.info(HOSTILE)
    log.warning("careful")
    log.error("failed")
    assert capfd.readouterr().err == (
        f"[PreMain] {ESCAPED}\n[PreMain] Warning: careful\n[PreMain] Error: failed\n"
    )


def test_json_is_one_object_per_line(capfd: pytest.CaptureFixture[str]) -> None:
    Log(json=True).warning(HOSTILE)
    line = capfd.readouterr().err
    assert line.count("\n") == 1
    record = json.loads(line)
    assert record.pop("timestamp").endswith("Z")
    assert record == {"level": "warning", "logger": "premain", "message": ESCAPED}


def test_long_messages_are_cut() -> None:
    text = printable("x" * (MAX_MESSAGE + 7))
    assert text == "x" * MAX_MESSAGE + "… (7 more characters)"


def test_a_closed_standard_error_is_no_failure() -> None:
    saved = os.dup(2)
    os.close(2)
    try:
        Log(json=False).info("nobody reads this")
    finally:
        os.dup2(saved, 2)
        os.close(saved)
