"""The folder with the premain and its Python: where it goes in the image, and what is in it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ringtaw_buildkit import python_runtime

from ringtaw_occlum.build.image import instance_folder

IMAGE_FOLDER: Final = "/opt/ringtaw"
"""Where the runtime is in the image. Python finds its library from the path of its program."""
LAUNCHER: Final = "/bin/ringtaw-premain"
"""The entry point in the image."""
LAUNCHER_FILE: Final = "ringtaw-premain"
"""Its name beside Occlum.json."""
INTERPRETER: Final = f"{IMAGE_FOLDER}/{python_runtime.INTERPRETER}"
PATHS: Final = f"{INTERPRETER}._pth"
"""Tells Python where its library is, and to look at nothing else: as -I and -S do, which Occlum's
``#!`` cannot give (CPython, Modules/getpath.py)."""
PATHS_FILE: Final = "python3._pth"
LIBRARIES: Final = f"{IMAGE_FOLDER}/{python_runtime.LIBRARIES}"
"""The shared libraries of that Python, for LD_LIBRARY_PATH."""

_SCRIPT: Final = f"""\
#!{INTERPRETER}
import os
import sys

if not sys.flags.safe_path:
    del sys.path[0]  # the folder of this script: the premain imports from its own Python alone
# The libraries of the premain's Python are not for the program that the premain becomes.
folders = os.environ.pop("LD_LIBRARY_PATH", "").split(":")
if others := [folder for folder in folders if folder not in ("", "{LIBRARIES}")]:
    os.environ["LD_LIBRARY_PATH"] = ":".join(others)

from ringtaw_premain.__main__ import main

sys.exit(main())
"""
_MAX_FILES: Final = 100_000


@dataclass(frozen=True, slots=True)
class PremainRuntime:
    """A runtime folder on the host."""

    folder: Path
    is_there: bool
    library: str
    """Name of the folder of Python's library: ``"python3.11"``."""
    files: int
    size: int
    """Bytes."""

    def cure(self) -> str:
        """Return what to do before it can be used; "" if it can."""
        build = f"ringtaw runtime build --adapter occlum {self.folder}"
        if not self.is_there:
            return f"{self.folder} is not there yet: {build}"
        if not (self.folder / python_runtime.MANIFEST).exists():
            return ""  # made by other means
        adapters = python_runtime.read_manifest(self.folder).adapters
        return "" if "occlum" in adapters else f"{self.folder} lacks Occlum's adapter: {build}"

    def beside_config(self) -> dict[str, str]:
        """Return the small files that go into the image beside the folder, by name."""
        paths = (f"../lib/{self.library}", f"../lib/{self.library}/lib-dynload")
        return {LAUNCHER_FILE: _SCRIPT, PATHS_FILE: "".join(f"{path}\n" for path in paths)}


def read_runtime(config: Path, runtime: str) -> PremainRuntime:
    """Look at the runtime folder that belongs to a configuration; it may not be there yet."""
    folder = config.parent / runtime
    sizes = _sizes(folder)
    return PremainRuntime(folder, bool(sizes), _library(folder), len(sizes), sum(sizes))


def copy_source(config: Path, path: str) -> str:
    """Return a path beside a configuration as copy_bom takes it: from the instance's folder.

    A configuration that lies in no instance is taken for one that is copied into an instance in
    its own folder, as MarbleRun's and Occlum's samples do.
    """
    if os.path.isabs(path):
        return path
    return path if instance_folder(config) else os.path.join("..", path)


def _library(folder: Path) -> str:
    """Return the name in the runtime, or that of the Python which would make one by default."""
    found = sorted((folder / "lib").glob("python3.*[0-9]"))
    return found[-1].name if found else f"python3.{sys.version_info.minor}"


def _sizes(folder: Path) -> list[int]:
    sizes: list[int] = []
    for parent, _, names in os.walk(folder):
        sizes.extend(os.lstat(os.path.join(parent, name)).st_size for name in names)
        if len(sizes) > _MAX_FILES:
            break
    return sizes
