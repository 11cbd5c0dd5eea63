"""The command ``ringtaw-premain``: brings a Marble up and becomes its application."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import Final, NoReturn

from ringtaw_premain import __version__
from ringtaw_premain.errors import EXIT_PREMAIN_FAILED, PremainError, SettingsError
from ringtaw_premain.log import Log
from ringtaw_premain.settings import SETTINGS, wants_json_log

_USAGE: Final = """\
Usage: ringtaw-premain [--help | --version] [--] [PROGRAM [ARGUMENT ...]]

Brings a Marble up: proves to the Coordinator what runs here, receives the application's arguments,
environment and files, and becomes the application. What PROGRAM means is up to the adapter.

Exit status: the application's own; 125 if the premain failed and started nothing, 126 if the
application cannot be executed, 127 if it does not exist.

Settings, in the environment:
"""


def main() -> NoReturn:
    """Run the command and end the process if it does not become the application."""
    log = Log(json=wants_json_log(os.environ))
    _stop_on_signals(log)
    try:
        arguments = _own_options(sys.argv[1:])
        _require_utf8()
        # Imported here, so that a library missing from the image is one line as well.
        from ringtaw_premain.bring_up import bring_up

        bring_up(arguments, log)
    except ImportError as error:
        log.error(f"the premain's image is incomplete: {error}")
        sys.exit(EXIT_PREMAIN_FAILED)
    except PremainError as error:
        log.error(str(error))
        sys.exit(error.exit_code)
    except Exception as error:
        # Neither the text nor the traceback: who knows what secrets are in them.
        log.error(f"internal error: {type(error).__name__} in {_place(error)}")
        sys.exit(EXIT_PREMAIN_FAILED)


def _own_options(arguments: list[str]) -> list[str]:
    """Return what follows our own options."""
    first = arguments[0] if arguments else ""
    if first in ("-h", "--help"):
        _print(
            _USAGE + "".join(f"  {s.name}={s.default}\n      {s.description}\n" for s in SETTINGS)
        )
    if first == "--version":
        _print(f"ringtaw-premain {__version__}\n")
    if first == "--":
        return arguments[1:]
    if first.startswith("-"):
        raise SettingsError(f"unknown option {first}", hint="see ringtaw-premain --help")
    return arguments


def _print(text: str) -> NoReturn:
    with suppress(BrokenPipeError):
        os.write(1, text.encode())
    sys.exit()


def _require_utf8() -> None:
    """Paths and arguments come as UTF-8 and must reach the kernel as such."""
    encoding = sys.getfilesystemencoding()
    if encoding != "utf-8":
        raise SettingsError(f"the locale's encoding is {encoding}", hint="set LC_ALL=C.UTF-8")


def _stop_on_signals(log: Log) -> None:
    """Let signals unwind the stack, so that nothing half-done stays behind."""
    signals = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)

    def stop(number: int, _: object) -> NoReturn:
        for caught in signals:
            signal.signal(caught, signal.SIG_IGN)  # what is done now must not be interrupted
        log.error(f"stopped by {signal.Signals(number).name}, nothing was started")
        sys.exit(128 + number)

    for number in signals:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)


def _place(error: Exception) -> str:
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    if not trace:
        return "an unknown place"
    return f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"


if __name__ == "__main__":
    main()
