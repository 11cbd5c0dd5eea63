"""Runs programs of ours in the interpreter a runtime is made of, and in the runtime itself."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ringtaw_premain.errors import PlatformError

from ringtaw_buildkit.python_runtime.manifest import INTERPRETER, LIBRARIES, OPTIONS
from ringtaw_buildkit.python_runtime.packages import INSTALL

_INSIDE: Final = Path(__file__).with_name("_inside")
_SECONDS: Final = 120
_OLDEST: Final = (3, 11)
# Without -I, which would ignore the seed: the order of a set must not change the bytecode.
_DETERMINISTIC: Final = ("-S", "-s", "-P", "-B")
_SEED: Final = {"PYTHONHASHSEED": "0"}
_WHERE: Final = """
import os, sys, sysconfig
print(sys.version_info[0], sys.version_info[1])
print(os.path.realpath(sys.executable))
print(os.path.realpath(sysconfig.get_path("stdlib")))
"""


class Interpreter:
    """The interpreter a runtime is made of."""

    def __init__(self, python: Path) -> None:
        """Look at it.

        Raises:
            PlatformError: It cannot be run or is too old.
        """
        answer = _run([str(python), "-I", "-S", "-B", "-c", _WHERE], {}).splitlines()
        major, minor = map(int, answer[0].split())
        if (major, minor) < _OLDEST:
            raise PlatformError(
                f"{python} is Python {major}.{minor}", hint="the premain needs 3.11 or newer"
            )
        self.tag = f"python{major}.{minor}"
        self.executable = Path(answer[1])
        self.standard_library = Path(answer[2])

    def trace(
        self, folders: Sequence[str], modules: Mapping[str, bool], adapters: Mapping[str, str]
    ) -> dict[str, Any]:
        """Return what trace.py tells: ``found`` and ``version``."""
        request = {
            "paths": folders,
            "modules": modules,
            "adapters": adapters,
            "exercise": exercise_text(),
        }
        program = str(_INSIDE / "trace.py")
        answer = _run([str(self.executable), "-I", "-S", "-B", program], {}, json.dumps(request))
        told: dict[str, Any] = json.loads(answer)
        return told

    def compile(self, modules: Sequence[tuple[str, str, str]]) -> None:
        """Compile modules, given as source, target and name in tracebacks."""
        program = str(_INSIDE / "compile_modules.py")
        command = [str(self.executable), *_DETERMINISTIC, program]
        _run(command, _SEED, json.dumps(modules))


def try_runtime(folder: Path, adapters: Mapping[str, str]) -> None:
    """Let the premain work in a runtime, with its modules alone.

    Raises:
        PlatformError: It does not.
    """
    program = f"{exercise_text()}\nexercise({dict(adapters)!r})\n"
    command = [str(folder / INTERPRETER), *OPTIONS, "-c", program]
    _run(command, {"LD_LIBRARY_PATH": str(folder / LIBRARIES)})


def exercise_text() -> str:
    """Return the program that uses what the premain uses."""
    return (_INSIDE / "exercise.py").read_text(encoding="utf-8")


def _run(command: list[str], environ: Mapping[str, str], text: str = "") -> str:
    try:
        ran = subprocess.run(  # noqa: S603 - programs of ours in the interpreter that was named
            command,
            env={"PATH": "/usr/bin:/bin", **environ},
            input=text,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            cwd="/",
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PlatformError(f"cannot run {command[0]}: {error}") from error
    if ran.returncode:
        last = ran.stderr.strip().rpartition("\n")[2] or f"exit code {ran.returncode}"
        hint = INSTALL if "ModuleNotFoundError" in last else ""
        raise PlatformError(f"{command[0]} cannot run the premain: {last}", hint=hint)
    return ran.stdout
