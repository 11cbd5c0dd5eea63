"""The templates of one kind of Marble."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from ringtaw_coordinator.manifest.model import Content, Parameters
from ringtaw_coordinator.names import quoted
from ringtaw_coordinator.templates.compiler import Compilation, compile_all
from ringtaw_coordinator.templates.resolve import Target
from ringtaw_coordinator.templates.source import Source
from ringtaw_coordinator.templates.template import Template, TemplateData

_WHAT: Final = {Target.FILE: "file", Target.ENV: "environment variable"}


def compile_content(marble: str, target: Target, name: str, content: Content) -> Compilation:
    """Compile one file or environment variable; not a template means literal data."""
    where = f"Marble {quoted(marble)}, {_WHAT[target]} {quoted(name)}"
    if not content.is_template:
        return Compilation(Template(Source(b"", where), (content.data,)), ())
    return compile_all(content.data, target, where)


class MarbleTemplates:
    """A Marble's files and environment, compiled once and rendered at each activation."""

    def __init__(self, marble: str, parameters: Parameters) -> None:
        """Compile everything.

        Raises:
            LocatedTemplateError: The first mistake; none in a manifest that was accepted.
        """
        self._files = _compile(marble, Target.FILE, parameters.files)
        self._env = _compile(marble, Target.ENV, parameters.env)
        self.secrets: Final = frozenset[str]().union(*(t.secrets for t in self._templates()))
        """Names of the secrets whose current values :meth:`render` needs."""
        self.previous_secrets: Final = frozenset[str]().union(
            *(t.previous_secrets for t in self._templates())
        )
        """Names of the secrets whose previous values :meth:`render` needs."""

    def _templates(self) -> Iterator[Template]:
        yield from self._files.values()
        yield from self._env.values()

    def render(self, data: TemplateData) -> tuple[dict[str, bytes], dict[str, bytes]]:
        """Return files by path and environment by name.

        Raises:
            LocatedTemplateError: A secret has no value, or an output is too large.
        """
        files = {path: template.execute(data) for path, template in self._files.items()}
        return files, {name: template.execute(data) for name, template in self._env.items()}


def _compile(marble: str, target: Target, contents: Mapping[str, Content]) -> dict[str, Template]:
    templates = {}
    for name, content in contents.items():
        compilation = compile_content(marble, target, name, content)
        for problem in compilation.problems:
            raise problem
        templates[name] = compilation.template
    return templates
