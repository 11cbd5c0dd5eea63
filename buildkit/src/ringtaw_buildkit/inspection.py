"""What is installed: every adapter, good or broken, with what is wrong and what to do.

Public. Importing a plugin runs other people's code: whatever it raises or prints, the others are
still listed, and nothing of it reaches standard output.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from typing import TypeVar

from ringtaw_premain.errors import PremainError
from ringtaw_premain.hookspecs import Adapter, RuntimeHooks
from ringtaw_premain.plugins import EntryPoint, Runtime, declared_adapters, load_adapter
from ringtaw_premain.runtime import load_reference

from ringtaw_buildkit._module_files import ModuleFile, module_file
from ringtaw_buildkit.adapters import BuildSide, hook_names

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an adapter cannot be used, or not as it is."""

    message: str
    cure: str


@dataclass(frozen=True, slots=True)
class InstalledAdapter:
    """One entry point of the group, and what was found behind it."""

    name: str
    distribution: str
    version: str
    reference: str
    summary: str = ""
    api_version: int | None = None
    """None where the adapter could not be loaded far enough to tell."""
    runtime_hooks: tuple[str, ...] = ()
    build_hooks: tuple[str, ...] = ()
    detected: bool = False
    """Whether its runtime is the one in which this very process runs."""
    files: tuple[ModuleFile, ...] = ()
    problems: tuple[Problem, ...] = ()


def inspect_adapters(search_path: Iterable[str] | None = None) -> list[InstalledAdapter]:
    """Return all declared adapters by name. Loads each one; raises nothing of theirs."""
    with redirect_stdout(sys.stderr):
        found = [_Inspection(entry).adapter() for entry in sorted(declared_adapters(search_path))]
    return [replace(each, problems=(*each.problems, *_conflicts(each, found))) for each in found]


@dataclass(slots=True)
class _Inspection:
    """Looks at one adapter, a step at a time; a step that fails leaves a problem."""

    entry: EntryPoint
    references: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def adapter(self) -> InstalledAdapter:
        entry = self.entry
        distribution, _, version = entry.distribution.rpartition("-")
        self.references.append(entry.reference)
        told = self._step(lambda: load_reference(entry.name, entry.reference))
        adapter = self._step(lambda: load_adapter(entry)) if told is not None else None
        runtime = self._runtime(adapter) if adapter else None
        build = self._build(adapter) if adapter else None
        return InstalledAdapter(
            name=entry.name,
            distribution=distribution.replace("_", "-").lower(),
            version=version,
            reference=entry.reference,
            summary=told.summary if isinstance(told, Adapter) else "",
            api_version=told.api_version if isinstance(told, Adapter) else None,
            runtime_hooks=hook_names(runtime.manager, RuntimeHooks) if runtime else (),
            build_hooks=build.hooks if build else (),
            detected=bool(runtime and self._step(runtime.detect)),
            files=self._files(),
            problems=tuple(self.problems),
        )

    def _runtime(self, adapter: Adapter) -> Runtime | None:
        if adapter.runtime is None:
            return None
        self.references.append(adapter.runtime)
        return self._step(lambda: Runtime(adapter))

    def _build(self, adapter: Adapter) -> BuildSide | None:
        if adapter.build is None:
            return None
        self.references.append(adapter.build)
        return self._step(lambda: BuildSide(adapter))

    def _step(self, step: Callable[[], Found]) -> Found | None:
        try:
            return step()
        except PremainError as error:
            self._problem(error.message, error.hint)
        except Exception as error:
            self._problem(f"adapter({self.entry.name}): failed with {type(error).__name__}", "")
        return None

    def _problem(self, message: str, cure: str) -> None:
        usual = f"upgrade or uninstall {self.entry.distribution}, or install what it needs"
        self.problems.append(Problem(message, cure or usual))

    def _files(self) -> tuple[ModuleFile, ...]:
        modules = dict.fromkeys(reference.partition(":")[0] for reference in self.references)
        files = map(module_file, modules)
        return tuple(file for file in files if file)


def _conflicts(one: InstalledAdapter, found: Sequence[InstalledAdapter]) -> Iterator[Problem]:
    for other in found:
        if other.name == one.name and other.reference != one.reference:
            yield Problem(
                f"adapter({one.name}): also declared by {other.distribution} {other.version} "
                f"({other.reference}); neither is used",
                f"uninstall {one.distribution} or {other.distribution}",
            )
        elif other.detected and one.detected and other.name != one.name:
            yield Problem(
                f"adapter({one.name}): detects its runtime here, and so does {other.name}",
                f"uninstall {one.distribution} or {other.distribution}, or set RINGTAW_ADAPTER",
            )
