"""Collects what is wrong with a manifest, with bounded size."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from ringtaw_coordinator.errors import ManifestError, Problem
from ringtaw_coordinator.manifest.document import Node
from ringtaw_coordinator.names import did_you_mean

Value = TypeVar("Value")
MAX_PROBLEMS: Final = 100
"""Problems (and likewise warnings) that are listed; the rest is counted."""
_MAX_POINTER: Final = 300
"""Characters of a pointer that are shown."""


class Findings:
    """A bounded list of problems without repetitions."""

    def __init__(self) -> None:
        self._problems: dict[Problem, None] = {}
        self._more = 0

    def __bool__(self) -> bool:
        return bool(self._problems)

    @property
    def full(self) -> bool:
        """Whether further problems are only counted, so that details would be wasted."""
        return len(self._problems) >= MAX_PROBLEMS

    def add(self, at: Node, message: str, hint: str) -> None:
        """Take note of a problem unless it is known."""
        if self.full:
            self._more += 1
        else:
            self._problems[Problem(_short(at.pointer), message, hint)] = None

    def listed(self) -> tuple[Problem, ...]:
        """Return the problems in the order found; the last says how many are left out."""
        problems = tuple(self._problems)
        if not self._more:
            return problems
        return (*problems, Problem("", f"and at least {self._more:,} more"))


class Report:
    """Errors and warnings about one manifest."""

    def __init__(self) -> None:
        self._errors = Findings()
        self._warnings = Findings()

    @property
    def full(self) -> bool:
        """Whether further errors are only counted."""
        return self._errors.full

    def error(self, at: Node, message: str, hint: str = "") -> None:
        """Note that the manifest cannot be accepted because of the value ``at``."""
        self._errors.add(at, message, hint)

    def warning(self, at: Node, message: str, hint: str = "") -> None:
        """Note something the user should look at."""
        self._warnings.add(at, message, hint)

    def unknown(self, at: Node, message: str, name: str, known: Iterable[str]) -> None:
        """Note that ``name`` is none of ``known``, with the nearest of them."""
        self.error(at, message, "" if self.full else did_you_mean(name, known))

    def parsed(self, node: Node | None, parse: Callable[[Node], Value]) -> Value | None:
        """Return what ``parse`` makes of a value; report a ValueError as being about it."""
        if node is None:
            return None
        try:
            return parse(node)
        except ValueError as error:
            node.invalid = True
            self.error(node, str(error))
            return None

    def warnings(self) -> tuple[Problem, ...]:
        """Return the warnings."""
        return self._warnings.listed()

    def raise_errors(self) -> None:
        """End here if there are errors.

        Raises:
            ManifestError: It lists them.
        """
        if self._errors:
            raise ManifestError(self._errors.listed())


def _short(text: str) -> str:
    return text if len(text) <= _MAX_POINTER else text[: _MAX_POINTER - 1] + "…"
