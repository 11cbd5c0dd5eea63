"""A template's variable that was not given: prints as itself, whatever is done with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import jinja2
from jinja2 import nodes
from jinja2.exceptions import SecurityError

from .stand_ins import ENVIRONMENT, Environment

_NOT_OURS: Final = ("__", "unsafe_callable", "alters_data")  # the sandbox asks for these


class Unknown(jinja2.Undefined):
    """Base of the class that :func:`recorder` makes for one rendering."""

    __slots__ = ()

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        if issubclass(self._undefined_exception, SecurityError):
            raise self._undefined_exception(self._undefined_message)

    def _used(self) -> str:
        raise NotImplementedError

    def __str__(self) -> str:
        return f"{{{{ {self._used()} }}}}"

    def __getattr__(self, name: str) -> Any:
        if name.startswith(_NOT_OURS):
            raise AttributeError(name)
        return self

    def __getitem__(self, _key: object) -> Any:
        return self

    def __call__(self, *_: object, **__: object) -> Any:  # noqa: D102 - an expression's, not ours
        return self

    def __bool__(self) -> bool:
        self._used()
        return False

    def __iter__(self) -> Iterator[Any]:
        self._used()
        return iter(())

    def __len__(self) -> int:
        self._used()
        return 0

    def __int__(self) -> int:  # type: ignore[override]  # jinja2 raises here
        self._used()
        return 0

    def __eq__(self, _other: object) -> bool:
        self._used()
        return False

    def __hash__(self) -> int:
        return id(self)

    def _text(self, other: object) -> str:
        return f"{self}{other}"

    def _compare(self, _other: object) -> bool:
        self._used()
        return False

    __add__ = _text  # type: ignore[assignment]  # jinja2 raises here
    __lt__ = __le__ = __gt__ = __ge__ = _compare  # type: ignore[assignment]  # likewise


def recorder(unknown: dict[str, None]) -> type[Unknown]:
    """Return the class of unknown variables that notes those which are used."""

    class Recorded(Unknown):
        __slots__ = ()

        def _used(self) -> str:
            inside = ENVIRONMENT if isinstance(self._undefined_obj, Environment) else ""
            name = f"{inside}{self._undefined_name}"
            unknown[name] = None
            return name

    return Recorded


def mentions(tree: nodes.Template) -> Mapping[str, int]:
    """Return the first line at which each variable, or ``env.NAME``, is mentioned."""
    lines: dict[str, int] = {}
    for node in tree.find_all((nodes.Name, nodes.Getattr, nodes.Getitem)):
        name = _name(node)
        lines[name] = min(node.lineno, lines.get(name, node.lineno))
    return lines


def _name(node: nodes.Node) -> str:
    match node:
        case nodes.Name():
            return node.name
        case nodes.Getattr():
            return f"{_name(node.node)}.{node.attr}"
        case nodes.Getitem() if isinstance(node.arg, nodes.Const):
            return f"{_name(node.node)}.{node.arg.value}"
    return ""
