"""What differs between two states of a deployment, as bytes, and a state with such changes made.

A change is a JSON object with the members that differ: values as they are now, entries as an object
of those that are set and a list of those that are gone, logs as a list of what was added.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ringtaw_coordinator.state.codec import parse
from ringtaw_coordinator.state.members import MEMBERS, Kind, Member
from ringtaw_coordinator.state.model import Deployment

Touched = Mapping[str, Iterable[str]]
"""By attribute of a deployment, the names of all entries that may differ."""

_BY_NAME = {member.name: member for member in MEMBERS}


def difference(old: Deployment, new: Deployment, touched: Touched | None = None) -> bytes:
    """Return what turns one state into the other.

    ``touched`` names the entries that a caller knows to be the only ones that may differ, so that
    the others need not be compared; other attributes are always looked at.
    """
    document: dict[str, object] = {}
    for member in MEMBERS:
        before, after = getattr(old, member.attribute), getattr(new, member.attribute)
        if before is after:
            continue
        if member.kind is Kind.ENTRIES:
            names = None if touched is None else touched.get(member.attribute)
            document[member.name] = _entries(member, before, after, names)
        elif member.kind is Kind.LOG:
            document[member.name] = _added(member, before, after)
        elif before != after:
            document[member.name] = member.encode(after)
    return json.dumps(document, separators=(",", ":")).encode()


def _entries(
    member: Member, old: Mapping[str, Any], new: Mapping[str, Any], names: Iterable[str] | None
) -> list[object]:
    names = {*old, *new} if names is None else names
    values = {
        name: member.encode(new[name])
        for name in names
        if name in new and (name not in old or old[name] != new[name])
    }
    return [values, [name for name in names if name in old and name not in new]]


def _added(member: Member, old: tuple[Any, ...], new: tuple[Any, ...]) -> list[object]:
    if new[: len(old)] != old:
        raise ValueError(f"{member.attribute} only grows")
    return [member.encode(element) for element in new[len(old) :]]


class Replay:
    """Makes changes to a state, one after the other."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._attributes: dict[str, Any] = {}

    def apply(self, change: bytes) -> None:
        """Make a change.

        Raises:
            ValueError: It was not written by this version; says what is wrong, and shows no value.
        """
        for name, value in parse(change, "a change to the state").items():
            member = _BY_NAME.get(name)
            if member is None:
                raise ValueError(f"a change to the state has an unknown member: {name}")
            try:
                self._apply(member, value)
            except (ValueError, TypeError):
                raise ValueError(f"a change to the state's {name} is malformed") from None

    def result(self) -> Deployment:
        """Return the state after all changes."""
        attributes: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in self._attributes.items()
        }
        return replace(self._deployment, **attributes)

    def _apply(self, member: Member, value: object) -> None:
        if member.kind is Kind.VALUE:
            self._attributes[member.attribute] = member.decode(value)
        elif member.kind is Kind.LOG:
            self._mutable(member, list).extend(member.decode_elements(value))
        else:
            values, gone = _pair(value)
            entries = self._mutable(member, dict)
            entries.update(member.decode_entries(values))
            for name in gone:
                entries.pop(name, None)

    def _mutable(self, member: Member, kind: type) -> Any:
        """Copy once what is then changed many times."""
        if member.attribute not in self._attributes:
            self._attributes[member.attribute] = kind(getattr(self._deployment, member.attribute))
        return self._attributes[member.attribute]


def _pair(value: object) -> tuple[object, list[str]]:
    if not isinstance(value, list) or len(value) != 2 or not isinstance(value[1], list):
        raise TypeError
    return value[0], value[1]
