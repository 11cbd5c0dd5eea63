"""Check all templates of a manifest before any Marble depends on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Final

from ringtaw_coordinator.errors import Problem
from ringtaw_coordinator.manifest.model import Content, Manifest, Marble, TLSTag
from ringtaw_coordinator.manifest.pointer import pointer
from ringtaw_coordinator.secrets.value import SecretValue
from ringtaw_coordinator.templates.marble import compile_content
from ringtaw_coordinator.templates.resolve import Insert, Reference, Target
from ringtaw_coordinator.templates.source import LocatedTemplateError
from ringtaw_coordinator.templates.stand_ins import stand_in_data
from ringtaw_coordinator.templates.template import MAX_OUTPUT, Template, TemplateData

MAX_ANSWER: Final = 4 * 1024 * 1024
"""Bytes of an activation answer: what gRPC implementations accept by default."""
PREDEFINED_SIZE: Final = 8 * 1024
"""Allowance for the MARBLE_PREDEFINED_* variables: four certificates and a key, in PEM."""
CONNECTION_SIZE: Final = 4 * 1024
"""Allowance for one connection in MARBLE_TTLS_CONFIG: two certificates and a key."""
_ENTRY_SIZE: Final = 16
"""Upper bound of the tags and lengths around one map entry (Protocol Buffers encoding)."""
_SECTIONS: Final = {Target.FILE: "Files", Target.ENV: "Env"}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong; ``path`` leads to it in a manifest with canonical keys."""

    path: tuple[str, ...]
    message: str
    hint: str = ""


def dry_run(manifest: Manifest, values: Mapping[str, SecretValue] | None = None) -> list[Problem]:
    """Render everything with stand-ins for secrets; return all that is wrong with it.

    ``values`` holds secrets that are known, by name; those are used as they are. Pointers have the
    canonical spelling of keys.
    """
    rehearsal = Rehearsal(stand_in_data(manifest.secrets, values or {}), manifest.tls)
    return [
        Problem(pointer(*finding.path), finding.message, finding.hint)
        for name, marble in manifest.marbles.items()
        for finding in rehearsal.marble(name, marble)
    ]


class Rehearsal:
    """Renders Marbles' parameters for what is wrong with them and how large they are."""

    def __init__(
        self, data: TemplateData, tls: Mapping[str, TLSTag], undecided: Set[str] = frozenset()
    ) -> None:
        """Take ``undecided`` as secrets of which nothing is known but the name."""
        self._data = data
        self._tls = tls
        self._undecided = undecided
        self._sizes: dict[tuple[str, Reference], int] = {}

    def marble(self, name: str, marble: Marble) -> Iterator[Finding]:
        """Yield what is wrong with one Marble's templates, and with its answer as a whole."""
        size = PREDEFINED_SIZE + CONNECTION_SIZE * self._connections(marble)
        size += sum(len(argument.encode()) + _ENTRY_SIZE for argument in marble.parameters.argv)
        for target, key, content in _contents(marble):
            path = ("Marbles", name, "Parameters", _SECTIONS[target], key)
            compilation = compile_content(name, target, key, content)
            problems = list(compilation.problems)
            size += len(key.encode()) + _ENTRY_SIZE
            size += self._size(compilation.template, problems)
            yield from (_finding(path, problem) for problem in problems)
            if target is Target.ENV and compilation.template.has_nul:
                yield Finding(path, "an environment variable cannot contain a NUL byte")
        if size > MAX_ANSWER:
            yield Finding(("Marbles", name), _too_large(size))

    def _connections(self, marble: Marble) -> int:
        tags = [self._tls[tag] for tag in marble.tls if tag in self._tls]
        return sum(len(tag.incoming) + len(tag.outgoing) for tag in tags)

    def _size(self, template: Template, found: list[LocatedTemplateError]) -> int:
        size = template.literal_size
        for insert in template.inserts():
            try:
                size += self._insert_size(template, insert)
            except LocatedTemplateError as problem:
                found.append(problem)
            if size > MAX_OUTPUT:
                break
        return size

    def _insert_size(self, template: Template, insert: Insert) -> int:
        key = (insert.function, insert.reference)
        if insert.reference.name in self._undecided:
            return 0
        if key not in self._sizes:
            self._sizes[key] = len(template.insert(insert, self._data))
        return self._sizes[key]


def _contents(marble: Marble) -> Iterator[tuple[Target, str, Content]]:
    for path, content in marble.parameters.files.items():
        yield Target.FILE, path, content
    for name, content in marble.parameters.env.items():
        yield Target.ENV, name, content


def _finding(path: tuple[str, ...], problem: LocatedTemplateError) -> Finding:
    position = f"template, {problem.line}:{problem.column}"
    return Finding(path, f"{position}: {problem.reason}", problem.hint)


def _too_large(size: int) -> str:
    return (
        f"what a Marble receives would be at least {size:,} bytes;"
        f" files, environment and arguments together may have {MAX_ANSWER:,}"
    )
