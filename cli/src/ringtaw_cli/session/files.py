"""Reading what a user names, and writing so that nothing is lost or half written."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from ringtaw_client import InputError

STANDARD: Final = "-"
MAX_INPUT: Final = 24 << 20
"""Bytes: more than any manifest that a Coordinator takes."""


def read_input(path: Path, max_size: int = MAX_INPUT) -> bytes:
    """Return the content of a file, or of stdin for ``-``.

    Raises:
        InputError: It cannot be read, or is larger than ``max_size`` bytes.
    """
    try:
        if str(path) == STANDARD:
            content = sys.stdin.buffer.read(max_size + 1)
        else:
            with path.open("rb") as file:
                content = file.read(max_size + 1)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", hint="check the path") from None
    if len(content) > max_size:
        raise InputError(f"{path} is larger than {max_size:,} bytes")
    return content


class OutputFile:
    """A file that can be written for sure, before there is something to write.

    with OutputFile(path) as file:
        file.fill(content)

    It is replaced at once, readable for its owner alone; without :meth:`fill` nothing changes. What
    is no regular file, such as ``/dev/stdout``, is written to.

    Raises:
        InputError: It cannot be written.
    """

    def __init__(self, path: Path, *, keep_former: bool = False) -> None:
        self.path = path
        self.former: Path | None = None
        """Where the former content is kept, if there was one and it shall be."""
        self._keep_former = keep_former
        self._target = Path(os.path.realpath(path))
        with _blame(path):
            self._is_special = self._target.exists() and not stat.S_ISREG(
                self._target.stat().st_mode
            )
            if self._is_special:
                self._descriptor, self._temporary = os.open(self._target, os.O_WRONLY), ""
            else:
                self._descriptor, self._temporary = tempfile.mkstemp(
                    dir=self._target.parent, prefix=f".{self._target.name[:64]}."
                )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)
        if self._temporary:
            Path(self._temporary).unlink(missing_ok=True)

    def fill(self, content: bytes) -> None:
        """Write the whole content.

        Raises:
            InputError: There is no room, for example.
        """
        with _blame(self.path):
            view = memoryview(content)
            while view:
                view = view[os.write(self._descriptor, view) :]
            if self._is_special:
                return
            os.fsync(self._descriptor)
            if self._keep_former and self._target.exists():
                self.former = _keep(self._target)
            os.replace(self._temporary, self._target)
            self._temporary = ""


def write_output(path: Path, content: bytes) -> None:
    """Write a file, or stdout for ``-``.

    Raises:
        InputError: It cannot be written.
    """
    if str(path) == STANDARD:
        sys.stdout.buffer.write(content)
        return
    with OutputFile(path) as file:
        file.fill(content)


@contextmanager
def _blame(path: Path) -> Iterator[None]:
    """Turn what the operating system says about a path into an error."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"cannot write {path}: {error.strerror}", hint="name another file"
        ) from None


def _keep(path: Path) -> Path:
    """Give a file a second name that is free: ``NAME.orig``, ``NAME.orig.1``, and so on."""
    number = 0
    while True:
        name = path.with_name(f"{path.name}.orig" + (f".{number}" if number else ""))
        try:
            os.link(path, name)
        except FileExistsError:
            number += 1
        else:
            return name
