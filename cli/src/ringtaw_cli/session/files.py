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

from ringtaw_cli.output import for_terminal, printable, say
from ringtaw_cli.session.planted import refuse_planted

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
        message = f"cannot read {input_name(path)}: {error.strerror}"
        raise InputError(message, hint="check the path") from None
    if len(content) > max_size:
        raise InputError(f"{input_name(path)} is larger than {max_size:,} bytes")
    return content


def input_name(path: Path) -> str:
    """Return what errors call an input."""
    return "stdin" if str(path) == STANDARD else str(path)


class OutputFile:
    """A file that can be written for sure, before there is something to write.

    with OutputFile(path) as file:
        file.fill(content)

    It is replaced at once; without :meth:`fill` nothing changes. It is readable for its owner
    alone, or if it is ``public`` for whom the umask admits, and for those who could read it before.
    What is no regular file, such as ``/dev/null``, is written to.

    Raises:
        InputError: It cannot be written.
    """

    def __init__(self, path: Path, *, keep_former: bool = False, public: bool = False) -> None:
        self.path = path
        self.former: Path | None = None
        """Where the former content is kept, if there was one and it shall be."""
        self._keep_former = keep_former
        self._public = public
        with _blame(path):
            self._target = _target(path)
            self._is_special = path.exists() and not stat.S_ISREG(path.stat().st_mode)
            if self._is_special:
                self._descriptor, self._temporary = _open_special(path), ""
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
            if self._public:
                os.fchmod(self._descriptor, _public_mode(self._target))
            os.fsync(self._descriptor)
            if self._keep_former and self._target.exists():
                self.former = _keep(self._target)
            os.replace(self._temporary, self._target)
            self._temporary = ""


def _target(path: Path) -> Path:
    """Return where a link leads, if it is not somebody else's trap."""
    if not path.is_symlink():
        return path
    refuse_planted(path, path.lstat().st_uid)
    return Path(os.path.realpath(path))


def _open_special(path: Path) -> int:
    """Open what is no regular file, if nobody else has laid it there to read what is written."""
    descriptor = os.open(path, os.O_WRONLY)
    try:
        refuse_planted(path, os.fstat(descriptor).st_uid)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def is_stdout(path: Path | None) -> bool:
    """Whether output goes to stdout: for ``-`` and None, and by its name.

    By that a file would be opened anew, or replaced, to which the shell has led stdout.
    """
    return path is None or str(path) in (STANDARD, "/dev/stdout")


def write_output(path: Path | None, content: bytes, *, public: bool = False) -> None:
    """Write a file and say so, or stdout for ``-`` and None.

    Raises:
        InputError: It cannot be written.
    """
    if path is None or is_stdout(path):
        sys.stdout.buffer.write(for_terminal(content) if sys.stdout.isatty() else content)
        return
    with OutputFile(path, public=public) as file:
        file.fill(content)
    say(f"written to {printable(str(path))}")


@contextmanager
def _blame(path: Path) -> Iterator[None]:
    """Turn what the operating system says about a path into an error."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"cannot write {path}: {error.strerror}", hint="name another file"
        ) from None


def _public_mode(path: Path) -> int:
    """Return the mode that a file has, or would get when any program makes it."""
    if path.exists():
        return path.stat().st_mode & 0o755
    umask = os.umask(0o077)
    os.umask(umask)
    return 0o666 & ~umask


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
