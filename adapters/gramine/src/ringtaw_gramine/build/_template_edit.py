"""Edits of a template: values replaced, statements and elements added, the rest left as it is."""

from __future__ import annotations

import re
from typing import Final

from ringtaw_buildkit.document import DocumentError

from ._template_source import Header, Keys, Source, Span, Statement

_INDENT: Final = "  "


class Editor:
    """Collects edits of one text; :meth:`result` has them all.

    Every method raises DocumentError, with line and cure, where the edit would not be safe.
    """

    def __init__(self, path: str, text: str) -> None:
        self._source = Source(path, text)
        self._edits: list[tuple[int, int, str]] = []
        self._added: dict[int, list[str]] = {}

    def result(self) -> str:
        """Return the text with all edits."""
        text = self._source.text
        added = [(at, at, "".join(pieces)) for at, pieces in self._added.items()]
        for start, end, new in sorted([*self._edits, *added], reverse=True):
            text = text[:start] + new + text[end:]
        return text

    def raw(self, span: Span) -> str:
        """Return the user's own text."""
        return self._source.text[span[0] : span[1]]

    def find(self, *keys: str, cure: str = "") -> Statement | None:
        """Return the one statement that sets a key; None if there is none."""
        found = [each for each in self._source.statements if each.keys == keys]
        name = ".".join(keys)
        for statement in found:
            if self._source.is_conditional(statement.start) or len(found) > 1:
                message = f"{name} is set inside a Jinja block, or more than once"
                raise self._refused(statement.start, message, cure)
        for statement in self._source.statements:
            within = statement.keys == keys[: len(statement.keys)]
            if within and statement.keys != keys:
                parent = ".".join(statement.keys)
                raise self._refused(statement.start, f"{parent} is an inline table", cure)
        return found[0] if found else None

    def elements(self, statement: Statement) -> list[Span]:
        """Return the elements of the array that a statement sets."""
        if not self.raw(statement.value).startswith("["):
            raise self._refused(statement.start, f"{'.'.join(statement.keys)} is no plain array")
        return self._source.elements(statement.value)

    def set(self, keys: Keys, value: str) -> None:
        """Give a key a value, as TOML: in place of the one it has, or as a new statement."""
        statement = self.find(*keys, cure=f"set {'.'.join(keys)} = {value} there")
        if statement:
            self._replace(statement.value, value)
        else:
            self._add(keys, value)

    def prefix_string(self, statement: Statement, prefix: str, cure: str) -> None:
        """Put something before the content of the string that a statement sets."""
        raw = self.raw(statement.value)
        if raw[:1] not in ('"', "'") or raw[:3] in ('"""', "'''"):
            raise self._refused(statement.start, f"{'.'.join(statement.keys)} is no string", cure)
        at = statement.value[0] + 1
        self._edits.append((at, at, prefix))

    def replace_key(self, statement: Statement, name: str, value: str) -> None:
        """Put another key of the same table, with its value, in the place of one."""
        key = self._source.masked[statement.start : statement.value[0]]
        at = statement.start + key.rfind(statement.keys[-1])
        self._replace((at, statement.value[1]), f"{name} = {value}")

    def remove(self, statement: Statement) -> None:
        """Take a statement out, with its line if it stands there alone."""
        source, (start, end) = self._source, (statement.start, statement.value[1])
        begin = source.text.rfind("\n", 0, start) + 1
        stop = source.line_end(end)
        is_alone = not source.text[begin:start].strip() and not source.text[end:stop].strip()
        self._replace((begin, min(stop + 1, len(source.text))) if is_alone else (start, end), "")

    def replace_element(self, keys: Keys, pattern: re.Pattern[str], new: str) -> bool:
        """Replace the first element of an array that has the pattern, if there is one.

        One that is in a Jinja block stays.
        """
        statement = self.find(*keys)
        for span in self.elements(statement) if statement else ():
            if pattern.search(self.raw(span)) and not self._source.is_conditional(span[0]):
                self._replace(span, new)
                return True
        return False

    def refused(self, statement: Statement, message: str, cure: str) -> DocumentError:
        """Return the error that a statement cannot be edited."""
        return self._refused(statement.start, message, cure)

    def append(self, keys: Keys, elements: list[str], table: list[str]) -> None:
        """Add elements to an array, or make it; ``table`` is the body of each as ``[[table]]``."""
        cure = f"add to {'.'.join(keys)}: {', '.join(elements)}"
        headers = [h for h in self._source.headers if h.is_element and h.keys == keys]
        if headers:
            self._append_tables(headers[-1], keys, table, cure)
            return
        statement = self.find(*keys, cure=cure)
        if statement is None:
            lines = "".join(f"{_INDENT}{element},\n" for element in elements)
            self._add(keys, f"[\n{lines}]")
        else:
            self._append_elements(statement, elements, cure)

    def _append_elements(self, statement: Statement, elements: list[str], cure: str) -> None:
        spans = self.elements(statement)
        start, end = statement.value
        if not spans:
            lines = "".join(f"\n{_INDENT}{element}," for element in elements)
            close = "" if "\n" in self.raw(statement.value) else "\n"
            self._insert(start + 1, lines + close, cure)
            return
        masked = self._source.masked
        if any(self._source.is_conditional(span[0]) for span in spans[-1:]):
            self._prepend_elements(statement, spans[0], elements, cure)
            return
        last = spans[-1][1]
        comma = masked.find(",", last, end)
        has_comma = comma != -1 and not masked[last:comma].strip()
        after = comma + 1 if has_comma else last
        if "\n" not in masked[after:end]:
            pieces = (f" {each}," if has_comma else f", {each}" for each in elements)
            self._insert(after, "".join(pieces), cure)
            return
        if not has_comma:
            self._insert(last, ",", cure)
        indent = self._indent(spans[-1][0])
        lines = "".join(f"\n{indent}{element}," for element in elements)
        self._insert(self._source.line_end(after), lines, cure)

    def _prepend_elements(
        self, statement: Statement, first: Span, elements: list[str], cure: str
    ) -> None:
        at = statement.value[0] + 1
        if "\n" in self.raw((at, first[0])):
            at = self._source.line_end(at)
            lines = "".join(f"\n{_INDENT}{element}," for element in elements)
            self._insert(at, lines, cure)
        else:
            self._insert(at, "".join(f" {element}," for element in elements), cure)

    def _append_tables(self, last: Header, keys: Keys, bodies: list[str], cure: str) -> None:
        end = next(start for start in self._source.table_starts if start > last.start)
        inside = [s for s in self._source.statements if last.start < s.start < end]
        at = self._source.line_end(inside[-1].value[1] if inside else last.end)
        name = ".".join(keys)
        self._insert(at, "".join(f"\n\n[[{name}]]\n{body}" for body in bodies), cure)

    def _add(self, keys: Keys, value: str) -> None:
        """Add a statement beside its nearest relatives."""
        cure = f"add {'.'.join(keys)} = {value}"
        table, begin, end = self._table(keys)
        inside = [
            statement
            for statement in self._source.statements
            if begin <= statement.start < end and not self._source.is_conditional(statement.start)
        ]
        relatives = max((_common(s.keys, keys) for s in inside), default=0)
        near = [s for s in inside if _common(s.keys, keys) == relatives]
        text = f"{'.'.join(keys[len(table) :])} = {value}"
        if near:
            self._insert(self._source.line_end(near[-1].value[1]), f"\n{text}", cure)
        elif table:
            self._insert(self._source.line_end(begin), f"\n{text}", cure)
        else:
            self._insert(0, f"{text}\n", cure)

    def _table(self, keys: Keys) -> tuple[Keys, int, int]:
        """Return the innermost table that has, or is to have, a key, and where it reaches."""
        starts = self._source.table_starts
        best: tuple[Keys, int, int] = ((), 0, starts[0])
        for header, end in zip(self._source.headers, starts[1:], strict=True):
            is_around = header.keys == keys[: len(header.keys)] and len(header.keys) < len(keys)
            if is_around and not header.is_element and len(header.keys) > len(best[0]):
                best = (header.keys, header.start, end)
        return best

    def _insert(self, at: int, text: str, cure: str) -> None:
        if self._source.is_conditional(at):
            raise self._refused(at, "what is needed here would stand inside a Jinja block", cure)
        self._added.setdefault(at, []).append(text)

    def _replace(self, span: Span, new: str) -> None:
        self._edits.append((*span, new))

    def _indent(self, at: int) -> str:
        line = self._source.text[self._source.text.rfind("\n", 0, at) + 1 : at]
        return line if line and not line.strip() else _INDENT

    def _refused(self, at: int, message: str, cure: str = "") -> DocumentError:
        if cure:
            return self._source.problem(at, message, f"by hand: {cure}")
        return self._source.problem(at, message)


def _common(one: Keys, other: Keys) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count
