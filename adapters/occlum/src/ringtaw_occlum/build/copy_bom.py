"""Reads what Occlum's tool copy_bom puts into an image, with positions.

Source: Occlum, tools/copy_bom/src/bom.rs. Paths to copy are from the folder that holds the image,
which is the instance's.
"""

from __future__ import annotations

import os
import posixpath
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ringtaw_buildkit.document import Document, DocumentError, read_text
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from ringtaw_occlum.build.paths import normal

MAX_SIZE: Final = 128 << 10
"""Bytes; YAML is slow to read, and files of people are far smaller."""

_CURE: Final = "correct the YAML syntax there"
_WORDS: Final = {
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Copied:
    """Something that goes from the host into the image."""

    target: str
    """Absolute path in the image."""
    source: str
    """As the file says, after ``from``."""
    is_folder: bool
    keys: tuple[str | int, ...]


def read_copy_bom(path: str) -> Document:
    """Read a copy_bom file.

    Raises:
        PlatformError: It cannot be read; DocumentError: it is no YAML that copy_bom would take.
    """
    text = read_text(path)
    if len(text) > MAX_SIZE:
        cure = "name a copy_bom file"
        raise DocumentError(path, None, f"larger than {MAX_SIZE >> 10} KiB", cure)
    return parse_copy_bom(path, text)


def parse_copy_bom(path: str, text: str) -> Document:
    """Return YAML text as a document.

    Raises:
        DocumentError: It is not YAML, has a key twice, or has what a configuration need not have:
            anchors, several documents, tags.
    """
    node = compose(path, text)
    lines: dict[tuple[str | int, ...], int] = {(): 1}
    data = None if node is None else _Reader(path, lines).value(node, ())
    return Document(path, text, data, lines)


def compose(path: str, text: str) -> Node | None:
    """Return the YAML's nodes, None for an empty file.

    Raises:
        DocumentError: It is not YAML.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", ReusedAnchorWarning)
            node: Node | None = YAML(typ="safe", pure=True).compose(text)
    except ReusedAnchorWarning:
        raise DocumentError(path, None, "has an anchor twice", _CURE) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "is not YAML"
        raise DocumentError(path, mark.line + 1 if mark else None, problem, _CURE) from None
    except YAMLError as error:
        first = str(error).splitlines()[0] if str(error) else "is not YAML"
        raise DocumentError(path, None, first, _CURE) from None
    except RecursionError:
        raise DocumentError(path, None, "nested too deeply", _CURE) from None
    return node


def copied(document: Document) -> Iterator[Copied]:
    """Yield what a file copies; what the JSON Schema refuses is left out."""
    for at, target in enumerate(_list(document.data, "targets")):
        folder = _text(target, "target")
        if not folder:
            continue
        for number, source in enumerate(_list(target, "copy")):
            keys = ("targets", at, "copy", number)
            yield from _from_source(normal(folder), source, keys)


def made(document: Document) -> Iterator[str]:
    """Yield the absolute paths of the links that a file makes."""
    for target in _list(document.data, "targets"):
        for link in _list(target, "createlinks"):
            if (name := _text(link, "linkname")) and (folder := _text(target, "target")):
                yield posixpath.join(normal(folder), name)


def _from_source(folder: str, source: Any, keys: tuple[str | int, ...]) -> Iterator[Copied]:
    origin = _text(source, "from")
    files, folders = _list(source, "files"), _list(source, "dirs")
    if origin and not files and not folders:
        yield Copied(folder, origin, True, (*keys, "from"))
    for at, file in enumerate(files):
        name = file if isinstance(file, str) else _text(file, "name")
        if name:
            called = _text(file, "rename") or posixpath.basename(name)
            target, place = posixpath.join(folder, called), (*keys, "files", at)
            yield Copied(target, posixpath.join(origin, name), False, place)
    for at, name in enumerate(folders):
        if isinstance(name, str):
            target = (
                folder if name.endswith("/") else posixpath.join(folder, os.path.basename(name))
            )
            yield Copied(target, posixpath.join(origin, name), True, (*keys, "dirs", at))


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns nodes into plain data as YAML 1.2's core schema does, numbers left as text's own."""

    path: str
    lines: dict[tuple[str | int, ...], int]

    def value(self, node: Node, keys: tuple[str | int, ...]) -> Any:
        if node.anchor:
            raise self._problem(node, "has an anchor")
        self.lines.setdefault(keys, node.start_mark.line + 1)
        match node:
            case MappingNode():
                return self._mapping(node, keys)
            case SequenceNode():
                return [self.value(item, (*keys, at)) for at, item in enumerate(node.value)]
            case ScalarNode():
                return self._scalar(node)
        raise self._problem(node, "is of an unknown kind")

    def _mapping(self, node: MappingNode, keys: tuple[str | int, ...]) -> dict[str, Any]:
        members: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            if not isinstance(key_node, ScalarNode) or key in members:
                raise self._problem(key_node, "is a key that is there already or no text")
            self.lines[*keys, key] = key_node.start_mark.line + 1
            members[key] = self.value(value_node, (*keys, key))
        return members

    def _scalar(self, node: ScalarNode) -> Any:
        if node.style is not None:  # quoted, or a block
            return node.value
        if node.value in _WORDS:
            return _WORDS[node.value]
        for kind in (int, float):
            try:
                return kind(node.value) if len(node.value) < 20 else node.value
            except ValueError:
                continue
        return node.value

    def _problem(self, node: Node, what: str) -> DocumentError:
        line = node.start_mark.line + 1
        return DocumentError(self.path, line, f"{what}: not for a copy_bom file", "write it out")


def _list(value: Any, key: str) -> list[Any]:
    found = value.get(key) if isinstance(value, Mapping) else None
    return found if isinstance(found, list) else []


def _text(value: Any, key: str) -> str:
    found = value.get(key) if isinstance(value, Mapping) else None
    return found if isinstance(found, str) else ""
