"""Imports modules, makes the premain work, and tells as JSON which files that took and for whom.

Standard input is JSON: ``paths`` to import from, ``modules`` (of each name, whether it may be
missing), ``adapters`` (of each name, where its Adapter is) and the text of ``exercise.py``.
"""

from __future__ import annotations

# No other import here: what this program loads for itself must not count as the premain's.
import sys

MYPY = False
if MYPY:
    from importlib.machinery import ModuleSpec
    from typing import Any

PathFinder = sys.meta_path[-1]
FOUND: dict[str, tuple[str, str]] = {}
"""Of each module: its file, and who imported it first."""


class Recorder:
    """A finder that notes what the usual one finds; sys.modules may hold something else later."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Find a module as Python does."""
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.has_location:
            FOUND.setdefault(name, (str(spec.origin), _importer()))
        return spec


def _importer() -> str:
    frame = sys._getframe(2)
    while frame.f_back and "importlib" in frame.f_code.co_filename:
        frame = frame.f_back
    return str(frame.f_globals.get("__name__", ""))


def _note_start() -> None:
    """Note what the interpreter itself loaded at its start."""
    for name, module in list(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        if spec is not None and spec.has_location and name not in ("__main__", "_distutils_hack"):
            FOUND[name] = (str(spec.origin), "")


def main() -> None:
    """Do what standard input asks for."""
    before = set(sys.modules)
    import json

    request = json.load(sys.stdin)
    for name in set(sys.modules) - before:  # json is not the premain's
        del sys.modules[name]
    sys.meta_path.insert(-1, Recorder)  # after those of modules built in or frozen
    sys.path += request["paths"]
    for name, may_be_missing in request["modules"].items():
        try:
            __import__(name)
        except ImportError:
            if not may_be_missing:
                raise
    exercise: dict[str, Any] = {"__name__": "exercise"}
    exec(request["exercise"], exercise)  # noqa: S102 - text of ours
    exercise["exercise"](request["adapters"])
    sys.meta_path.remove(Recorder)
    print(json.dumps({"found": FOUND, "version": sys.version.split()[0]}))


if __name__ == "__main__":
    _note_start()
    main()
