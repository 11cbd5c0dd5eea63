"""What the demo runs on: a software TEE in place of hardware, or nothing at all."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import ringtaw_coordinator
from ringtaw_attestation.softtee import Enclave, open_software_tee, write_software_collateral
from ringtaw_client import (
    CoordinatorPolicy,
    PinnedCoordinator,
    Trust,
    connect_insecurely,
    verify,
)
from ringtaw_softtee.identity import packages, write_identity

from examples.demo.tell import detail, say

HERE = Path(__file__).parent
COORDINATOR = sorted(Path(ringtaw_coordinator.__file__).parent.rglob("*.py"))
PROGRAMS = {
    "coordinator": COORDINATOR,
    "greeter": [HERE / "greeter.py"],
    "visitor": [HERE / "visitor.py"],
    "impostor": [HERE / "marble.py"],
}
"""What each enclave of the software TEE is measured from."""


class Platform(Protocol):
    """Where Coordinator and Marbles run."""

    coordinator_arguments: Sequence[str]
    """For the Coordinator's command line."""

    def environment(self, name: str) -> dict[str, str]:
        """Return the settings that make a process the enclave of that name."""

    def coordinator_settings(self) -> dict[str, str]:
        """Return what the Coordinator verifies evidence with."""

    def packages(self) -> dict[str, Any]:
        """Return the manifest's packages: which enclaves may be a greeter or a visitor."""

    def verified_coordinator(self, address: str) -> PinnedCoordinator:
        """Return a client that talks to the Coordinator, and to nobody else."""


class SoftwareTee:
    """Quotes, collateral and sealing keys that are real in everything but hardware."""

    coordinator_arguments: Sequence[str] = ()

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._tee = open_software_tee(directory)
        self._collateral = write_software_collateral(self._tee, directory, datetime.now(UTC))
        self._enclaves = {name: measure(files) for name, files in PROGRAMS.items()}
        for name, enclave in self._enclaves.items():
            write_identity(directory, name, enclave)
            detail(f"{name:<12} measured: {enclave.unique_id.hex()}")

    def environment(self, name: str) -> dict[str, str]:
        """Name the adapter, the software TEE, and the enclave in it."""
        return {
            "RINGTAW_ADAPTER": "softtee",
            "RINGTAW_SOFTTEE_DIR": str(self._directory),
            "RINGTAW_SOFTTEE_ENCLAVE": name,
        }

    def coordinator_settings(self) -> dict[str, str]:
        """Trust the software TEE's root, and take its collateral from files."""
        return {
            "RINGTAW_TRUSTED_ROOTS": str(self._directory / "root.pem"),
            "RINGTAW_COLLATERAL": str(self._collateral),
        }

    def packages(self) -> dict[str, Any]:
        """Return a package for each program, which names its very measurement."""
        return {
            name: packages(self._enclaves[name])["measurement"] for name in ("greeter", "visitor")
        }

    def verified_coordinator(self, address: str) -> PinnedCoordinator:
        """Challenge the Coordinator, verify its quote, and only then trust its certificate."""
        policy = CoordinatorPolicy(unique_id=self._enclaves["coordinator"].unique_id.hex())
        trust = Trust(
            collateral=str(self._collateral),
            roots=self._directory / "root.pem",
            accept_software_tee=True,
        )
        verified = verify(address, policy, trust)
        for check in verified.checks:
            detail(f"{check.name}: {check.found}")
        return verified.connect()


class Simulation:
    """No evidence at all: everything is believed."""

    coordinator_arguments: Sequence[str] = ("--simulation",)

    def environment(self, name: str) -> dict[str, str]:
        """Send no quote."""
        return {"RINGTAW_ADAPTER": "simulation"}

    def coordinator_settings(self) -> dict[str, str]:
        """Verify nothing."""
        return {}

    def packages(self) -> dict[str, Any]:
        """Return packages that nothing is compared with."""
        return {name: {"Debug": True, "UniqueID": "00" * 32} for name in ("greeter", "visitor")}

    def verified_coordinator(self, address: str) -> PinnedCoordinator:
        """Believe whoever answers first."""
        say("     SIMULATION: there is no quote, so this may be anybody.")
        return connect_insecurely(address)


def measure(files: Sequence[Path]) -> Enclave:
    """Return the enclave of a program: as SGX would, it is known by a hash of its contents."""
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files))
    return Enclave(unique_id=digest.digest())
