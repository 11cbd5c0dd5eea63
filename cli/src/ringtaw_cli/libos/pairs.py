"""``KEY=VALUE`` on the command line."""

from __future__ import annotations

from collections.abc import Sequence

import click


def pairs(ctx: click.Context, parameter: click.Parameter, values: Sequence[str]) -> dict[str, str]:
    """Return the values of a repeated option as a mapping; the last of equal keys counts."""
    mapping: dict[str, str] = {}
    for value in values:
        key, separator, text = value.partition("=")
        if not key or not separator:  # the text is not repeated: it might hold a secret
            form = parameter.metavar
            raise click.BadParameter(f"must have the form {form}", ctx=ctx, param=parameter)
        mapping[key] = text
    return mapping
