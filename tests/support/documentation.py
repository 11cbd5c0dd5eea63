"""Reading the commands out of the documentation.

A fenced block with the info string ``sh`` holds commands that a reader types, in the checkout, or
in the example's folder if it is the page of one. The blocks of a page are one session. Words after
``sh`` say what a block needs:

* ``requires=curl,/dev/sgx``: programs that must be installed, paths that must exist
* ``tested-by=FILE``: the command is run by that file instead (the tests cannot run themselves)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.support.units import UNITS

PROJECT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    language: str
    attributes: dict[str, str]
    body: str

    @property
    def requires(self) -> list[str]:
        return [name for name in self.attributes.get("requires", "").split(",") if name]


def pages() -> list[Path]:
    """Return the README, those of the units, every page of documentation and examples."""
    folders = (PROJECT / "docs", PROJECT / "examples")
    pages = [page for folder in folders for page in sorted(folder.rglob("*.md"))]
    return [PROJECT / "README.md", *(unit / "README.md" for unit in UNITS), *pages]


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page in order."""
    found = []
    for match in FENCE.finditer(page.read_text()):
        language, *words = match["info"].split() or [""]
        attributes = dict(word.split("=", 1) for word in words)
        found.append(Block(language, attributes, match["body"]))
    return found
