"""What a case has at hand: the adapter, its harness, probes inside and outside, a Coordinator."""

from __future__ import annotations

import itertools
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from subprocess import CompletedProcess
from typing import Final, Self

from ringtaw_premain.errors import AdapterError
from ringtaw_premain.hookspecs import Adapter
from ringtaw_premain.plugins import EntryPoint, installed_adapters, load_adapter

from ringtaw_testkit.conformance.model import Failed, Side, Skipped
from ringtaw_testkit.conformance.probe import Observation, Probe
from ringtaw_testkit.harness import Harness, Inside, Sample
from ringtaw_testkit.premain import run_premain
from ringtaw_testkit.simulator import CoordinatorSimulator

WITHOUT_HARNESS: Final = (
    "no harness says how a process gets inside the runtime on this machine: "
    "see ringtaw_testkit.harness"
)


@dataclass(frozen=True, slots=True)
class Marble:
    """A Marble in a directory of its own, and the Coordinator that it meets."""

    coordinator: CoordinatorSimulator
    directory: Path
    program: Path
    start: Callable[..., CompletedProcess[str]]
    """Runs the premain to its end; takes environment variables as keyword arguments."""

    @property
    def started(self) -> bool:
        """Whether the program ran."""
        return (self.directory / "started").exists()


class Context:
    """Everything about one adapter in one run of the suite; made anew for each."""

    def __init__(self, name: str, harness: Harness) -> None:
        self.name = name
        self.harness = harness
        self._numbers = itertools.count()
        self._lock = threading.RLock()
        self._probes: list[Probe] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.workspace = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="check-")))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @cached_property
    def entry(self) -> EntryPoint:
        """The adapter's entry point."""
        return installed_adapters()[self.name]

    @cached_property
    def adapter(self) -> Adapter:
        """The adapter's descriptor.

        Raises:
            Skipped: It does not load; a case of its own says why.
        """
        try:
            return load_adapter(self.entry)
        except AdapterError:
            raise Skipped("the adapter does not load") from None

    @cached_property
    def inside(self) -> Inside:
        """How to be inside the runtime.

        Raises:
            Skipped: Nobody says how.
        """
        with self._lock:
            block = self.harness.inside(self.new_directory("platform"))
            if block is None:
                raise Skipped(WITHOUT_HARNESS)
            return self._stack.enter_context(block)

    @cached_property
    def sample(self) -> Sample:
        """A good configuration.

        Raises:
            Skipped: Nobody has one.
        """
        sample = self.harness.sample(self.new_directory("sample"))
        if sample is None:
            raise Skipped("the harness has no sample of a good configuration")
        return sample

    @cached_property
    def outside(self) -> Probe:
        """The runtime side, loaded outside its runtime."""
        self.require_side(Side.RUNTIME)
        return self._probe(Side.RUNTIME, {})

    @cached_property
    def within(self) -> Probe:
        """The runtime side, loaded inside its runtime."""
        self.require_side(Side.RUNTIME)
        return self._probe(Side.RUNTIME, self.inside.environ, self.inside.prefix)

    @cached_property
    def build(self) -> Probe:
        """The build side."""
        self.require_side(Side.BUILD)
        return self._probe(Side.BUILD, {})

    @property
    def anywhere(self) -> Probe:
        """The runtime side inside its runtime, or outside if nobody can get in."""
        try:
            return self.within
        except Skipped:
            return self.outside

    @property
    def program_in_argv(self) -> bool:
        """Whether the Marble's Argv names the program; so it is where nobody says otherwise."""
        try:
            return self.inside.program_in_argv
        except Skipped:
            return True

    @property
    def has_no_evidence(self) -> bool:
        """Whether there is none even inside the runtime."""
        try:
            return self.inside.report_data is None
        except Skipped:
            return False

    def another_within(self) -> Probe:
        """Return another process with the runtime side, inside its runtime."""
        return self._probe(Side.RUNTIME, self.inside.environ, self.inside.prefix)

    def is_inside(self, probe: Probe) -> bool:
        """Whether a probe is the one inside the runtime."""
        return self.__dict__.get("within") is probe

    def variables_inside(self) -> set[str]:
        """Return the variables that put a process inside: they are not the adapter's to doubt."""
        return set(self.inside.environ) if self.is_inside(self.anywhere) else set()

    @property
    def observations(self) -> list[Observation]:
        """Every call of a hook in this run."""
        return [observation for probe in self._probes for observation in probe.observations]

    def require_side(self, side: Side) -> None:
        """Skip the case if the adapter has no such side."""
        if not (self.adapter.runtime if side is Side.RUNTIME else self.adapter.build):
            raise Skipped(f"it has no {side} side: {self.adapter.note or 'without a word why'}")

    def require_hook(self, probe: Probe, hook: str) -> None:
        """Skip the case if the adapter leaves a hook out."""
        if probe.load_error:
            raise Skipped("this side of the adapter does not load")
        if hook not in probe.hooks:
            raise Skipped(f"it does not provide {hook}")

    def new_directory(self, name: str) -> Path:
        """Return a new empty directory."""
        path = self.workspace / f"{name}-{next(self._numbers)}"
        path.mkdir()
        return path

    @contextmanager
    def marble(self, coordinator: CoordinatorSimulator | None = None) -> Iterator[Marble]:
        """Yield a Marble that has not started yet.

        Its program makes the file ``started``, prints ``GREETING`` and its arguments, and ends with
        exit code 42.
        """
        self.require_hook(self.within, "launch_spec")
        directory = self.new_directory("marble")
        program = directory / "application"
        program.write_text(f'#!/bin/sh\n: > "{directory}/started"\necho "$GREETING $@"\nexit 42\n')
        program.chmod(0o755)
        arguments = () if self.inside.program_in_argv else ("--", str(program))
        with coordinator or CoordinatorSimulator() as simulator:

            def start(address: str = "", **environ: str) -> CompletedProcess[str]:
                if address:
                    environ["EDG_MARBLE_COORDINATOR_ADDR"] = address
                return run_premain(
                    self.name,
                    {**self.inside.environ, **environ},
                    simulator,
                    directory,
                    *arguments,
                    prefix=self.inside.prefix,
                )

            yield Marble(simulator, directory, program, start)

    def _probe(self, side: Side, environ: Mapping[str, str], prefix: tuple[str, ...] = ()) -> Probe:
        with self._lock:
            probe = Probe(self.name, side, self.new_directory("probe"), environ, prefix)
            self._stack.callback(probe.close)
            self._probes.append(probe)
            return probe


def result_error(observation: Observation, *types: str) -> str:
    """Return the text of the error that an observation must be.

    Raises:
        Failed: It is none of these types, or no error.
    """
    error = observation.error
    if error is None:
        raise Failed(f"{observation.hook} accepted it")
    if error.foreign or not set(types) & set(error.kinds):
        raise Failed(f"{observation.hook} raised {error}, not {' or '.join(types)}")
    return error.text
