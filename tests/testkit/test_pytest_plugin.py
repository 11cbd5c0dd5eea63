"""The fixtures that authors of adapters get with the testkit, in a pytest of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.testkit.conftest import OWN_PLUGINS

TESTS = """
import logging, os, subprocess, sys, threading

SECRET = b"the secret of this test"

def test_honest(ringtaw_leaks, tmp_path):
    ringtaw_leaks.secret(SECRET)
    path = tmp_path / "key"
    path.touch(0o600)
    path.write_bytes(SECRET)

def test_variable(ringtaw_leaks):
    os.environ["LEFT"] = "1"

def test_descriptor(ringtaw_leaks):
    os.open("/dev/null", os.O_RDONLY)

def test_log(ringtaw_leaks):
    logging.getLogger().warning("the key is %r", ringtaw_leaks.secret(SECRET))

def test_output(ringtaw_leaks):
    os.write(2, ringtaw_leaks.secret(SECRET))

def test_mode(ringtaw_leaks, tmp_path):
    (tmp_path / "key").write_bytes(ringtaw_leaks.secret(SECRET))
    (tmp_path / "key").chmod(0o644)

def test_argument(ringtaw_leaks):
    subprocess.run(["true", ringtaw_leaks.secret(SECRET)], check=True)

def test_outside(ringtaw_leaks, tmp_path_factory):
    (tmp_path_factory.mktemp("other") / "file").touch()

def test_coordinator_and_platform(ringtaw_coordinator, ringtaw_platform):
    assert ":" in ringtaw_coordinator.address
    quote = ringtaw_platform.quote(bytes(64))
    assert ringtaw_platform.report_data(quote) == bytes(64)
"""


def test_fixtures(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", "-p", "no:asyncio"],
        cwd=tmp_path,
        env={**os.environ, "PYTEST_ADDOPTS": OWN_PLUGINS},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    told = {
        "test_variable": "the environment variable LEFT was set",
        "test_descriptor": "is open: /dev/null",
        "test_log": "a secret is in a log",
        "test_output": "a secret is in output",
        "test_mode": "a secret is in a file",
        "test_argument": "a secret is in the arguments of a process",
        "test_outside": "was left behind",
    }
    for test, leak in told.items():
        [line] = [
            line
            for line in done.stdout.splitlines()
            if line.startswith(f"ERROR test_it.py::{test} ")
        ]
        assert "LeakError" in line, done.stdout
        assert leak in done.stdout
    for good in ("test_honest", "test_coordinator_and_platform"):
        assert f"ERROR test_it.py::{good}" not in done.stdout, done.stdout
    assert "9 passed, 7 errors" in done.stdout, done.stdout


def test_other_tests_pay_nothing() -> None:
    script = "import sys, ringtaw_testkit.pytest_plugin; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", script], check=True, stdout=subprocess.PIPE, text=True
    )
    loaded = set(ran.stdout.split())
    assert not {"cryptography", "ringtaw_coordinator", "ringtaw_attestation"} & loaded
