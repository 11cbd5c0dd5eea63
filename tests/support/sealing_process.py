"""Opens the state with the platform's keys: ``python -m tests.support.sealing_process DIRECTORY``.

Run it inside a stand-in. Prints the Coordinator's state; a manifest as the second argument is set
first.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from ringtaw_coordinator.errors import ManifestError, PlatformError
from ringtaw_coordinator.platform import choose_platform
from ringtaw_coordinator.settings import read_settings

from tests.support.deployments import coordinator_in


async def main(directory: Path, manifest: str) -> None:
    try:
        sealer = choose_platform(read_settings(os.environ)).sealer
        async with coordinator_in(directory, sealer=sealer) as coordinator:
            if manifest:
                await coordinator.set_manifest(manifest.encode())
            print(coordinator.status().state.name)
    except (ManifestError, PlatformError) as error:
        print(error)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
