"""What importing a module loads beyond the contract, and what that costs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ringtaw_testkit.conformance.model import Failed

FORBIDDEN: Final = {
    "argparse": "options are read once, by the premain",
    "asyncio": "a hundred modules for what is done one after the other",
    "cryptography.x509": "20 ms; the premain's certificate is verified by the Coordinator",
    "ctypes": "native code that nobody measured may be loaded through it",
    "email": "comes with http and urllib",
    "google.protobuf": "the premain speaks the mesh API by itself",
    "grpc": "the premain speaks the mesh API by itself",
    "http": "the premain's call is the only one there is",
    "importlib.metadata": "the plugin host reads entry points by itself",
    "jsonschema": "configurations are validated on the build side",
    "logging": "costs as much as the premain itself; raise errors of the contract instead",
    "multiprocessing": "an enclave has one process",
    "pickle": "runs code that is data",
    "requests": "the premain's call is the only one there is",
    "ringtaw_attestation": "evidence is made here and verified by the Coordinator",
    "ringtaw_buildkit": "the build side is for the developer's machine",
    "ringtaw_coordinator": "the Coordinator is another program",
    "ringtaw_testkit": "the testkit never goes into an enclave",
    "shutil": "loads three compressors; os has what is needed",
    "sqlite3": "an enclave's state is the application's",
    "subprocess": "in most libOSes a process cannot be started, in none should one see secrets",
    "tempfile": "loads shutil and random; secrets go where the manifest says",
    "unittest": "tests stay outside",
    "urllib.request": "the premain's call is the only one there is",
    "uuid": "starts programs of the host to find an address",
}
"""Modules that a runtime side may not load, each with the reason."""

_SCRIPT: Final = """
import sys, time, json
import ringtaw_premain.hookspecs, ringtaw_premain.errors, ringtaw_premain.runtime
before = set(sys.modules)
begin = time.perf_counter()
__import__(sys.argv[1])
milliseconds = (time.perf_counter() - begin) * 1000
print(json.dumps([sorted(set(sys.modules) - before), milliseconds]))
"""
_PATIENCE: Final = 30


@dataclass(frozen=True, slots=True)
class Import:
    """What one module brings along, beyond the contract and built-in modules."""

    modules: frozenset[str]
    milliseconds: float


@lru_cache(maxsize=64)
def imported_by(module: str) -> Import:
    """Import a module in a fresh process.

    Raises:
        Failed: It cannot be imported.
    """
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-P", "-c", _SCRIPT, module],
        env={
            "PATH": os.environ.get("PATH", os.defpath),
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        },
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise Failed(f"cannot import {module}: {lines[-1] if lines else done.returncode}")
    modules, milliseconds = json.loads(done.stdout.splitlines()[-1])
    return Import(frozenset(modules) - frozenset(sys.builtin_module_names), milliseconds)


def forbidden(modules: frozenset[str]) -> list[str]:
    """Return which modules are not allowed in a runtime side, with the reason."""
    return [f"{name} ({why})" for name, why in FORBIDDEN.items() if name in modules]
