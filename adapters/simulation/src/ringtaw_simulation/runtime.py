"""What the premain asks of plain Linux, where nothing is attested and nothing is confidential.

``sealing_key`` is left out: no platform here binds a key to a program.
"""

from __future__ import annotations

from ringtaw_premain.hookspecs import LaunchRequest, LaunchSpec, hookimpl
from ringtaw_premain.linux import linux_launch_spec


class SimulationRuntime:
    """The runtime hooks on plain Linux."""

    @hookimpl
    def detect(self) -> bool:
        """Never: an unprotected start is asked for by name."""
        return False

    @hookimpl
    def issue_evidence(self, report_data: bytes) -> bytes:
        """Return empty evidence, which only a Coordinator in simulation accepts."""
        return b""

    @hookimpl
    def launch_spec(self, request: LaunchRequest) -> LaunchSpec:
        """Return the program given after ``--``, else Argv[0], with the manifest's Argv.

        Raises:
            PolicyError: More than a program was given, or an empty name.
            ProgramNotFoundError: The program does not exist.
            CannotExecuteError: The program exists but is not executable.
        """
        return linux_launch_spec(request)
