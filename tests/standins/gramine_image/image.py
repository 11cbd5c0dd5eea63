"""A directory from which gramine-direct runs Python programs: the image of an enclave.

``site/`` holds what is installed in it: the premain, the Gramine adapter and what they need.
``work/`` is the working directory, ``encrypted/`` and ``other/`` the host side of two encrypted
mounts, whose keys are called ``default`` and ``other``.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[3]
TEMPLATE: Final = Path(__file__).with_name("enclave.manifest.template")
OURS: Final = ("premain", "adapters/gramine")
REQUIRED: Final = ("cryptography", "pluggy", "cffi", "_cffi_backend")
INSTALLED: Final = all(shutil.which(tool) for tool in ("gramine-direct", "gramine-manifest"))
NOT_INSTALLED: Final = "gramine-direct and gramine-manifest are not on PATH"


@dataclass(frozen=True)
class GramineImage:
    """An image laid out in ``directory``."""

    directory: Path

    def run(
        self, *argv: str, environ: Mapping[str, str] | None = None, device: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run Python with this measured ``loader.argv``, argv[0] included.

        ``device`` is a host directory to mount over /dev/attestation; then there are no encrypted
        mounts. All output comes on stdout: gramine-direct joins the program's two streams there.
        """
        self._render(argv, device)
        return subprocess.run(
            ["gramine-direct", "enclave"],
            cwd=self.directory,
            env={**os.environ, **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )

    def _render(self, argv: tuple[str, ...], device: Path | None) -> None:
        variables = {
            "argv": json.dumps(argv),
            "python": os.path.realpath(sys.executable),
            "prefix": sys.base_prefix,
            "library_directory": f"/lib/{sysconfig.get_config_var('MULTIARCH')}",
            "directory": str(self.directory),
            "device": str(device or ""),
            "log_level": "error",
        }
        definitions = [f"-D{name}={value}" for name, value in variables.items()]
        manifest = self.directory / "enclave.manifest"
        subprocess.run(["gramine-manifest", *definitions, TEMPLATE, manifest], check=True)


def lay_out_image(directory: Path) -> GramineImage:
    """Install the premain and the adapter into an image in this empty directory."""
    for name in ("site", "work", "encrypted", "other"):
        (directory / name).mkdir()
    site = directory / "site"
    for unit in OURS:
        _install_unit(ROOT / unit, site)
    for module in REQUIRED:
        _copy_module(module, site)
    # Host files have no time in Gramine: a .pyc that is checked against it would always be stale.
    compiler = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    subprocess.run([*compiler, str(site)], check=True)
    return GramineImage(directory)


def _install_unit(unit: Path, site: Path) -> None:
    project = tomllib.loads((unit / "pyproject.toml").read_text())["project"]
    for package in (unit / "src").iterdir():
        shutil.copytree(package, site / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    name = project["name"].replace("-", "_")
    metadata = site / f"{name}-{project['version']}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.4\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    lines = []
    for group, entries in project.get("entry-points", {}).items():
        lines += [f"[{group}]", *(f"{entry} = {value}" for entry, value in entries.items())]
    (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n")


def _copy_module(module: str, site: Path) -> None:
    specification = importlib.util.find_spec(module)
    assert specification is not None
    assert specification.origin is not None
    origin = Path(specification.origin)
    if specification.submodule_search_locations:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(origin.parent, site / module, ignore=ignored)
    else:
        shutil.copy(origin, site)
