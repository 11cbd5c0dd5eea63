"""How the conformance suite gets into an adapter's runtime, and what it finds there.

A machine of a developer or of CI is no enclave. The author of an adapter says with a harness how a
process comes to be inside what the adapter is for, or takes itself to be: with a stand-in for the
libOS's devices, in a simulation mode, on real hardware. Without one, what needs the runtime is
skipped, and the report says so.

A harness is found by, in this order:

1. the option ``--harness``: ``module:Class``, or ``path/of/file.py:Class``;
2. ``harness`` in the table ``[tool.ringtaw.check.NAME]`` of ``pyproject.toml`` in the working
   directory, likewise;
3. an entry point of the group ``ringtaw.testkit.harnesses`` with the adapter's name.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Final

from ringtaw_premain.build_hookspecs import PackageProperties

ENTRY_POINT_GROUP: Final = "ringtaw.testkit.harnesses"
_TABLE: Final = ("tool", "ringtaw", "check")


class HarnessError(Exception):
    """There is no such harness, or it is none; says what to do."""


@dataclass(frozen=True, slots=True)
class Inside:
    """What a process inside the runtime is given, and what is known about it."""

    environ: Mapping[str, str]
    """Variables that put a process inside; the suite adds ``PATH`` and those of the premain."""
    prefix: tuple[str, ...] = ()
    """A command that runs another one inside, such as ``("env", "-u", "X")``; empty for none."""
    report_data: Callable[[bytes], bytes] | None = None
    """Verifies a quote and returns its report data; None where there is no evidence."""
    replaying: Callable[[], AbstractContextManager[None]] | None = None
    """Makes the platform answer with an old quote for as long as the block runs."""
    program_in_argv: bool = True
    """Whether the Marble's Argv names the program; else what follows ``--`` does."""
    devices: Mapping[str, bytes] = field(default_factory=dict)
    """Pseudo-files that a manifest may write, with content that they take."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A libOS configuration that is good, and what was built from it."""

    config: Path
    unprepared: Path | None = None
    """One in the same folder to which the premain has not been added yet."""
    companions: tuple[Path, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    artefact: Path | None = None
    properties: PackageProperties | None = None
    """What ``artefact`` is known to be."""


class Harness:
    """Base class: override what your adapter has. Made without arguments, once per run."""

    detects: bool = True
    """Whether the adapter detects its runtime; False for one that is only chosen by name."""

    def inside(self, directory: Path) -> AbstractContextManager[Inside] | None:
        """Return a block during which processes can be inside; None: not on this machine.

        ``directory`` is empty and for its use.
        """
        return None

    def sample(self, directory: Path) -> Sample | None:
        """Return a good configuration in ``directory``, which is empty; None for none."""
        return None


def find_harness(adapter: str, reference: str = "", directory: Path | None = None) -> Harness:
    """Return the harness of an adapter, or one that knows nothing if there is none.

    Raises:
        HarnessError: What is named cannot be loaded.
    """
    directory = directory or Path()
    if not reference:
        reference = str(check_settings(adapter, directory).get("harness", ""))
    if not reference:
        found = entry_points(group=ENTRY_POINT_GROUP, name=adapter)
        reference = next((entry.value for entry in found), "")
    return _load(adapter, reference, directory) if reference else Harness()


def check_settings(adapter: str, directory: Path) -> Mapping[str, object]:
    """Return the table ``[tool.ringtaw.check.NAME]`` of the project in a directory.

    Raises:
        HarnessError: Its ``pyproject.toml`` does not parse, or holds something else there.
    """
    path = directory / "pyproject.toml"
    if not path.is_file():
        return {}
    try:
        table: object = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise HarnessError(f"cannot read {path}: {error}") from None
    for key in (*_TABLE, adapter):
        table = table.get(key, {}) if isinstance(table, dict) else None
    if not isinstance(table, dict):
        raise HarnessError(f"{path}: {'.'.join((*_TABLE, adapter))} is not a table")
    return table


def _load(adapter: str, reference: str, directory: Path) -> Harness:
    place, _, attribute = reference.rpartition(":")
    if str(directory.resolve()) not in sys.path:
        sys.path.append(str(directory.resolve()))  # a project's own modules, as pytest has it
    try:
        module = _file_module(directory / place) if place.endswith(".py") else import_module(place)
        harness = getattr(module, attribute)()
    except Exception as error:
        cause = f"{type(error).__name__}: {error}"
        raise HarnessError(
            f"adapter({adapter}): cannot load the harness {reference!r}: {cause}; "
            "it is MODULE:CLASS or FILE.py:CLASS"
        ) from error
    if not isinstance(harness, Harness):
        raise HarnessError(
            f"adapter({adapter}): {reference} is no harness; "
            "derive it from ringtaw_testkit.harness.Harness"
        )
    return harness


def _file_module(path: Path) -> object:
    spec = spec_from_file_location("ringtaw_adapter_harness", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
