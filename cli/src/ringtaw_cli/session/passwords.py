"""Passwords of encrypted keys: from a file, a variable of the environment, or a person."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click
from ringtaw_client import InputError

from ringtaw_cli.output import printable
from ringtaw_cli.session.files import read_input

_MAX_PASSWORD: Final = 4096


@dataclass(frozen=True, slots=True)
class PasswordSource:
    """Where the password of a key is; without either a person is asked."""

    file: Path | None
    variable: str

    def of(self, key: Path) -> Callable[[], str]:
        """Return what gets the password of a key when it turns out to be encrypted."""
        return lambda: self._get(key)

    def _get(self, key: Path) -> str:
        if self.file is not None:
            return _text(read_input(self.file, _MAX_PASSWORD), str(self.file))
        if self.variable:
            try:
                return os.environ[self.variable]
            except KeyError:
                raise InputError(
                    f"there is no variable {self.variable} in the environment",
                    hint=f"it should hold the password of {key}",
                ) from None
        return _ask(key)


def _ask(key: Path) -> str:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise InputError(
            f"{key} is encrypted, and there is no terminal to ask for its password",
            hint="give --key-password-file or --key-password-env",
        )
    answer: str = click.prompt(f"Password of {printable(str(key))}", hide_input=True, err=True)
    return answer


def _text(content: bytes, name: str) -> str:
    """Return the first line."""
    try:
        return content.decode().split("\n", 1)[0].removesuffix("\r")
    except UnicodeDecodeError:
        raise InputError(f"the password in {name} is not UTF-8") from None
