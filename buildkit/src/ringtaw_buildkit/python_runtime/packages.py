"""Where the modules of a runtime are taken from: what was installed for the enclave's Python."""

from __future__ import annotations

import os
import site
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ringtaw_premain.errors import AdapterError, PlatformError
from ringtaw_premain.plugins import installed_adapters, load_adapter

from ringtaw_buildkit.python_runtime.closure import PREMAIN, find

LIBRARIES: Final = ("cryptography", "pluggy", "_cffi_backend")
"""What the premain needs beside the standard library; the last one belongs to the first."""
INSTALL: Final = (
    "install premain, adapter and their libraries for that interpreter with pip install --target, "
    "and name the folder with --packages"
)


@dataclass(frozen=True, slots=True)
class Packages:
    """Folders to import from, and the adapters found there."""

    folders: tuple[str, ...]
    adapters: Mapping[str, str]
    """Where each adapter's Adapter object is, as ``module:attribute``."""
    runtimes: tuple[str, ...]
    """Where their runtime sides are."""


def find_packages(adapters: Sequence[str], folder: Path | None) -> Packages:
    """Find premain, adapters and libraries in a folder; None: in this Python's own environment.

    Raises:
        PlatformError: Something is not there.
        AdapterError: There is no such adapter, or it has no runtime side.
    """
    searched = [str(folder)] if folder else _environment()
    installed = installed_adapters(searched)
    chosen: dict[str, str] = {}
    runtimes: list[str] = []
    for name in adapters:
        if name not in installed:
            known = ", ".join(installed) or "none"
            raise AdapterError(f"there is no adapter {name!r}; installed: {known}")
        adapter = load_adapter(installed[name])
        if not adapter.runtime:
            raise AdapterError(f"adapter({name}): has no runtime side", hint=adapter.note)
        chosen[name] = installed[name].reference
        runtimes.append(adapter.runtime)
    folders = [str(folder)] if folder else _folders(chosen.values(), searched)
    return Packages(tuple(dict.fromkeys(folders)), chosen, tuple(runtimes))


def _environment() -> list[str]:
    """Return where this environment's distributions are: no PYTHONPATH, no folder of a user."""
    unwanted = {"", os.getcwd(), *os.environ.get("PYTHONPATH", "").split(os.pathsep)}
    own = site.getusersitepackages()
    return [path for path in sys.path if path not in unwanted and not path.startswith(own)]


def _folders(references: Iterable[str], searched: Sequence[str]) -> Iterator[str]:
    """Yield the folder of each package: those that are being developed have one of their own."""
    tops = [reference.partition(":")[0].partition(".")[0] for reference in references]
    for top in (PREMAIN, *LIBRARIES, *tops):
        spec = find(top, searched)
        if spec is None or spec.origin is None:
            raise PlatformError(f"this environment has no {top} for the runtime", hint=INSTALL)
        origin = Path(spec.origin)
        yield str(origin.parents[1] if spec.submodule_search_locations else origin.parent)
