"""The complete examples: which there are, and copies of them to work in.

A folder of ``examples/`` is an example if it has a page. It is for the libOS whose configuration it
has; its Marbles are those whose package has the configuration's name.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.support.documentation import PROJECT
from tests.support.ports import reserved_port

EXAMPLES: Final = PROJECT / "examples"
PAGE: Final = "README.md"
PORTS: Final = ("2001", "2002", "4433", "4434", "6379", "8443", "9443")
"""What examples and pages listen on; tests take others instead."""
_CONFIGURATIONS: Final = {
    "gramine": "*.manifest.template",
    "occlum": "Occlum.json",
    "ego": "enclave.json",
}


@dataclass(frozen=True)
class Example:
    """One example."""

    folder: Path
    adapter: str
    config: str
    """File name of the libOS configuration."""

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def manifest(self) -> Path:
        return self.folder / "manifest.json"

    @property
    def package(self) -> str:
        """The package that the configuration makes."""
        own = self.config.removesuffix(".manifest.template")
        return own if own != self.config else self.name.partition("-")[2]

    def marbles(self) -> list[str]:
        """Return the Marbles that the configuration is for."""
        marbles: dict[str, Any] = json.loads(self.manifest.read_text())["Marbles"]
        return [name for name, marble in marbles.items() if marble["Package"] == self.package]


def examples() -> list[Example]:
    """Return all examples but the demo, which needs no libOS."""
    return [_example(page.parent) for page in sorted(EXAMPLES.glob(f"*/{PAGE}"))]


def _example(folder: Path) -> Example:
    found = [
        Example(folder, adapter, config.name)
        for adapter, pattern in _CONFIGURATIONS.items()
        for config in folder.glob(pattern)
    ]
    assert len(found) == 1, f"{folder} needs one configuration of a libOS, has {len(found)}"
    return found[0]


def example(name: str) -> Example:
    """Return the example of this name."""
    return _example(EXAMPLES / name)


@contextmanager
def reserved_ports() -> Iterator[dict[str, str]]:
    """Reserve a port for each that examples and pages listen on."""
    with ExitStack() as stack:
        yield {port: str(stack.enter_context(reserved_port())) for port in PORTS}


def with_ports(text: str, ports: Mapping[str, str]) -> str:
    """Return a text with other ports in it."""
    if not ports:
        return text
    return re.sub(rf"\b({'|'.join(ports)})\b", lambda match: ports[match[1]], text)


def copy_example(folder: Path, target: Path, ports: Mapping[str, str]) -> None:
    """Copy an example to a new folder, where it listens on these ports."""
    built = shutil.ignore_patterns(*_built(folder))
    shutil.copytree(folder, target, ignore=built)
    for path in target.rglob("*"):
        if path.is_file():
            path.write_text(with_ports(path.read_text(), ports))


def _built(folder: Path) -> list[str]:
    """Return what somebody who tried the example has left there, by examples/.gitignore."""
    lines = (folder.parent / ".gitignore").read_text().splitlines()
    return [line.rstrip("/") for line in lines if line and not line.startswith("#")]
