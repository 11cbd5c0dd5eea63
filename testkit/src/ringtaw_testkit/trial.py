"""One Marble brought up with an adapter, for a person to look at: ``ringtaw adapter try``."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from subprocess import CompletedProcess
from typing import Final

from ringtaw_testkit.harness import Harness, HarnessError
from ringtaw_testkit.premain import run_premain
from ringtaw_testkit.simulator import CoordinatorSimulator, parameters

_PROGRAM: Final = """\
#!/bin/sh
echo "$GREETING from the application, with the arguments: $*"
echo "and a secret in a file: $(cat secrets/key)"
"""


def bring_up(name: str, harness: Harness, arguments: Sequence[str]) -> CompletedProcess[str]:
    """Bring up a Marble at a simulated Coordinator, and return what came of it.

    Its application is a shell script that tells what it was given.

    Raises:
        HarnessError: The harness does not say how to get inside the runtime on this machine.
    """
    with tempfile.TemporaryDirectory(prefix="try-") as workspace:
        platform, directory = Path(workspace, "platform"), Path(workspace, "marble")
        for path in (platform, directory):
            path.mkdir()
        block = harness.inside(platform)
        if block is None:
            raise HarnessError(f"adapter({name}): nobody says how to get inside its runtime here")
        program = directory / "application"
        program.write_text(_PROGRAM)
        program.chmod(0o755)
        with block as inside, CoordinatorSimulator() as coordinator:
            given = {"secrets/key": b"a key that the Coordinator keeps"}
            greeting = {"GREETING": b"Hello"}
            coordinator.admit(parameters(str(program), *arguments, files=given, env=greeting))
            after = () if inside.program_in_argv else ("--", str(program))
            return run_premain(
                name, inside.environ, coordinator, directory, *after, prefix=inside.prefix
            )
