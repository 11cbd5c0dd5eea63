"""`occlum run` in the folder of an instance."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from ringtaw_buildkit.document import read_json
from ringtaw_buildkit.subject import Subject
from ringtaw_premain.build_hookspecs import HostCommand, RunRequest
from ringtaw_premain.errors import PlatformError, ProgramNotFoundError

from ringtaw_occlum.build.artefact import ENCLAVE_FILE
from ringtaw_occlum.build.codes import KINDS
from ringtaw_occlum.build.image import INSTANCE_FILES

_INSTALL: Final = (
    'install Occlum (https://occlum.readthedocs.io, "Install Occlum"), or work in its image '
    "occlum/occlum:0.31.0-ubuntu22.04"
)
_PROGRAM: Final = "occlum"


def host_command(request: RunRequest) -> HostCommand:
    """Return the command; the first argument may be the folder of the instance.

    Without a program among the arguments it is the only entry point of the instance.

    Raises:
        PlatformError: No instance, or no program that could be meant.
        ProgramNotFoundError: Occlum is not installed.
    """
    if request.direct:
        raise PlatformError(
            "Occlum has no way to run without SGX what was built for SGX",
            hint="build it for simulation: occlum build --sgx-mode SIM",
        )
    folder, arguments = _split(request.arguments)
    _require_instance(folder or Path())
    program = arguments or (_entry_point(folder or Path()),)
    if not program[0].startswith("/"):
        raise PlatformError(
            f"{program[0]!r} is no absolute path in the image",
            hint="name the premain's path there, such as /bin/ringtaw-premain",
        )
    return HostCommand(
        (*_change_to(folder, request), _PROGRAM, "run", *program), request.environ, _INSTALL
    )


def _split(arguments: tuple[str, ...]) -> tuple[Path | None, tuple[str, ...]]:
    """Return the instance's folder, if one is named, and the rest."""
    if arguments and os.path.isdir(arguments[0]) and _is_instance(Path(arguments[0])):
        return Path(arguments[0]), arguments[1:]
    if arguments and not arguments[0].startswith("/"):
        return Path(arguments[0]), arguments[1:]
    return None, arguments


def _is_instance(folder: Path) -> bool:
    return any((folder / name).exists() for name in INSTANCE_FILES)


def _require_instance(folder: Path) -> None:
    if not _is_instance(folder):
        raise PlatformError(
            f"{folder.absolute()}: not the folder of an Occlum instance",
            hint="change to the one that `occlum new` made, or name it as the first argument",
        )
    if not (folder / ENCLAVE_FILE).is_file():
        raise PlatformError(f"{folder.absolute()}: nothing is built", hint="occlum build")


def _entry_point(folder: Path) -> str:
    document = read_json(str(folder / "Occlum.json"))
    entry_points = [path for _, path in Subject(document, KINDS).texts("entry_points")]
    if len(entry_points) != 1:
        raise PlatformError(
            f"{document.path}: {len(entry_points)} entry points, so it is not clear what to start",
            hint="name the program's path in the image",
        )
    return entry_points[0]


def _change_to(folder: Path | None, request: RunRequest) -> tuple[str, ...]:
    """Return what runs a command in another folder: `occlum` takes the working directory for the
    instance."""
    if folder is None:
        return ()
    if shutil.which(_PROGRAM, path=request.environ.get("PATH", os.defpath)) is None:
        raise ProgramNotFoundError(f"{_PROGRAM}: is not installed", hint=_INSTALL)
    return ("env", f"--chdir={folder}")
