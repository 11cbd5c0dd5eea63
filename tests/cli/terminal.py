"""The installed program in a pseudo-terminal, and a person who answers its questions."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Sequence

from tests.cli.installed import RINGTAW, Workplace


def in_terminal(
    place: Workplace, *words: str, answers: Sequence[tuple[str, str]] = ()
) -> tuple[int, str]:
    """Run the command, answer one question after the other; return exit code and what is shown.

    A question is what is shown last before an answer is typed. With the space at its end, it is
    there only when a password is no longer echoed.
    """
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [RINGTAW, *words],
        cwd=place.folder,
        env={"TERM": "xterm", **place.environ()},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        try:
            shown = _converse(ours, list(answers))
        finally:
            os.close(ours)  # whatever the program still asks has no answer now
        return process.wait(timeout=60), shown


def _converse(terminal: int, answers: list[tuple[str, str]]) -> str:
    shown = b""
    try:
        while chunk := os.read(terminal, 65536):
            shown += chunk
            if answers and shown.endswith(answers[0][0].encode()):
                os.write(terminal, f"{answers.pop(0)[1]}\n".encode())
    except OSError:  # Linux says EIO where others say end of file
        pass
    assert not answers, f"{answers[0][0]!r} was not asked in {shown!r}"
    return shown.decode().replace("\r\n", "\n")
