"""Makes a runtime: finds what is needed, copies and compiles it, and tries it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from ringtaw_premain.errors import PlatformError
from ringtaw_premain.hookspecs import ENTRY_POINT_GROUP

from ringtaw_buildkit.python_runtime.closure import PREMAIN, runtime_modules
from ringtaw_buildkit.python_runtime.elf import without_symbols
from ringtaw_buildkit.python_runtime.interpreter import Interpreter, try_runtime
from ringtaw_buildkit.python_runtime.libraries import Libraries, linked_libraries
from ringtaw_buildkit.python_runtime.manifest import (
    INTERPRETER,
    LIBRARIES,
    MANIFEST,
    Group,
    Manifest,
    describe,
    read_manifest,
)
from ringtaw_buildkit.python_runtime.packages import Packages, find_packages

_CODECS: Final = ("encodings.ascii", "encodings.latin_1")
"""Python imports a codec by the name that a call gives at run time, which no source tells."""
_RUNNER: Final = ("runpy", "importlib.util")
"""What ``python -m`` loads."""
_REASONS: Final = {
    "": "needed by the interpreter",
    "__main__": "named by a source of the premain or an adapter, or by Python itself",
    "exercise": "loaded by the premain at work",
}
_LANDMARK: Final = "os"
"""Python knows the folder of its standard library by this module, frozen into it or not."""


def build(
    python: Path,
    adapters: Sequence[str],
    output: Path,
    *,
    packages: Path | None = None,
    include: Sequence[str] = (),
) -> Manifest:
    """Make the runtime of the premain with these adapters in ``output``.

    The same input gives the same bytes. A runtime that is there already is replaced.

    Args:
        python: The interpreter to make it of; no virtual environment, no user's folder and no
            variable of this process decides what it loads.
        adapters: Names of adapters.
        output: The folder to make.
        packages: Folder in which premain, adapters and libraries are installed for that
            interpreter; None: they are those of this process's environment.
        include: Further modules, for an adapter whose libraries load more than can be seen.

    Raises:
        PlatformError: Something is not there, or the premain does not work with it.
        AdapterError: There is no such adapter.
    """
    _require_replaceable(output)
    output = output.absolute()
    interpreter = Interpreter(python.absolute())
    found = find_packages(adapters, packages.absolute() if packages else None)
    references = (*found.adapters.values(), *found.runtimes)
    modules = runtime_modules(found.folders, references, include)
    modules.update(dict.fromkeys((*_CODECS, *_RUNNER), False))
    trace = interpreter.trace(found.folders, modules, found.adapters)
    trace["found"][_LANDMARK] = (str(interpreter.standard_library / f"{_LANDMARK}.py"), "")
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{output.name}.", dir=output.parent) as name:
        folder = Path(name, output.name)
        manifest = _Builder(interpreter, found, trace["found"], folder).make(trace["version"])
        try_runtime(folder, found.adapters)
        read_manifest(folder)
        if output.exists():
            output.rename(Path(name, "replaced"))
        folder.rename(output)
    return manifest


def _require_replaceable(output: Path) -> None:
    if output.is_symlink() or (output.exists() and not output.is_dir()):
        raise PlatformError(f"{output} is not a folder", hint="name another one")
    if output.exists() and any(output.iterdir()) and not (output / MANIFEST).is_file():
        raise PlatformError(
            f"{output} holds something else than a runtime", hint="name another folder or empty it"
        )


class _Builder:
    """Fills one folder."""

    def __init__(
        self,
        interpreter: Interpreter,
        packages: Packages,
        found: Mapping[str, tuple[str, str]],
        folder: Path,
    ) -> None:
        self._interpreter = interpreter
        self._packages = packages
        self._found = found
        self._folder = folder
        self._library = f"{LIBRARIES}/{interpreter.tag}"
        self._dynamic = f"{self._library}/lib-dynload"
        self._files: list[tuple[str, Group, str]] = []

    def make(self, version: str) -> Manifest:
        """Fill the folder and return what is in it, which is written there too."""
        (self._folder / self._dynamic).mkdir(parents=True)
        self._copy(self._interpreter.executable, INTERPRETER, Group.INTERPRETER, "runs the premain")
        binaries = [self._interpreter.executable, *self._add_modules()]
        libraries = linked_libraries(binaries)
        self._add_libraries(libraries)
        self._add_entry_points()
        files = (describe(self._folder, *file) for file in sorted(self._files))
        adapters = tuple(sorted(self._packages.adapters))
        manifest = Manifest(version, adapters, libraries.expected, tuple(files))
        manifest.write(self._folder)
        return manifest

    def _add_modules(self) -> Iterator[Path]:
        """Add all modules and yield those that are shared libraries."""
        to_compile = []
        for module, (file, importer) in sorted(self._found.items()):
            source = Path(file)
            base, group = self._place(source)
            reason = _REASONS.get(importer, f"imported by {importer}")
            if source.suffix == ".so":
                parents = module.split(".")[:-1]
                target = "/".join([base, *parents, source.name])
                self._copy(source, target, group, reason)
                yield source
            else:
                name = module.replace(".", "/") + "/__init__" * (source.stem == "__init__")
                target = f"{self._library}/{name}.pyc"
                self._note(target, group, reason)
                to_compile.append((str(source), str(self._folder / target), f"{name}.py"))
        self._interpreter.compile(to_compile)

    def _place(self, source: Path) -> tuple[str, Group]:
        """Return where a shared library goes, and what kind of module this is."""
        for folder in map(Path, self._packages.folders):
            if source.is_relative_to(folder):
                top = source.relative_to(folder).parts[0]
                own = {PREMAIN, *(r.partition(":")[0] for r in self._packages.adapters.values())}
                return self._library, Group.PREMAIN if top in own else Group.PACKAGES
        is_dynamic = source.parent.name == "lib-dynload"
        return self._dynamic if is_dynamic else self._library, Group.STANDARD_LIBRARY

    def _add_libraries(self, libraries: Libraries) -> None:
        for name, (file, needed_by) in libraries.files.items():
            self._copy(Path(file), f"{LIBRARIES}/{name}", Group.LIBRARIES, f"linked by {needed_by}")

    def _add_entry_points(self) -> None:
        """Declare the adapters as installed distributions do, each in one of its own."""
        for name, reference in self._packages.adapters.items():
            target = f"{self._library}/ringtaw_adapter_{name}-0.dist-info/entry_points.txt"
            self._note(target, Group.PREMAIN, f"declares adapter {name}")
            text = f"[{ENTRY_POINT_GROUP}]\n{name} = {reference}\n"
            (self._folder / target).write_text(text, encoding="utf-8")

    def _copy(self, source: Path, target: str, group: Group, reason: str) -> None:
        self._note(target, group, reason)
        (self._folder / target).write_bytes(without_symbols(source.read_bytes()))
        (self._folder / target).chmod(0o755)

    def _note(self, target: str, group: Group, reason: str) -> None:
        (self._folder / target).parent.mkdir(parents=True, exist_ok=True)
        self._files.append((target, group, reason))
