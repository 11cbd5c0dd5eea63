"""The program that the Marble starts: the manifest's Argv, against the image."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Final

from ringtaw_buildkit.marbles import Marble
from ringtaw_premain.build_hookspecs import Finding

from ringtaw_occlum.build.configuration import Configuration
from ringtaw_occlum.build.scripts import script_findings

_FORKING: Final = re.compile(
    r"(?:gunicorn|uwsgi|celery|supervisord|nginx|apache2|httpd|php-fpm|postgres|mysqld_safe"
    r"|sh|bash|dash|ash|ksh|zsh|make|cron|sshd|inetd|s6-\w+|tini|dumb-init)[0-9.]*"
)
_FORKING_CALL: Final = re.compile(
    rb"^[ \t]*(?:import|from)[ \t]+multiprocessing\b|\bos\.fork(?:pty)?[ \t]*\(", re.MULTILINE
)
"""In Python: multiprocessing forks by default on Linux; subprocess does not need to."""
_SCRIPT_SIZE: Final = 1 << 20


def check_program(config: Configuration) -> Iterator[Finding]:
    """Yield findings about the Marble's Argv and TLS."""
    if config.marble is None:
        return
    yield from _check_argv(config, config.marble)
    if config.marble.tls:
        yield config.subject.manifest_finding(
            "ttls-not-enforced",
            "Marbles",
            config.marble.name,
            "TLS",
            message="nothing in Occlum wraps connections in TLS, so the premain refuses to start",
            cure="remove the Marble's TLS tags and let the program speak TLS itself",
        )


def _check_argv(config: Configuration, marble: Marble) -> Iterator[Finding]:
    keys = ("Marbles", marble.name, "Parameters", "Argv")
    if not marble.argv:
        yield config.subject.manifest_finding(
            "argv-missing",
            *keys,
            message="without it there is no program to start",
            cure='add it: ["/bin/hello"], the absolute path in the image',
        )
        return
    program = marble.argv[0]
    if not program.startswith("/"):
        yield config.subject.manifest_finding(
            "argv-not-absolute",
            *keys,
            0,
            message=f"{program!r} is not an absolute path",
            cure="begin Argv with the path of the program in the image",
        )
        return
    if " " in program and config.image.find(program) is None:
        yield config.subject.manifest_finding(
            "argv-one-string",
            *keys,
            0,
            message="has a space in it: a whole command line?",
            cure="give the program and each argument as elements of their own",
        )
    elif config.image.lacks(program):
        yield config.subject.manifest_finding(
            "program-not-in-image",
            *keys,
            0,
            message=f"the image has no {program}",
            cure="copy it there, or correct the path",
        )
    yield from script_findings(config, program, *keys, 0)
    yield from _check_forks(config, marble, keys)


def _check_forks(config: Configuration, marble: Marble, keys: tuple[str, ...]) -> Iterator[Finding]:
    if _FORKING.fullmatch(posixpath.basename(marble.argv[0])):
        yield config.subject.manifest_finding(
            "forks",
            *keys,
            0,
            message=f"{posixpath.basename(marble.argv[0])} usually forks, and Occlum has no fork",
            cure="let it run as one process, or start processes by posix_spawn",
        )
    for at, word in enumerate(marble.argv):
        script = config.image.find(word) if word.startswith("/") else None
        if script and (call := _FORKING_CALL.search(script.head(_SCRIPT_SIZE))):
            yield config.subject.manifest_finding(
                "forks",
                *keys,
                at,
                message=f"{word} uses {call[0].decode().strip(' (')}, and Occlum has no fork",
                cure='use threads, or multiprocessing.set_start_method("spawn")',
            )
