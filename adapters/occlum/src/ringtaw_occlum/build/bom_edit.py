"""Adds targets to a copy_bom file and leaves every other byte as its author wrote it."""

from __future__ import annotations

from ringtaw_buildkit.document import Document
from ringtaw_premain.errors import PlatformError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from ringtaw_occlum.build.copy_bom import compose, parse_copy_bom

TARGETS = "targets"


def target_lines(folder: str, *, whole: str = "", file: str = "") -> list[str]:
    """Return a target that copies what is in a folder, or one file."""
    if whole:
        return [f"- target: {folder}", "  copy:", f"    - from: {whole}"]
    return [f"- target: {folder}", "  copy:", "    - files:", f"        - {file}"]


def add_targets(document: Document, lines: list[str]) -> str:
    """Return the file's text with more targets at the end of those it has.

    Raises:
        PlatformError: They are written in a way that cannot be added to; says what to add.
    """
    text = document.text
    node = compose(document.path, text)
    existing = _value(node, TARGETS)
    if node is None or (isinstance(node, MappingNode) and existing is None):
        added = _after_last_line(
            text, len(text.splitlines()), [f"{TARGETS}:", *_indented(lines, 2)]
        )
    elif isinstance(existing, SequenceNode) and not existing.flow_style and existing.value:
        column = existing.start_mark.column
        added = _after_last_line(text, _last_line(existing) + 1, _indented(lines, column))
    else:
        raise _refused(document, lines)
    _require_added(document, added, lines)
    return added


def _value(node: Node | None, name: str) -> Node | None:
    if not isinstance(node, MappingNode):
        return None
    return next((value for key, value in node.value if key.value == name), None)


def _last_line(node: Node) -> int:
    """Return the line, from 0, that the last thing in a node ends on.

    A block's own end is where the next thing begins, with the comments before that.
    """
    if isinstance(node, MappingNode) and node.value and not node.flow_style:
        return _last_line(node.value[-1][1])
    if isinstance(node, SequenceNode) and node.value and not node.flow_style:
        return _last_line(node.value[-1])
    end: int = node.end_mark.line
    if isinstance(node, ScalarNode) and node.style in ("|", ">") and node.end_mark.column == 0:
        return end - 1
    return end


def _indented(lines: list[str], columns: int) -> list[str]:
    return [f"{' ' * columns}{line}" for line in lines]


def _after_last_line(text: str, number: int, lines: list[str]) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    all_lines = text.splitlines(keepends=True)
    head, tail = all_lines[:number], all_lines[number:]
    if head and not head[-1].endswith("\n"):
        head[-1] += newline
    return "".join([*head, *(f"{line}{newline}" for line in lines), *tail])


def _require_added(document: Document, text: str, lines: list[str]) -> None:
    """Compare data, not text: what was there must mean the same as before."""
    before = document.data if isinstance(document.data, dict) else {}
    new = parse_copy_bom(document.path, "\n".join(lines)).data
    expected = {**before, TARGETS: [*(before.get(TARGETS) or []), *new]}
    if parse_copy_bom(document.path, text).data != expected:
        raise _refused(document, lines)


def _refused(document: Document, lines: list[str]) -> PlatformError:
    text = "\n".join(lines)
    return PlatformError(
        f"{document.path}: its targets are written in a way that cannot be added to",
        hint=f"add these to them, and prepare again:\n{text}",
    )
