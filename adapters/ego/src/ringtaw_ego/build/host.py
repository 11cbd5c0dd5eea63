"""`ego marblerun` with a signed executable."""

from __future__ import annotations

import os
from typing import Final

from ringtaw_premain.build_hookspecs import HostCommand, RunRequest
from ringtaw_premain.errors import PlatformError

_INSTALL: Final = (
    'install EGo (https://docs.edgeless.systems/ego, "Install"): its package ego, or '
    "`snap install ego-dev --classic`"
)


def host_command(request: RunRequest) -> HostCommand:
    """Return the command. EDG_* variables reach the enclave through its environment.

    Without SGX the same command runs in Open Enclave's simulation.

    Raises:
        PlatformError: Not exactly one argument, or no such file.
    """
    if not request.arguments:
        raise PlatformError("no executable is named", hint="ringtaw ego run EXE")
    executable, *others = request.arguments
    if others:
        raise PlatformError(
            f"the program's arguments come from the manifest, not from here: {' '.join(others)}",
            hint="put them into the Marble's Parameters.Argv",
        )
    if not os.path.isfile(executable):
        raise PlatformError(
            f"{executable}: not a file", hint="name the executable that `ego sign` signed"
        )
    environ = {**request.environ, "OE_SIMULATION": "1"} if request.direct else request.environ
    return HostCommand(("ego", "marblerun", executable), environ, _INSTALL)
