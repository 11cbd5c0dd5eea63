"""Shared libraries: which ones a runtime brings along, and which the libOS has."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ringtaw_premain.errors import PlatformError

_SECONDS: Final = 30
_LINE: Final = re.compile(r"^\s*(?P<name>[^\s/]+) => (?P<path>/\S+|not found)", re.MULTILINE)
_C_LIBRARY: Final = re.compile(
    r"(ld-linux[\w.-]*|linux-vdso|lib(c|m|dl|rt|pthread|util|resolv|anl|mvec|nsl|nss_\w+))\.so[.\d]*"
)
"""glibc's own libraries, which must all be of one version: the libOS's (for Gramine those of
``gramine.runtimedir()``, for Occlum those that copy_bom takes along)."""


@dataclass(frozen=True, slots=True)
class Libraries:
    """Of each library to bring along: its file, and who needs it first."""

    files: Mapping[str, tuple[str, str]]
    expected: tuple[str, ...]


def linked_libraries(binaries: Iterable[Path]) -> Libraries:
    """Return what these programs and modules are linked with, however indirectly.

    Raises:
        PlatformError: A library is not found.
    """
    files: dict[str, tuple[str, str]] = {}
    expected: set[str] = set()
    for binary in binaries:
        for match in _LINE.finditer(_ldd(binary)):
            if _C_LIBRARY.fullmatch(match["name"]):
                expected.add(match["name"])
            elif match["path"] == "not found":
                raise PlatformError(f"{binary} needs {match['name']}, which is not installed")
            else:
                files.setdefault(match["name"], (match["path"], binary.name))
    return Libraries(dict(sorted(files.items())), tuple(sorted(expected)))


def _ldd(binary: Path) -> str:
    """Ask the loader; a library path of whoever builds must not decide what goes in."""
    environ = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
    try:
        ran = subprocess.run(  # noqa: S603 - one path, which is no option
            ["ldd", str(binary)],  # noqa: S607 - found in the PATH above
            env=environ,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PlatformError(f"cannot run ldd on {binary}: {error}") from error
    if ran.returncode and "not a dynamic executable" not in ran.stdout + ran.stderr:
        raise PlatformError(f"ldd {binary}: {ran.stderr.strip()}")
    return ran.stdout
