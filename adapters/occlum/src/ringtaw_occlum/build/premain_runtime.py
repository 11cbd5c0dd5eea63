"""The folder with the premain and its Python: where it goes in the image, and what is in it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ringtaw_occlum.build.image import instance_folder

IMAGE_FOLDER: Final = "/opt/ringtaw"
"""Where the runtime is in the image. Python finds its library from the path of its program."""
LAUNCHER: Final = "/bin/ringtaw-premain"
"""The entry point in the image."""
LAUNCHER_FILE: Final = "ringtaw-premain"
"""Its name beside Occlum.json."""

_PYTHON: Final = "bin/python3"
_SCRIPT: Final = """\
#!{interpreter}
import sys

del sys.path[0]  # the folder of this script: the premain imports from its own Python alone
from ringtaw_premain.__main__ import main

sys.exit(main())
"""
_MAX_FILES: Final = 100_000


@dataclass(frozen=True, slots=True)
class PremainRuntime:
    """A runtime folder on the host."""

    folder: Path
    is_there: bool
    interpreter: str
    """Absolute path in the image."""
    files: int
    size: int
    """Bytes."""

    def launcher(self) -> str:
        """Return the script that is the entry point. Occlum takes no interpreter arguments."""
        return _SCRIPT.format(interpreter=self.interpreter)


def read_runtime(config: Path, runtime: str) -> PremainRuntime:
    """Look at the runtime folder that belongs to a configuration; it may not be there yet."""
    folder = config.parent / runtime
    sizes = _sizes(folder)
    return PremainRuntime(
        folder=folder,
        is_there=bool(sizes),
        interpreter=f"{IMAGE_FOLDER}/{_interpreter(folder)}",
        files=len(sizes),
        size=sum(sizes),
    )


def copy_source(config: Path, path: str) -> str:
    """Return a path beside a configuration as copy_bom takes it: from the instance's folder.

    A configuration that lies in no instance is taken for one that is copied into an instance in
    its own folder, as MarbleRun's and Occlum's samples do.
    """
    if os.path.isabs(path):
        return path
    return path if instance_folder(config) else os.path.join("..", path)


def _interpreter(folder: Path) -> str:
    """Return the path of Python in the runtime, the most exact name there is."""
    found = sorted((folder / "bin").glob("python3.*[0-9]"))
    return f"bin/{found[-1].name}" if found else _PYTHON


def _sizes(folder: Path) -> list[int]:
    sizes: list[int] = []
    for parent, _, names in os.walk(folder):
        sizes.extend(os.lstat(os.path.join(parent, name)).st_size for name in names)
        if len(sizes) > _MAX_FILES:
            break
    return sizes
