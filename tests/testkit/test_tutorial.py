"""docs/writing-an-adapter.md is followed step by step, by its own commands and code.

A block of Python with ``file=PATH`` is that file, or with ``replaces=NAME`` takes the place of one
function, method or constant in it. A block of text after commands is in what they print; ``…``
stands for anything.
"""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

from tests.support.documentation import PROJECT, Block, blocks
from tests.testkit.conftest import Workshop

PAGE = PROJECT / "docs/writing-an-adapter.md"


def test_it_can_be_followed(workshop: Workshop) -> None:
    directory, printed = workshop.directory, ""
    for block in blocks(PAGE):
        if block.language == "sh":
            directory, printed = run(workshop, block.body, directory)
        elif block.language == "python":
            edit(directory / block.attributes["file"], block)
        elif printed:
            assert_printed(block.body, printed)
            printed = ""


def run(workshop: Workshop, script: str, directory: Path) -> tuple[Path, str]:
    """Run commands; return where they end, and what they print."""
    where = workshop.binaries / "where"
    done = subprocess.run(
        ["sh", "-eu"],
        input=f"{script}\npwd > {where}\n",
        cwd=directory,
        env=workshop.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n---\n{done.stdout}"
    return Path(where.read_text().strip()), done.stdout


def edit(path: Path, block: Block) -> None:
    """Write a file, or one definition in it."""
    if name := block.attributes.get("replaces"):
        lines = path.read_text().splitlines(keepends=True)
        begin, end = place_of(name, "".join(lines))
        path.write_text("".join([*lines[:begin], block.body, *lines[end:]]))
    else:
        path.write_text(block.body)


def place_of(name: str, source: str) -> tuple[int, int]:
    """Return the lines of a definition, with its decorators and the text that documents it."""
    for parent in ast.walk(ast.parse(source)):
        body = getattr(parent, "body", [])
        for node, following in zip(body, [*body[1:], None], strict=False):
            if defined(node) == name:
                decorators = getattr(node, "decorator_list", [])
                first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
                documented = isinstance(following, ast.Expr) and isinstance(node, ast.AnnAssign)
                last = following if documented else node
                return first - 1, last.end_lineno or 0
    raise AssertionError(f"{name} is not defined")


def defined(node: ast.AST) -> str:
    if isinstance(node, ast.FunctionDef):
        return node.name
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id
    return ""


def assert_printed(expected: str, printed: str) -> None:
    words = " ".join(printed.split())
    for line in expected.splitlines():
        for part in line.split("…"):
            assert " ".join(part.split()) in words, f"{part!r} is not in\n{printed}"
