"""Forms of options that programs in Go take, and click does not.

``--insecure=true`` is ``--insecure``, ``--insecure=false`` is nothing, and ``-o=FILE`` is
``-o FILE`` (documentation of github.com/spf13/pflag, and of Go's ``strconv.ParseBool``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import click

_TRUE: Final = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE: Final = frozenset({"0", "f", "F", "false", "FALSE", "False"})


def as_click_has_them(
    parameters: Sequence[click.Parameter], arguments: Sequence[str]
) -> Iterator[str]:
    """Yield the arguments of a command in the forms that click takes.

    What follows an option without its value is that value, and what follows ``--`` no option.
    """
    options = [each for each in parameters if isinstance(each, click.Option)]
    flags = {name for each in options if each.is_flag for name in each.opts}
    valued = {name for each in options for name in each.opts} - flags
    rest = iter(arguments)
    for argument in rest:
        name, equals, value = argument.partition("=")
        if argument == "--":
            yield argument
            break
        if name in flags and value in _TRUE:
            yield name
        elif name in flags and value in _FALSE:
            continue
        elif name in valued and equals and not name.startswith("--"):
            yield from (name, value)
        else:
            yield argument
            if argument in valued and (following := next(rest, None)) is not None:
                yield following
    yield from rest
