"""The manifest's Argv, all of which the program gets. TLS tags need no check: EGo enforces them."""

from __future__ import annotations

from collections.abc import Iterator

from ringtaw_premain.build_hookspecs import Finding

from ringtaw_ego.build.configuration import Configuration


def check_program(config: Configuration) -> Iterator[Finding]:
    """Yield findings about the Marble's Argv."""
    if config.marble is None or not config.marble.argv:
        return
    keys = ("Marbles", config.marble.name, "Parameters", "Argv", 0)
    name = config.marble.argv[0]
    if name.startswith("-"):
        yield config.subject.manifest_finding(
            "argv-no-name",
            *keys,
            message=f"{name!r} becomes the program's name, not an option",
            cure="put the program's name before it",
        )
    elif " " in name and len(config.marble.argv) == 1:
        yield config.subject.manifest_finding(
            "argv-one-string",
            *keys,
            message="has spaces in it and is all there is",
            cure="give the name and each argument as elements of their own",
        )
