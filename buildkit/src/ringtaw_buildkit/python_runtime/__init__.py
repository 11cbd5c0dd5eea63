"""The premain's own Python: a folder with what an activation needs, and nothing else.

Public. Every file in it is measured into the enclave and hashed when it is opened, so the folder
holds an interpreter, the modules that the premain with its adapters was seen to load or could load
by what its source says, as bytecode, and the libraries these are linked with. :func:`build` makes
it, :func:`read_manifest` tells what is in one.
"""

from __future__ import annotations

from ringtaw_buildkit.python_runtime.build import build
from ringtaw_buildkit.python_runtime.manifest import (
    INTERPRETER,
    LIBRARIES,
    MANIFEST,
    OPTIONS,
    Group,
    Manifest,
    RuntimeFile,
    read_manifest,
)

__all__ = [
    "INTERPRETER",
    "LIBRARIES",
    "MANIFEST",
    "OPTIONS",
    "Group",
    "Manifest",
    "RuntimeFile",
    "build",
    "read_manifest",
]
