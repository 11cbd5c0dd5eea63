"""``runtime.json``: each file of a runtime with its size, its hash and why it is there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from ringtaw_premain.errors import PlatformError
from ringtaw_premain.launch import RUNTIME_MANIFEST

from ringtaw_buildkit.document import DocumentError, read_json

MANIFEST: Final = RUNTIME_MANIFEST
"""In the runtime's folder. The premain knows by it that the folder is its own."""
INTERPRETER: Final = "bin/python3"
"""Without a version in its name, so that a configuration outlives an upgrade."""
LIBRARIES: Final = "lib"
"""What ``LD_LIBRARY_PATH`` must contain."""
OPTIONS: Final = ("-I", "-S", "-B", "-X", "utf8")
"""Options of the interpreter: nothing of the environment, of a user or of a site is looked at, and
no locale that the application asks for changes how paths are encoded."""

_FORMAT: Final = 1
_CURE: Final = "build the runtime anew: ringtaw runtime build"


class Group(StrEnum):
    """What a file is."""

    INTERPRETER = "interpreter"
    STANDARD_LIBRARY = "standard library"
    PREMAIN = "premain and adapters"
    PACKAGES = "packages"
    LIBRARIES = "shared libraries"


@dataclass(frozen=True, slots=True)
class RuntimeFile:
    """One file; ``size`` in bytes, ``sha256`` in hexadecimal."""

    path: str
    group: Group
    size: int
    sha256: str
    reason: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a runtime holds, and what it expects of the libOS."""

    python: str
    """Version of the interpreter."""
    adapters: tuple[str, ...]
    expected_libraries: tuple[str, ...]
    """Names of libraries that are not in the folder: those of the libOS's C library."""
    files: tuple[RuntimeFile, ...]

    @property
    def size(self) -> int:
        """The size of all files in bytes."""
        return sum(file.size for file in self.files)

    def write(self, folder: Path) -> None:
        """Write it into a runtime's folder."""
        text = json.dumps({"format": _FORMAT, **asdict(self)}, indent=1)
        (folder / MANIFEST).write_text(f"{text}\n", encoding="utf-8")


def describe(folder: Path, path: str, group: Group, reason: str) -> RuntimeFile:
    """Return a file of a folder as its manifest has it."""
    content = (folder / path).read_bytes()
    return RuntimeFile(path, group, len(content), sha256(content).hexdigest(), reason)


def read_manifest(folder: Path) -> Manifest:
    """Read a runtime's manifest and compare it with the folder.

    Raises:
        PlatformError: It is not there or not one of ours, or files are missing, changed or strange.
    """
    document = read_json(str(folder / MANIFEST))
    try:
        manifest = _parsed(document.data)
    except (KeyError, TypeError, ValueError):
        message = "is no list of a runtime's files"
        raise DocumentError(document.path, None, message, _CURE) from None
    differing = _differing(folder, manifest.files)
    if differing:
        raise PlatformError(f"{folder}: not as it was built: {', '.join(differing)}", hint=_CURE)
    return manifest


def _parsed(data: dict[str, Any]) -> Manifest:
    if data["format"] != _FORMAT:
        raise ValueError
    files = tuple(RuntimeFile(**{**file, "group": Group(file["group"])}) for file in data["files"])
    adapters, expected = (tuple(map(str, data[key])) for key in ("adapters", "expected_libraries"))
    return Manifest(str(data["python"]), adapters, expected, files)


def _differing(folder: Path, files: Sequence[RuntimeFile]) -> list[str]:
    known = {file.path: file for file in files}
    found = {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if not path.is_dir() and path != folder / MANIFEST
    }
    changed = {
        path
        for path in found & known.keys()
        if describe(folder, path, known[path].group, known[path].reason) != known[path]
    }
    return sorted(changed | (found ^ known.keys()))
