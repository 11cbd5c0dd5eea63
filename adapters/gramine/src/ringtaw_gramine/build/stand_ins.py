"""What a template sees of the machine: stand-ins, so a check needs no Gramine and runs nothing.

The names are those of Gramine's templates (Gramine documentation, "gramine-manifest"). Paths are
where Debian's packages put things. Where Gramine would start a program (``ldd``,
``python.get_sys_path``), nothing is started.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

_GRAMINE: Final = "/usr/lib/x86_64-linux-gnu/gramine"
_PREFIX: Final = {
    "base": "/usr", "platbase": "/usr", "installed_base": "/usr", "installed_platbase": "/usr",
}  # fmt: skip
_PYTHON_FOLDERS: Final = sysconfig.get_paths(vars=_PREFIX)
ENVIRONMENT: Final = "env."
"""Before the names of variables that stand for the host's environment."""


class StandInPath(PurePosixPath):
    """A path that can be asked what it is, and nothing else: templates do no I/O."""

    def is_dir(self) -> bool:
        """Whether it is a directory: without a suffix, of Python (python3.13), or here."""
        return not self.suffix or str(self) in _PYTHON_FOLDERS.values() or os.path.isdir(self)

    def exists(self) -> bool:
        """Whether it exists: as if it did."""
        return True


class Runtimedir:
    """``gramine.runtimedir()``, which may be called or used as a path."""

    def __call__(self, libc: str = "glibc") -> StandInPath:
        """Return the folder of that C library."""
        return StandInPath(f"{_GRAMINE}/runtime/{libc}")

    def __str__(self) -> str:
        return str(self())

    def __truediv__(self, other: str) -> StandInPath:
        return self() / other


RUNTIME_FOLDERS: Final = frozenset(str(Runtimedir()(libc)) for libc in ("glibc", "musl"))
"""Stand-ins known to be directories."""


class Environment(Mapping[str, str]):
    """``env``: only what was given as ``env.NAME``, never this process's own."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._values = {
            name.removeprefix(ENVIRONMENT): value
            for name, value in variables.items()
            if name.startswith(ENVIRONMENT)
        }

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def template_globals(variables: Mapping[str, str]) -> dict[str, object]:
    """Return the global names of a template; ``variables`` with the environment's ``env.NAME``."""
    return {
        "gramine": {
            "libos": StandInPath(f"{_GRAMINE}/libsysdb.so"),
            "pkglibdir": StandInPath(_GRAMINE),
            "runtimedir": Runtimedir(),
        },
        "python": _python(),
        "env": Environment(variables),
        "ldd": lambda *binaries: [f"{{{{ ldd({', '.join(map(str, binaries))}) }}}}"],
    }


def _python() -> dict[str, Any]:
    paths = {name: StandInPath(path) for name, path in _PYTHON_FOLDERS.items()}
    distribution = StandInPath("/usr/lib/python3/dist-packages")
    search_path = [paths["stdlib"], paths["platstdlib"] / "lib-dynload", distribution]
    return {
        "stdlib": paths["stdlib"],
        "platstdlib": paths["platstdlib"],
        "purelib": paths["purelib"],
        "distlib": distribution,
        "get_path": lambda name, *_, **__: str(paths[name]),
        "get_paths": lambda *_, **__: {name: str(path) for name, path in paths.items()},
        "get_config_var": sysconfig.get_config_var,
        "ext_suffix": sysconfig.get_config_var("EXT_SUFFIX"),
        "implementation": {
            "name": sys.implementation.name, "cache_tag": sys.implementation.cache_tag,
        },
        "get_sys_path": lambda *_, **__: search_path,
    }  # fmt: skip
