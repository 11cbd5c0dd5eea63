"""From a template's source to a template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ringtaw_coordinator.templates.parser import Parser, Pipeline, Text
from ringtaw_coordinator.templates.resolve import Insert, Resolver, Target
from ringtaw_coordinator.templates.source import LocatedTemplateError, Source
from ringtaw_coordinator.templates.template import Template

MAX_ACTIONS: Final = 10_000
"""Actions ({{ … }}) in one template."""
MAX_MISTAKES: Final = 20
"""Mistakes in one template after which the rest of it is not looked at."""


@dataclass(frozen=True, slots=True)
class Compilation:
    """A template and all mistakes in it; what is mistaken is left out of the template."""

    template: Template
    problems: tuple[LocatedTemplateError, ...]


def compile_template(source: bytes, target: Target, where: str) -> Template:
    """Compile a template; ``where`` names the Marble and its file or variable for messages.

    Raises:
        LocatedTemplateError: The first mistake in it.
    """
    compilation = compile_all(source, target, where)
    for problem in compilation.problems:
        raise problem
    return compilation.template


def compile_all(source: bytes, target: Target, where: str) -> Compilation:
    """Compile a template, going on after a mistake as long as the syntax is right."""
    if b"{{" not in source:
        return Compilation(Template(Source(b"", where), (source,)), ())
    return _Compiler(Source(source, where), target).compile()


class _Compiler:
    def __init__(self, source: Source, target: Target) -> None:
        self._source = source
        self._resolver = Resolver(source, target)
        self._segments: list[bytes | Insert] = []
        self._problems: list[LocatedTemplateError] = []

    def compile(self) -> Compilation:
        try:
            self._walk()
        except LocatedTemplateError as problem:
            self._problems.append(problem)
        template = Template(self._source, tuple(self._segments))
        return Compilation(template, tuple(self._problems))

    def _walk(self) -> None:
        actions = 0
        for node in Parser(self._source).parse():
            if isinstance(node, Text):
                self._literal(node.value)
                continue
            actions += 1
            if actions > MAX_ACTIONS:
                raise self._source.problem(node.offset, f"more than {MAX_ACTIONS:,} actions")
            self._action(node)
            if len(self._problems) >= MAX_MISTAKES:
                return

    def _action(self, pipeline: Pipeline) -> None:
        try:
            result = self._resolver.action(pipeline)
        except LocatedTemplateError as problem:
            self._problems.append(problem)
            return
        if isinstance(result, Insert):
            self._segments.append(result)
        else:
            self._literal(result)

    def _literal(self, text: str) -> None:
        self._segments.append(text.encode("utf-8", "surrogateescape"))
