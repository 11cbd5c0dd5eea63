"""The premain as a process that is told to stop, or that nobody listens to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.ports import reserved_port


def start_waiting(directory: Path, port: int) -> subprocess.Popen[str]:
    """Start a premain that waits for its Coordinator, and wait until it does."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-m", "ringtaw_premain"],
        env={
            "PATH": os.environ["PATH"],
            "EDG_MARBLE_TYPE": "hello",
            "EDG_MARBLE_COORDINATOR_ADDR": f"127.0.0.1:{port}",
            "RINGTAW_ADAPTER": "simulation",
        },
        cwd=directory,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    while "trying again" not in process.stderr.readline():
        assert process.poll() is None
    return process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_at_once(marble_directory: Path, number: signal.Signals) -> None:
    with reserved_port() as port:
        process = start_waiting(marble_directory, port)
        process.send_signal(number)
        _, log = process.communicate(timeout=5)  # it would wait for a minute
    assert process.returncode == 128 + number
    assert log.splitlines()[-1] == (
        f"[PreMain] Error: stopped by {number.name}, nothing was started"
    )


def test_nobody_reads_its_output(marble_directory: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        for arguments, code in ((["--help"], 0), (["--hlep"], 125)):
            done = subprocess.run(
                [sys.executable, "-I", "-m", "ringtaw_premain", *arguments],
                stdout=writer,
                stderr=writer,
                check=False,
                timeout=60,
            )
            assert done.returncode == code
    finally:
        os.close(writer)
