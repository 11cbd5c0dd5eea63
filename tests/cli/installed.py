"""The installed program, and adapters on disk that it finds: nothing here is simulated."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copy
from textwrap import dedent

RINGTAW = Path(sys.executable).with_name("ringtaw")
THIRD_PARTY = Path(__file__).with_name("third_party")

Done = subprocess.CompletedProcess[str]


@dataclass
class Workplace:
    """A folder in which a person works, with a folder of installed third-party adapters."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def site(self) -> Path:
        """The folder of installed distributions."""
        return self.folder / "site"

    @property
    def programs(self) -> Path:
        """A folder in PATH."""
        return self.folder / "programs"

    def environ(self) -> dict[str, str]:
        """The environment of a person without preferences."""
        kept = {name: os.environ[name] for name in ("LANG",) if name in os.environ}
        path = f"{self.programs}:{os.environ['PATH']}"
        own = {"HOME": str(self.folder), "PATH": path, "PYTHONPATH": str(self.site)}
        return {**kept, **own, **self.environment}

    def run(self, *arguments: str, stdin: str = "") -> Done:
        """Run ``ringtaw`` in a pipe."""
        return subprocess.run(
            [RINGTAW, *arguments],
            cwd=self.folder,
            env=self.environ(),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def run_into(self, output: int, *arguments: str) -> Done:
        """Run ``ringtaw`` with its stdout at a descriptor."""
        return subprocess.run(
            [RINGTAW, *arguments],
            cwd=self.folder,
            env=self.environ(),
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )

    def run_closed(self, how: str, *arguments: str) -> Done:
        """Run ``ringtaw`` with a standard stream closed or led elsewhere, as a shell says it."""
        return subprocess.run(
            ["sh", "-c", f'exec "$0" "$@" {how}', RINGTAW, *arguments],
            cwd=self.folder,
            env=self.environ(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def write(self, name: str, text: str) -> Path:
        """Write a file of the person's."""
        path = self.folder / name
        path.write_text(dedent(text))
        return path

    def read(self, name: str) -> str:
        """Read a file of the person's."""
        return (self.folder / name).read_text()

    def program(self, name: str, script: str) -> Path:
        """Install a program of the host."""
        path = self.programs / name
        path.write_text(dedent(script))
        path.chmod(0o755)
        return path

    def install(self, name: str, source: str, *, distribution: str = "") -> None:
        """Install an adapter whose module has that source."""
        module = f"third_party_{name}_{len(list(self.site.iterdir()))}"
        (self.site / f"{module}.py").write_text(dedent(source))
        self.declare(name, f"{module}:ADAPTER", distribution or f"kiosk_{name}")

    def declare(self, name: str, reference: str, distribution: str) -> None:
        """Write the distribution that declares an adapter."""
        info = self.site / f"{distribution}-1.5.dist-info"
        info.mkdir()
        (info / "entry_points.txt").write_text(f"[ringtaw.adapters]\n{name} = {reference}\n")

    def install_kiosk(self) -> None:
        """Install the adapter ``kiosk``."""
        for source in THIRD_PARTY.glob("*.py"):
            copy(source, self.site)
        self.declare("kiosk", "ringtaw_kiosk:ADAPTER", "ringtaw_kiosk")


def workplace(folder: Path) -> Workplace:
    """Return an empty workplace."""
    place = Workplace(folder)
    place.site.mkdir()
    place.programs.mkdir()
    return place
