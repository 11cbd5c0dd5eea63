"""What tests of verification share: a real deployment, which a software TEE attests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.cli.installed import Done, Workplace
from tests.support.attested_mesh import COORDINATOR, MARBLE, AttestedMesh, frontend
from tests.support.coordinator_process import CoordinatorProcess

MANIFEST = frontend()
IDENTITY = ("--unique-id", COORDINATOR.unique_id.hex())


@dataclass(frozen=True)
class Deployment:
    """A Coordinator with a manifest."""

    mesh: AttestedMesh
    coordinator: CoordinatorProcess

    @property
    def address(self) -> str:
        """The client API, by a name of the Coordinator's certificate."""
        return f"localhost:{self.coordinator.client_address[1]}"

    @property
    def roots(self) -> tuple[str, ...]:
        """Options that make the software TEE acceptable."""
        root = self.mesh.directory / "tee" / "root.pem"
        return ("--trusted-roots", str(root), "--accept-software-tee")

    @property
    def basis(self) -> tuple[str, ...]:
        """Options with which the Coordinator is the wanted one."""
        return (*IDENTITY, *self.roots, "--pccs", self.mesh.pccs.url)

    def activate(self) -> tuple[bytes, bytes]:
        """Return certificate chain and key of a Marble, PEM."""
        attest = self.mesh.quote_of(MARBLE)
        given = self.coordinator.activate("frontend", attest=attest).environment
        chain = given["MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN"]
        return chain, given["MARBLE_PREDEFINED_PRIVATE_KEY"]


def at_home(place: Workplace) -> Workplace:
    """Give a person a home of their own."""
    place.environment["HOME"] = str(place.folder)
    return place


def save(place: Workplace, deployment: Deployment, *marbles: str) -> Path:
    """Save evidence as a user does."""
    options = (*deployment.basis, "--save-evidence", "evidence")
    done = place.run("verify", deployment.address, *marbles, *options)
    assert done.returncode == 0, done.stderr
    return place.folder / "evidence"


def failed_checks(done: Done) -> list[str]:
    """Return the names of the checks that failed."""
    lines = [line.split() for line in done.stdout.splitlines()]
    return [words[1] for words in lines if words and words[0] in ("✗", "FAILED")]
