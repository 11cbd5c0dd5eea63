"""What the tests of the client share."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from ringtaw_attestation.softtee import write_software_collateral
from ringtaw_client import Trust

from tests.support.attested_mesh import AttestedMesh, attested_mesh
from tests.support.evidence import TEE


@pytest.fixture(scope="session")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    """Trust in the tests' software TEE, with its collateral in files."""
    directory = tmp_path_factory.mktemp("trust")
    collateral = write_software_collateral(TEE, directory, datetime.now(UTC))
    roots = directory / "roots.pem"
    roots.write_bytes(TEE.root_ca.pem)
    return Trust(collateral=str(collateral), roots=roots, accept_software_tee=True)


@pytest.fixture(scope="session")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AttestedMesh]:
    """A software TEE with a PCCS, for Coordinators in processes."""
    with attested_mesh(tmp_path_factory.mktemp("mesh")) as mesh:
        yield mesh


@pytest.fixture(scope="session")
def mesh_trust(mesh: AttestedMesh) -> Trust:
    """Trust in that software TEE."""
    return Trust(
        collateral=mesh.pccs.url,
        roots=mesh.directory / "tee" / "root.pem",
        accept_software_tee=True,
        cache=mesh.directory / "cache",
    )
