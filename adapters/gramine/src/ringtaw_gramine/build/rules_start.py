"""Rules on what starts: entry point and arguments."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator
from typing import Final

from ringtaw_premain.build_hookspecs import Finding, Severity

from .configuration import Configuration
from .premain import Kind, Premain, is_interpreter, is_python
from .template import is_unknown

_ARGV: Final = 'loader.argv = ["python3", "-P", "-s", "-m", "ringtaw_premain", "--", "/app"]'
_FORMS: Final = ("argv", "argv_src_file", "insecure__use_cmdline_argv")


def start_findings(config: Configuration, premain: Premain) -> Iterator[Finding]:
    """Yield what is wrong with the first program and its arguments."""
    yield from _entrypoint(config, premain)
    yield from _forms(config, premain)
    if premain.is_there and config.subject.count("loader", "argv"):
        yield from _arguments(config, premain)
    if premain.kind is Kind.PYTHON:
        yield from _search_path(config, premain)


def _entrypoint(config: Configuration, premain: Premain) -> Iterator[Finding]:
    if premain.kind is Kind.NONE:
        entrypoint = config.subject.text("libos", "entrypoint")
        yield config.subject.finding(
            "no-premain",
            "libos",
            "entrypoint",
            message=f"{entrypoint} is started as it is: no premain activates it",
            cure="run `ringtaw gramine prepare` to put the premain before it",
        )


def _forms(config: Configuration, premain: Premain) -> Iterator[Finding]:
    subject = config.subject
    given = [name for name in _FORMS if subject.value("loader", name) not in (None, False)]
    if "insecure__use_cmdline_argv" in given:
        yield _from_host(config, premain)
    if len(given) > 1:
        yield subject.finding(
            "argv-several",
            "loader",
            given[-1],
            message=f"loader.{' and loader.'.join(given)} exclude each other",
            cure="keep loader.argv and remove the others",
        )
    if not given and premain.is_there:
        yield subject.finding(
            "argv-missing",
            "loader",
            "argv",
            message="without loader.argv the premain gets no argument but libos.entrypoint",
            cure=f"add {_form(premain)}",
        )


def _from_host(config: Configuration, premain: Premain) -> Finding:
    entrypoint = config.subject.text("libos", "entrypoint") or ""
    serious = premain.is_there or is_interpreter(entrypoint)
    what = "what runs" if serious else "the application's arguments"
    return config.subject.finding(
        "argv-from-host" if serious else "insecure-key",
        "loader",
        "insecure__use_cmdline_argv",
        message=f"the host chooses {what}",
        cure=f"remove it and fix the arguments: {_form(premain)}",
    )


def _form(premain: Premain) -> str:
    return 'loader.argv = ["/app"]' if premain.kind is Kind.MARBLERUN else _ARGV


def _arguments(config: Configuration, premain: Premain) -> Iterator[Finding]:
    subject = config.subject
    argv = [text for _, text in subject.texts("loader", "argv")]
    if len(argv) == 1 and _is_command_line(config, argv[0]):
        yield subject.finding(
            "argv-one-string",
            "loader",
            "argv",
            0,
            message=f"{argv[0]!r} is one argument, not a command line",
            cure=f"make each word a string of its own, as in {_form(premain)}",
        )
    elif not premain.program or _is_premain(config, premain):
        yield subject.finding(
            "argv-no-program",
            "loader",
            "argv",
            message="loader.argv names no application that the premain could become",
            cure=f"name its path, as in {_form(premain)}",
        )
    elif premain.extra:
        yield _extra(config, premain)


def _is_command_line(config: Configuration, text: str) -> bool:
    """Whether a string is several words, and not the path of a program with a space in it."""
    host = config.place(text).host
    return (
        len(text.split()) > 1
        and not is_unknown(text)
        and not any(path == host for _, path in config.trusted)
        and not os.path.exists(config.on_host(host))
    )


def _is_premain(config: Configuration, premain: Premain) -> bool:
    """Whether MarbleRun's premain would become itself."""
    entrypoint = config.subject.text("libos", "entrypoint") or ""
    return premain.kind is Kind.MARBLERUN and posixpath.basename(
        premain.program
    ) == posixpath.basename(entrypoint)


def _extra(config: Configuration, premain: Premain) -> Finding:
    refused = premain.kind is Kind.PYTHON
    return config.subject.finding(
        "argv-extra",
        "loader",
        "argv",
        premain.position + 1,
        message=f"arguments for {premain.program} are {'refused' if refused else 'dropped'}",
        cure="put them into the Argv of the Marble in the Coordinator's manifest",
        severity=Severity.ERROR if refused else Severity.WARNING,
    )


def _search_path(config: Configuration, premain: Premain) -> Iterator[Finding]:
    entrypoint = config.subject.text("libos", "entrypoint") or ""
    flags = "".join(each[1:] for each in premain.options if each[:1] == "-" and each[:2] != "--")
    ignoring = [f"-{flag}" for flag in "IE" if flag in flags]
    own_runtime = "I" in flags and "S" in flags  # then PYTHONPATH is the application's
    if ignoring and not own_runtime and config.environment("PYTHONPATH"):
        yield config.subject.finding(
            "argv-ignores-path",
            "loader",
            "argv",
            message=f"with {' and '.join(ignoring)} Python does not look in PYTHONPATH",
            cure="use -P and -s instead",
        )
    missing = [f"-{flag}" for flag in "Ps" if not {flag, "I"} & set(flags)]
    if missing and (is_python(entrypoint) or is_unknown(entrypoint)):
        yield config.subject.finding(
            "argv-unsafe-path",
            "loader",
            "argv",
            message=f"Python is started without {' and '.join(missing)}",
            cure=f"add {'it' if len(missing) == 1 else 'them'} before -m, as in {_ARGV}",
        )
