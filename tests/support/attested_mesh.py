"""A deployment without simulation: a software TEE, a PCCS for it, and Coordinators in processes.

with attested_mesh(tmp_path) as mesh, mesh.coordinator() as coordinator:
    coordinator.set_manifest(mesh.manifest())
    coordinator.activate("frontend", attest=mesh.quote_of(MARBLE))
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from ringtaw_attestation import certificate_report_data
from ringtaw_attestation.softtee import (
    Enclave,
    SoftwarePlatform,
    SoftwareTee,
    TrustDomain,
    open_software_tee,
)
from ringtaw_attestation.softtee.keys import measurement
from ringtaw_softtee.identity import write_identity

from tests.support.coordinator_process import CoordinatorProcess, coordinator_process
from tests.support.deployments import manifest
from tests.support.pccs import Pccs, running_pccs

COORDINATOR: Final = Enclave(unique_id=measurement("coordinator"))
MARBLE: Final = Enclave(unique_id=measurement("frontend"), product_id=7, security_version=3)
DEBUG: Final = replace(MARBLE, debug=True)
PLATFORM: Final = SoftwarePlatform()
BY_MEASUREMENT: Final = {"UniqueID": MARBLE.unique_id.hex()}
BY_PRODUCT: Final = {"SignerID": MARBLE.signer_id.hex(), "ProductID": 7, "SecurityVersion": 3}
_NAMES: Final = {"coordinator": COORDINATOR, "frontend": MARBLE, "debug": DEBUG}


@dataclass(frozen=True)
class AttestedMesh:
    """What Coordinators and Marbles of one deployment share."""

    directory: Path
    tee: SoftwareTee
    pccs: Pccs

    def settings(self, enclave: str) -> dict[str, str]:
        """Return what makes a process this enclave of the software TEE."""
        return {
            "RINGTAW_ADAPTER": "softtee",
            "RINGTAW_SOFTTEE_DIR": str(self.directory / "tee"),
            "RINGTAW_SOFTTEE_ENCLAVE": enclave,
        }

    def coordinator(
        self,
        enclave: str = "coordinator",
        *,
        state: str = "state",
        settings: Mapping[str, str] | None = None,
    ) -> AbstractContextManager[CoordinatorProcess]:
        """Run a Coordinator on the state of this name."""
        trust = {
            "RINGTAW_TRUSTED_ROOTS": str(self.directory / "tee" / "root.pem"),
            "RINGTAW_COLLATERAL": self.pccs.url,
            "RINGTAW_COLLATERAL_TIMEOUT": "2",
        }
        everything = {**self.settings(enclave), **trust, **(settings or {})}
        return coordinator_process(self.directory / state, everything, simulation=False)

    def register(self, name: str, enclave: Enclave | TrustDomain) -> None:
        """Give an enclave or trust domain a name in the software TEE."""
        write_identity(self.directory / "tee", name, enclave)

    def quote_of(
        self, enclave: Enclave, platform: SoftwarePlatform = PLATFORM
    ) -> Callable[[bytes], bytes]:
        """Return what makes quotes of an enclave over a certificate."""
        return lambda certificate: self.tee.sgx_quote(
            enclave, certificate_report_data(certificate), platform
        )


def marbles(**packages: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sections of a manifest with a Marble of the same name for each package."""
    parameters = {"Env": {"GREETING": "hello"}, "Argv": ["./app", "a"]}
    return {
        "Packages": packages,
        "Marbles": {name: {"Package": name, "Parameters": parameters} for name in packages},
    }


def frontend(**sections: Any) -> bytes:
    """Return a manifest whose only Marble is the enclave ``MARBLE``."""
    return manifest(**{**marbles(frontend=BY_MEASUREMENT), **sections})


@contextmanager
def attested_mesh(directory: Path) -> Iterator[AttestedMesh]:
    """Make a software TEE, run a PCCS for it, and register a Coordinator and two Marbles."""
    tee = open_software_tee(directory / "tee")
    with running_pccs(lambda kind: tee.collateral(kind, datetime.now(UTC))) as pccs:
        mesh = AttestedMesh(directory, tee, pccs)
        for name, enclave in _NAMES.items():
            mesh.register(name, enclave)
        yield mesh
