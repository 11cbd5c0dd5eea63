"""From JSON as Go programs send it to a tree with canonical keys and without zero values.

Source: https://pkg.go.dev/encoding/json (matching of keys, treatment of null).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ringtaw_coordinator.manifest.document import Node, json_type
from ringtaw_coordinator.manifest.reader import Members, OddNumber
from ringtaw_coordinator.manifest.report import Report
from ringtaw_coordinator.manifest.shape import Shape, fold
from ringtaw_coordinator.names import quoted

_ZERO_OF_NULL: Final[tuple[tuple[str, Callable[[], object]], ...]] = (
    ("string", str),
    ("object", Members),
    ("array", list),
    ("integer", int),
    ("boolean", bool),
)
_ANYTHING: Final = Shape()


def normalise(value: object, shape: Shape, report: Report) -> Node:
    """Return the tree of a manifest; duplicate and unknown keys go to ``report``."""
    return _Normaliser(report).node(value, shape, None, "")


class _Normaliser:
    def __init__(self, report: Report) -> None:
        self._report = report

    def node(self, value: object, shape: Shape, parent: Node | None, token: str | int) -> Node:
        node = Node(_zero(shape) if value is None else value, parent, token)
        if isinstance(node.value, Members):
            node.value = self._object(node.value, shape, node)
        elif isinstance(node.value, list):
            elements = shape.elements or _ANYTHING
            node.value = [self.node(v, elements, node, i) for i, v in enumerate(node.value)]
        elif isinstance(node.value, str):
            self._check_text(node.value, node)
            if shape.any_case:
                node.value = shape.any_case.get(fold(node.value), node.value)
        return node

    def _object(self, members: Members, shape: Shape, node: Node) -> dict[str, Node]:
        if shape.fields:
            return self._struct(members, shape, node)
        result: dict[str, Node] = {}
        for key, value in members:
            child = self.node(value, shape.entries or _ANYTHING, node, key)
            self._check_text(key, child)
            if key in result:
                self._duplicate(child, key, key)
            result.setdefault(key, child)
        return result

    def _struct(self, members: Members, shape: Shape, node: Node) -> dict[str, Node]:
        result: dict[str, Node] = {}
        seen: dict[str, str] = {}
        for key, value in members:
            folded = fold(key)
            canonical, field = shape.fields.get(folded, (key, _ANYTHING))
            child = self.node(value, field, node, key)
            if folded in seen:
                self._duplicate(child, key, seen[folded])
            elif folded not in shape.fields:
                self._unknown(child, key, shape)
            elif value is not None and not _is_absent(child.value, field):
                result[canonical] = child
            seen.setdefault(folded, key)
        return result

    def _duplicate(self, at: Node, key: str, earlier: str) -> None:
        same = "" if key == earlier else f"; keys here match {quoted(earlier)} in any letter case"
        self._report.error(at, f"{quoted(key)} is there twice{same}")

    def _unknown(self, at: Node, key: str, shape: Shape) -> None:
        known = [canonical for canonical, _ in shape.fields.values()]
        if shape.unknown_is_warning:
            self._report.warning(at, f"{quoted(key)} is not known here and ignored")
        else:
            self._report.unknown(at, f"{quoted(key)} is not known here", key, known)

    def _check_text(self, text: str, at: Node) -> None:
        try:
            text.encode()
        except UnicodeEncodeError:
            at.invalid = True
            self._report.error(at, "half of a surrogate pair is no character")


def _zero(shape: Shape) -> object:
    """Return what Go makes of null in a map or array: the zero value of the type there."""
    return next((zero() for name, zero in _ZERO_OF_NULL if name in shape.types), None)


def _is_absent(value: object, field: Shape) -> bool:
    if field.ignored or value is None:
        return True
    if value or isinstance(value, OddNumber):
        return False
    if (value == [] and field.empty_is_value) or (value == 0 and field.zero_is_value):
        return False
    return not field.types or json_type(value) in field.types
