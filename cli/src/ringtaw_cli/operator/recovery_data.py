"""Recovery secrets, which a Coordinator tells once: none may be lost.

They are encrypted to the keys of their owners. The form is that of MarbleRun's CLI.
"""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click
from ringtaw_client import InputError, UnreachableError

from ringtaw_cli.output import data, flush, json_text, printable, say, warning
from ringtaw_cli.session.files import OutputFile, is_stdout
from ringtaw_cli.session.options import OptionalPath

_UNANSWERED: Final = (
    "it may be in force nevertheless: ringtaw status and ringtaw manifest log tell; recovery "
    "secrets that came with it are lost then, and an update to other recovery keys makes new ones"
)


class _RecoveryDataOption(click.Option):
    """Also takes the name that MarbleRun's documentation has in examples."""

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        super().add_to_parser(parser, ctx)
        parser.add_option(self, ["--recovery-data"], self.name)


recovery_data_option = click.option(
    "-r",
    "--recoverydata",
    "recovery_file",
    cls=_RecoveryDataOption,
    type=OptionalPath(),
    metavar="FILE",
    help="Write recovery secrets to this file. What was in it is kept as FILE.orig. [default: "
    "stdout]",
)


def encoded(secrets: Mapping[str, bytes]) -> dict[str, str]:
    """Return secrets as JSON has them."""
    return {name: b64encode(secret).decode() for name, secret in sorted(secrets.items())}


class RecoveryData:
    """Where recovery secrets go; it is known to be writable before there are any."""

    def __init__(self, file: OutputFile | None) -> None:
        self._file = file

    def keep(self, secrets: Mapping[str, bytes], answer: Mapping[str, Any] | None = None) -> None:
        """Write secrets to the file, else to stdout, else to stderr.

        ``answer`` is what the command prints as JSON, to which the secrets are added.

        Raises:
            InputError: The file cannot be written any more: they are on stdout.
            OSError: Stdout cannot be written: they are on stderr.
        """
        text = json.dumps({"RecoverySecrets": encoded(secrets)}, separators=(",", ":"))
        failure = _fill(self._file, text) if self._file is not None and secrets else None
        if answer is not None:
            _to_stdout(json_text(**answer, recovery_secrets=encoded(secrets)))
        elif secrets and (self._file is None or failure):
            _to_stdout(text)
        if failure is not None:
            raise failure


@contextmanager
def recovery_data(path: Path | None) -> Iterator[RecoveryData]:
    """Make sure that recovery secrets can be written, before a Coordinator is asked for them.

    Raises:
        InputError: The file cannot be written.
    """
    if path is None or is_stdout(path):
        yield RecoveryData(None)
    else:
        with OutputFile(path, keep_former=True) as file:
            yield RecoveryData(file)


@contextmanager
def until_answered() -> Iterator[None]:
    """Say what is not known of a request that may have been heard, and was not answered."""
    try:
        yield
    except UnreachableError as error:
        if error.message.startswith("POST "):  # the connection was there
            error.hint = _UNANSWERED
        raise
    except KeyboardInterrupt:
        warning(f"if it was sent already, {_UNANSWERED}")
        raise


def _to_stdout(text: str) -> None:
    try:
        data(text)
        flush()
    except OSError:
        print(text, file=sys.stderr)
        warning("stdout cannot be written; above are the recovery secrets: keep them")
        raise


def _fill(file: OutputFile, text: str) -> InputError | None:
    """Write the file; return what is in the way."""
    try:
        file.fill(text.encode())
    except InputError as error:
        error.hint = "the recovery secrets are on stdout: keep them"
        return error
    say(f"the recovery secrets are in {printable(str(file.path))}: give owners theirs")
    if file.former is not None:
        say(f"what was in that file is now in {printable(str(file.former))}")
    return None
