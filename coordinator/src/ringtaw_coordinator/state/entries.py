"""A large table that never changes: another one with one entry more shares nearly all of it.

Entries lie in :data:`BUCKETS` dictionaries by their name's hash. A new table copies one of them and
the list of all: about a thousand references each, where there are a million entries.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping
from itertools import chain
from typing import Final, TypeVar

BUCKETS: Final = 1024
"""A power of two, near the square root of the entries that there may be."""

V = TypeVar("V")


class Entries(Mapping[str, V]):
    """Values by name."""

    __slots__ = ("_buckets", "_size")

    def __init__(self, buckets: tuple[dict[str, V], ...], size: int) -> None:
        """Take what the methods below have made."""
        self._buckets = buckets
        self._size = size

    @classmethod
    def of(cls, entries: Mapping[str, V]) -> Entries[V]:
        """Return the same entries, at once if they are in this form already."""
        if isinstance(entries, Entries):
            return entries
        buckets: tuple[dict[str, V], ...] = tuple({} for _ in range(BUCKETS))
        for name, value in entries.items():
            buckets[hash(name) % BUCKETS][name] = value
        return cls(buckets, len(entries))

    def with_entries(self, entries: Mapping[str, V]) -> Entries[V]:
        """Return these entries with some others, in the place of those of the same names."""
        buckets, size = list(self._buckets), self._size
        for name, value in entries.items():
            number = hash(name) % BUCKETS
            changed = {**buckets[number], name: value}
            size += len(changed) - len(buckets[number])
            buckets[number] = changed
        return Entries(tuple(buckets), size)

    def __getitem__(self, name: str) -> V:
        return self._buckets[hash(name) % BUCKETS][name]

    def __iter__(self) -> Iterator[str]:
        return chain.from_iterable(self._buckets)

    def __len__(self) -> int:
        return self._size

    def items(self) -> ItemsView[str, V]:
        """Return all entries, as a dictionary does."""
        return _Items(self)

    def in_buckets(self) -> tuple[Mapping[str, V], ...]:
        """Return the parts of the table."""
        return self._buckets


class _Items(ItemsView[str, V]):
    """Goes through whole buckets: by way of the names it would take three times as long."""

    _mapping: Entries[V]

    def __iter__(self) -> Iterator[tuple[str, V]]:
        return chain.from_iterable(bucket.items() for bucket in self._mapping.in_buckets())
