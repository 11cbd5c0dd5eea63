"""Hooks called in a process of their own, with everything they did beside their result."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ringtaw_testkit.conformance.model import Failed, Side

CANARY: Final = b"canary-4f1d-must-not-be-told"
"""The secret that the suite gives to adapters, and looks for afterwards."""
PATIENCE: Final = 20.0
"""Seconds that a hook may take before it counts as hanging."""


@dataclass(frozen=True, slots=True)
class HookError:
    """An error that left the plugin host: its type, and those that this derives from.

    ``foreign`` is the type of an error that is none of the contract's, else empty.
    """

    type: str
    kinds: Sequence[str]
    foreign: str
    text: str

    def __str__(self) -> str:
        return f"{self.type}: {self.text}"


@dataclass(frozen=True, slots=True)
class Observation:
    """One call of a hook: its result or error, and what it did to process and world."""

    hook: str
    arguments: Mapping[str, Any] = field(repr=False)
    result: Any
    error: HookError | None
    leaks: Sequence[str]
    told: Sequence[str]
    writes: Sequence[str]
    starts: Sequence[str]
    calls: Sequence[str]
    reads: Sequence[str]
    output: str
    milliseconds: float

    @property
    def value(self) -> Any:
        """The result.

        Raises:
            Failed: There is an error instead.
        """
        if self.error:
            raise Failed(f"{self.hook} raised {self.error}")
        return self.result


class Probe:
    """A process that has loaded one side of an adapter; started at the first use."""

    def __init__(
        self,
        adapter: str,
        side: Side,
        directory: Path,
        environ: Mapping[str, str],
        prefix: Sequence[str] = (),
    ) -> None:
        self.observations: list[Observation] = []
        temporary = directory / "tmp"
        temporary.mkdir(parents=True)
        self.directory = directory / "work"
        self.directory.mkdir()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._lock = threading.Lock()
        self._process = subprocess.Popen(  # noqa: S603 - what this is for
            [*prefix, sys.executable, "-P", "-m", "ringtaw_testkit._probe", adapter, side],
            cwd=self.directory,
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
                "PYTHONDONTWRITEBYTECODE": "1",
                "TMPDIR": str(temporary),
                **environ,
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        try:
            loaded = self._answer()
        except BaseException:
            self.close()
            raise
        self.load_error = _error(loaded)
        self.hooks: Sequence[str] = loaded.get("result") or ()

    def call(
        self,
        hook: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        environ: Mapping[str, str] | None = None,
    ) -> Observation:
        """Call a hook, with variables set meanwhile.

        Raises:
            Failed: The process died or does not answer.
        """
        request = {
            "hook": hook,
            "arguments": arguments or {},
            "environ": environ or {},
            "secrets": [CANARY.hex()],
        }
        with self._lock:
            assert self._process.stdin  # noqa: S101 - it is a pipe
            try:
                self._process.stdin.write(json.dumps(request).encode() + b"\n")
                self._process.stdin.flush()
            except BrokenPipeError:
                raise Failed(f"the process died before {hook}") from None
            answer = self._answer()
        result, error = answer.pop("result", None), _error(answer)
        observation = Observation(hook, arguments or {}, result, error, **answer)
        self.observations.append(observation)
        return observation

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin  # noqa: S101 - it is a pipe
        assert self._process.stdout  # noqa: S101 - likewise
        try:
            self._process.stdin.close()
            self._process.wait(PATIENCE)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._errors.close()

    def _answer(self) -> dict[str, Any]:
        """Lines are read without a buffer, so that waiting for one can end."""
        assert self._process.stdout  # noqa: S101 - it is a pipe
        line = bytearray()
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([self._process.stdout], [], [], PATIENCE)
            if not ready:
                self._process.kill()
                raise Failed(f"no answer within {PATIENCE:g} s")
            part = os.read(self._process.stdout.fileno(), 1 << 16)
            if not part:
                raise Failed(f"the process died: {self._last_words()}")
            line += part
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _last_words(self) -> str:
        self._process.wait(PATIENCE)
        self._errors.seek(0)
        lines = self._errors.read(1 << 16).decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"exit code {self._process.returncode}"


def _error(answer: dict[str, Any]) -> HookError | None:
    error = answer.pop("error", None)
    if not error:
        return None
    return HookError(error["type"], error["kinds"], error["foreign"], error["text"])
