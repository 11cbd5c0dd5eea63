"""Adapters made for one test: a module and a distribution that declares it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

HEADER = """\
from ringtaw_premain.errors import EvidenceUnavailableError, PlatformError, PolicyError
from ringtaw_premain.hookspecs import Adapter, FileWrite, LaunchSpec, WriteMode, hookimpl
"""


@dataclass(frozen=True)
class AdapterDirectory:
    """A directory for ``sys.path`` with adapters in it."""

    path: Path

    def install(
        self,
        name: str,
        hooks: str,
        *,
        adapter: str = "Adapter(NAME, '', 1, runtime=__name__ + ':Runtime')",
        module: str = "",
        distribution: str = "",
    ) -> None:
        """Write an adapter whose runtime has the methods in ``hooks``."""
        module = module or f"{self.path.name}_{name}"
        body = dedent(hooks).strip() or "pass"
        indented = body.replace("\n", "\n    ")
        source = f"{HEADER}\nNAME = {name!r}\n\nclass Runtime:\n    {indented}\n\n"
        (self.path / f"{module}.py").write_text(f"{source}ADAPTER = {adapter}\n")
        self.declare(name, f"{module}:ADAPTER", distribution or f"adapter_{name}")

    def declare(self, name: str, reference: str, distribution: str) -> None:
        """Write a distribution that declares the adapter."""
        info = self.path / f"{distribution}-1.0.dist-info"
        info.mkdir(exist_ok=True)
        (info / "entry_points.txt").write_text(
            f"[console_scripts]\n{name} = x:y\n\n[ringtaw.adapters]\n{name} = {reference}\n"
        )
