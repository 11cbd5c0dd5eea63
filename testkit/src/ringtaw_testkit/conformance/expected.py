"""The list of failures that are known, each with its reason, in TOML.

    "evidence/refuses-a-replay" = "the platform's quotes have no report data of their own yet"

A case that is listed and passes is a failure of its own: the list would be out of date.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path

_MAX_SIZE = 1 << 20


class ExpectedFailuresError(Exception):
    """The list cannot be read; says what is wrong with it."""


def read_expected_failures(path: Path, known: Collection[str]) -> Mapping[str, str]:
    """Return the reason of each expected failure, by the name of its case.

    Raises:
        ExpectedFailuresError: The file does not parse, names no case, or gives no reason.
    """
    try:
        with path.open("rb") as file:
            table = tomllib.loads(file.read(_MAX_SIZE).decode())
    except (OSError, ValueError, RecursionError) as error:
        raise ExpectedFailuresError(f"cannot read {path}: {error}") from None
    for name, reason in table.items():
        if name not in known:
            raise ExpectedFailuresError(f"{path}: there is no case {name!r}")
        if not isinstance(reason, str) or not reason.strip():
            raise ExpectedFailuresError(f"{path}: {name} has no reason")
    return table
