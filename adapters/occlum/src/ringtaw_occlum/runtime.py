"""What the premain asks of Occlum, from inside.

``sealing_key`` is left out: Occlum's GET_KEY takes a raw EGETKEY request whose TCB and attribute
masks are the caller's to choose, and nothing here has shown them right on hardware.
``order_files`` is left out: no file in Occlum has to be written before another.
"""

from __future__ import annotations

import os
from typing import Final

from ringtaw_premain.errors import CannotExecuteError, PolicyError, ProgramNotFoundError
from ringtaw_premain.hookspecs import LaunchRequest, LaunchSpec, hookimpl

from . import _quote

DEVICE: Final = "/dev/sgx"
"""Device whose ioctls give quotes."""


class OcclumRuntime:
    """The runtime hooks in Occlum. ``device`` is replaced only by tests."""

    def __init__(self, *, device: str = DEVICE) -> None:
        self._device = device

    @hookimpl
    def detect(self) -> bool:
        """Whether uname(2) says Occlum (src/libos/src/misc/uname.rs)."""
        return os.uname().sysname == "Occlum"

    @hookimpl
    def issue_evidence(self, report_data: bytes) -> bytes:
        """Return the raw SGX quote over ``report_data`` (64 bytes), without padding.

        Raises:
            EvidenceUnavailableError: Occlum gave no quote, or one over other data.
        """
        return _quote.issue_quote(self._device, report_data)

    @hookimpl
    def launch_spec(self, request: LaunchRequest) -> LaunchSpec:
        """Return the program at the absolute path Argv[0], called by its base name, as Occlum does.

        Raises:
            PolicyError: Argv[0] is not absolute, or the host tried to name a program.
            ProgramNotFoundError: The program does not exist.
            CannotExecuteError: The program exists but is not executable.
        """
        if request.arguments:
            # The command line of `occlum run` is the host's; entry_points measures only its head.
            raise PolicyError(
                f"the command line names a program: {' '.join(request.arguments)}",
                hint="in Occlum the program comes from the Marble's Argv alone",
            )
        program = request.argv[0]
        if not program.startswith("/"):
            raise PolicyError(
                f"Argv[0] of the Marble is {program!r}, not an absolute path",
                hint="begin the Marble's Argv in the manifest with the path in the Occlum image",
            )
        _require_executable(program)
        argv = (os.path.basename(program), *request.argv[1:])
        return LaunchSpec(program, argv, request.environ)


def _require_executable(program: str) -> None:
    if not os.path.exists(program):
        raise ProgramNotFoundError(
            f"the application {program} does not exist in the enclave",
            hint="check Argv[0] of the Marble and the image given to `occlum build`",
        )
    if os.path.isdir(program) or not os.access(program, os.X_OK):
        raise CannotExecuteError(
            f"the application {program} is not an executable file", hint="chmod +x it in the image"
        )
