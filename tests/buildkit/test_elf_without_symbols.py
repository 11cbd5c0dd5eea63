"""Leaving symbols out of ELF files: what is left still runs, and garbage stays what it is."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringtaw_buildkit.python_runtime.elf import without_symbols

COMPILER = shutil.which("cc")


@pytest.mark.skipif(COMPILER is None, reason="cc is not on PATH")
def test_a_program_runs_without_them(tmp_path: Path) -> None:
    (tmp_path / "program.c").write_text('#include <stdio.h>\nint main(void) { puts("ran"); }\n')
    subprocess.run([COMPILER or "", "-g", "-o", "program", "program.c"], cwd=tmp_path, check=True)
    program = tmp_path / "program"
    before = program.read_bytes()
    after = without_symbols(before)
    assert b".debug_info" in before
    assert b".debug_info" not in after
    assert len(after) < len(before)
    program.write_bytes(after)
    assert subprocess.run([program], capture_output=True, check=True).stdout == b"ran\n"
    assert without_symbols(after) == after


@given(st.binary(max_size=200))
def test_what_is_no_program_stays(content: bytes) -> None:
    assert without_symbols(content) == content


@given(st.binary(max_size=300))
def test_a_damaged_program_is_never_longer(content: bytes) -> None:
    damaged = b"\x7fELF\x02\x01" + content
    assert len(without_symbols(damaged)) <= len(damaged)
