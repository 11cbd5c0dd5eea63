"""Renders a Gramine manifest template as Gramine would, and remembers where each line came from.

Jinja forgets lines when it renders, so each piece of the template's text puts a mark with its line
before what it prints; the marks are taken out afterwards. Rendering is sandboxed and sees only
stand-ins. A variable that was not given prints as itself: ``{{ name }}``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Final

import jinja2
from jinja2 import nodes
from jinja2.sandbox import SandboxedEnvironment
from ringtaw_buildkit.document import MAX_SIZE, DocumentError

from .stand_ins import template_globals
from .unknown import mentions, recorder

_MARK: Final = re.compile(r"\x00(\d+)\x00")
_BARE: Final = re.compile(r"(=\s*)(\{\{ [^}\n]* \}\})([ \t]*(?:#.*)?)$")
"""A variable that is a whole value, as in ``sgx.max_threads = {{ threads }}``."""
_CAPTURING: Final = (nodes.Macro, nodes.CallBlock, nodes.FilterBlock, nodes.AssignBlock)
"""What is printed in these is not output yet, and must stay as it is."""
_CURE: Final = "correct the Jinja expression there"


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a template gives."""

    text: str
    origins: tuple[int, ...]
    """For each line of the text, the template's line, from 1."""
    unknown: Mapping[str, int | None]
    """Variables that were used and not given, with a line that mentions each."""


class TemplateError(DocumentError):
    """A template cannot be rendered."""


def is_unknown(text: str) -> bool:
    """Whether a rendered text depends on what was not given, or not looked up."""
    return "{{ " in text


def render(path: str, text: str, variables: Mapping[str, str]) -> Rendered:
    """Render a template.

    Raises:
        TemplateError: It is not Jinja, or an expression in it fails.
    """
    if "\x00" in text:
        before = text.count("\n", 0, text.index("\x00"))
        raise TemplateError(path, before + 1, "there is a NUL character", "remove it")
    try:
        return _render(path, text, variables)
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(path, error.lineno, f"not Jinja: {error.message}", _CURE) from None
    except DocumentError:
        raise
    except Exception as error:  # expressions are programs: they fail with anything
        line = _failed_line(error.__traceback__)
        raise TemplateError(path, line, f"{type(error).__name__}: {error}", _CURE) from None


def _render(path: str, text: str, variables: Mapping[str, str]) -> Rendered:
    unknown: dict[str, None] = {}
    environment = SandboxedEnvironment(
        undefined=recorder(unknown), keep_trailing_newline=True, autoescape=False
    )
    environment.globals.update(template_globals(variables))
    tree = environment.parse(text)
    lines = mentions(tree)
    _mark(tree)
    template = environment.from_string(tree)
    rendered = _limited(path, template.generate(dict(variables)))
    texts, origins = zip(*_unmarked(rendered), strict=True)
    return Rendered("\n".join(texts), origins, {name: lines.get(name) for name in unknown})


def _mark(node: nodes.Node) -> None:
    if isinstance(node, nodes.Output):
        node.nodes = [marked for child in node.nodes for marked in _marked(child)]
        return
    for child in node.iter_child_nodes():
        if not isinstance(child, _CAPTURING):
            _mark(child)


def _marked(child: nodes.Expr) -> Iterator[nodes.Expr]:
    if not isinstance(child, nodes.TemplateData):
        yield nodes.TemplateData(f"\x00{child.lineno}\x00")
        yield child
        return
    for number, line in enumerate(child.data.split("\n")):
        ending = "\n" if number else ""
        yield nodes.TemplateData(f"{ending}\x00{child.lineno + number}\x00{line}")


def _limited(path: str, pieces: Iterator[str]) -> str:
    rendered, size = [], 0
    for piece in pieces:
        size += len(piece)
        if size > MAX_SIZE:
            raise TemplateError(path, None, f"renders more than {MAX_SIZE >> 20} MiB", _CURE)
        rendered.append(piece)
    return "".join(rendered)


def _unmarked(rendered: str) -> Iterator[tuple[str, int]]:
    """Yield each line without its marks, and the origin of its first character that shows."""
    current = 1
    for line in rendered.split("\n"):
        origin = current
        for mark in _MARK.finditer(line):
            current = int(mark[1])
            if not _MARK.sub("", line[: mark.start()]).strip():
                origin = current
        yield _BARE.sub(r'\1"\2"\3', _MARK.sub("", line)), origin


def _failed_line(trace: TracebackType | None) -> int | None:
    line = None
    while trace:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
