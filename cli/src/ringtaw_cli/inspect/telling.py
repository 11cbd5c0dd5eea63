"""How facts are told: as indented lines, or as JSON."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

from ringtaw_cli.output import data, json_data, printable

Facts = Mapping[str, Any]
"""Texts, numbers, truth values, None, lists of such, and further facts, by name."""


def tell(facts: Facts, output_format: str) -> None:
    """Write facts to stdout."""
    if output_format == "json":
        json_data(**facts)
        return
    for line in _lines(facts, ""):
        data(printable(line))


@contextmanager
def without_remarks() -> Iterator[None]:
    """Keep what libraries find odd in a stranger's data from stderr; also a decorator."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def facts_of(record: Any) -> dict[str, Any]:
    """Return a dataclass of numbers and bytes as facts; bytes become hex, what is None is left."""
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def _lines(facts: Facts, indent: str) -> Iterator[str]:
    width = max((len(name) for name, value in facts.items() if _is_short(value)), default=0)
    for name, value in facts.items():
        label = name.replace("_", " ")
        if _is_short(value):
            yield f"{indent}{label:<{width}}  {_text(value)}"
        elif isinstance(value, Mapping):
            yield f"{indent}{label}"
            yield from _lines(value, f"{indent}  ")
        else:
            for number, each in enumerate(value):
                yield f"{indent}{label.removesuffix('s')} {number}"
                yield from _lines(each, f"{indent}  ")


def _is_short(value: Any) -> bool:
    if isinstance(value, Mapping):
        return False
    is_list = isinstance(value, Sequence) and not isinstance(value, str)
    return not is_list or not any(isinstance(each, Mapping) for each in value)


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) or "-" if isinstance(value, list) else str(value) or "-"
