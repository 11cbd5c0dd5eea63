"""The program: options of every command, the adapters as groups, and how errors end.

Loads click, the standard library and the premain's reader of entry points, nothing else: commands
are loaded when they are called, so that help answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from itertools import takewhile
from typing import Any, Final

import click

from ringtaw_cli import __version__
from ringtaw_cli.command import LazyGroup
from ringtaw_cli.exits import ExitCode, exit_code
from ringtaw_cli.front_page import front_page, help_width
from ringtaw_cli.output import discard, error_block, flush, say
from ringtaw_cli.table import COMMANDS, EXAMPLES, OPTIONS, SUMMARY, adapter_summaries

COMPLETION_VARIABLE: Final = "_RINGTAW_COMPLETE"
"""By this variable a shell asks what can follow in a command line; the name is click's."""

_OF_MARBLERUN: Final = {
    "gramine-prepare": "it is ringtaw gramine prepare here",
    "install": "what is about Kubernetes is left to kubectl and helm",
    "precheck": "ringtaw doctor looks at the machine that it runs on",
    "sgxsdk-package-info": "it is ringtaw package-info here",
    "uninstall": "what is about Kubernetes is left to kubectl and helm",
}
"""Commands of MarbleRun's CLI, of all its versions, that have another name here, or none."""
_LIBOSES: Final = ("ego", "gramine", "occlum")
"""Those whose adapters, with commands of their own, come from this project."""


class Program(LazyGroup):
    """``ringtaw``: its own commands, and a group for each installed adapter."""

    def summaries(self, ctx: click.Context) -> dict[str, str]:
        """Return commands and adapters and what each is for, without loading any."""
        return {**super().summaries(ctx), **adapter_summaries()}

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command, or make the group of an adapter."""
        command = super().get_command(ctx, cmd_name)
        if command is None and cmd_name in adapter_summaries():
            from ringtaw_cli.libos.group import AdapterGroup

            return AdapterGroup(cmd_name)
        return command

    def unknown_command(self, name: str, known: Sequence[str]) -> str:
        """Return what to say of a command that is not there; it may be an adapter's."""
        if name in _OF_MARBLERUN:
            return f"there is no command {name!r}: {_OF_MARBLERUN[name]}"
        message = super().unknown_command(name, known)
        if ";" in message:
            return message
        cure = f": pip install 'ringtaw-adapter-{name}[build]'" if name in _LIBOSES else ""
        return f"{message}, and no adapter of that name is installed{cure}"

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the front page, which has its commands by whom they are for."""
        formatter.write(front_page(formatter.width))


@click.group(
    cls=Program,
    name="ringtaw",
    entries=COMMANDS,
    examples=EXAMPLES,
    help=SUMMARY,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help=OPTIONS["--debug"])
@click.option(
    "--trace-hooks",
    is_flag=True,
    envvar="RINGTAW_TRACE_HOOKS",
    help=OPTIONS["--trace-hooks"],
)
def program(debug: bool, trace_hooks: bool) -> None:
    """Take the options that stand before the command."""


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns the exit code. Errors become one block on stderr."""
    try:
        result: Any = program.main(
            _in_order(arguments),
            prog_name="ringtaw",
            standalone_mode=False,
            terminal_width=help_width(),
        )
        flush()
    except BrokenPipeError as error:
        return output_failed(error)
    except click.Abort:
        error_block("interrupted")
        return 130
    except Exception as error:
        if COMPLETION_VARIABLE in os.environ:  # nothing follows, and nobody wants to read why
            return ExitCode.FAILED
        if isinstance(error, click.ClickException):
            return _usage(error)
        if "--debug" in takewhile(lambda argument: argument.startswith("-"), arguments):
            sys.excepthook(type(error), error, error.__traceback__)
        return _failed(error)
    return result if isinstance(result, int) else ExitCode.OK


def output_failed(error: OSError) -> int:
    """End after ringtaw's own output could not be written, such as to a full disk.

    A reader that has gone is no error to tell: programs end quietly then.
    """
    discard(sys.stdout)
    if not isinstance(error, BrokenPipeError):
        error_block(str(error) if error.filename else f"cannot write stdout: {error.strerror}")
    return ExitCode.FAILED


def _in_order(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with options of MarbleRun's CLI behind the command's name."""
    if not any(argument.startswith("-") for argument in arguments[:-1]):
        return list(arguments)
    from ringtaw_cli.leading import in_order

    return in_order(arguments)


def _usage(error: click.ClickException) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):  # its message is the whole help
        say(error.format_message())
        return error.exit_code
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "ringtaw"
    message = " ".join(error.format_message().split()).removesuffix(".")
    error_block(message[:1].lower() + message[1:], f"see: {path} --help")
    return error.exit_code


def _failed(error: Exception) -> int:
    code = exit_code(error)
    if code is not None:
        hint = getattr(error, "hint", "")
        error_block(str(error).removesuffix(f" ({hint})") if hint else str(error), hint)
        return code
    if isinstance(error, OSError):
        return output_failed(error)
    cure = "this is a defect of ringtaw: run it with --debug and report what it prints"
    error_block(f"unexpected {type(error).__name__}", cure)  # its text might hold a secret
    return ExitCode.FAILED
