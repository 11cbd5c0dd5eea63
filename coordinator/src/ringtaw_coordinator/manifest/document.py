"""A manifest's JSON as a tree whose nodes know where they were in the text as it was sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from ringtaw_coordinator.manifest.pointer import pointer

_TYPES: Final[dict[type, str]] = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    int: "integer",
    type(None): "null",
}
_NO_MEMBERS: Final[Mapping[str, Node]] = MappingProxyType({})


class Node:
    """A JSON value; objects are dicts and arrays lists of nodes, keys in canonical spelling.

    ``token`` is the key or index as it was sent. ``invalid`` marks a value of the wrong shape:
    it is reported already, and what reads the tree takes it for absent.
    """

    __slots__ = ("invalid", "parent", "token", "value")

    def __init__(self, value: object, parent: Node | None = None, token: str | int = "") -> None:
        self.value = value
        self.parent = parent
        self.token = token
        self.invalid = False

    @property
    def pointer(self) -> str:
        """The JSON Pointer of this value in the manifest as it was sent."""
        tokens: list[str | int] = []
        node = self
        while node.parent is not None:
            tokens.append(node.token)
            node = node.parent
        return pointer(*reversed(tokens))

    @property
    def members(self) -> Mapping[str, Node]:
        """Members of an object; none for anything else."""
        return self.value if isinstance(self.value, dict) else _NO_MEMBERS

    @property
    def elements(self) -> Sequence[Node]:
        """Elements of an array; none for anything else."""
        return self.value if isinstance(self.value, list) else ()

    def get(self, key: str) -> Node | None:
        """Return a member that is there and valid."""
        node = self.members.get(key)
        return None if node is None or node.invalid else node

    def text(self, key: str) -> str:
        """Return a member's text, "" if absent."""
        node = self.get(key)
        return node.value if node is not None and isinstance(node.value, str) else ""

    def number(self, key: str) -> int | None:
        """Return a member's integer, None if absent."""
        node = self.get(key)
        return node.value if node is not None and isinstance(node.value, int) else None

    def flag(self, key: str) -> bool:
        """Return a member's truth value, False if absent."""
        node = self.get(key)
        return node is not None and node.value is True

    def array(self, key: str) -> Sequence[Node]:
        """Return a member's valid elements."""
        node = self.get(key)
        return [element for element in node.elements if not element.invalid] if node else ()

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the texts in a member's array."""
        return tuple(e.value for e in self.array(key) if isinstance(e.value, str))

    def entries(self, key: str) -> Mapping[str, Node]:
        """Return the entries of a member that maps names to values, valid or not."""
        node = self.get(key)
        return node.members if node is not None else _NO_MEMBERS

    def find(self, path: Sequence[str | int]) -> Node:
        """Return the node that ``path`` leads to, or the last one there is on the way."""
        node = self
        for token in path:
            child: Node | None = None
            if isinstance(token, str):
                child = node.members.get(token)
            elif token < len(node.elements):
                child = node.elements[token]
            if child is None:
                break
            node = child
        return node

    def plain(self) -> Any:
        """Return the value as plain dicts and lists."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


def json_type(value: object) -> str:
    """Return the JSON Schema name of a value's type."""
    return _TYPES.get(type(value), "number")
