"""Coordinators for tests, without servers: a real state in a real directory."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from ringtaw_coordinator.core.api import ActivationRequest
from ringtaw_coordinator.core.attestation import SIMULATION, Attestation
from ringtaw_coordinator.core.attester import SimulationAttester
from ringtaw_coordinator.core.coordinator import Coordinator, open_coordinator
from ringtaw_coordinator.core.evidence import EvidenceVerifier
from ringtaw_coordinator.state.files import FileStore
from ringtaw_coordinator.state.filesystem import FileSystem
from ringtaw_coordinator.state.sealed_key import Sealer, UnprotectedSealer
from ringtaw_coordinator.state.vault import Vault

NAMES = ("localhost",)
_CSR_KEY = ec.generate_private_key(ec.SECP256R1())


@asynccontextmanager
async def coordinator_in(
    directory: Path,
    *,
    files: FileSystem | None = None,
    sealer: Sealer | None = None,
    verifier: EvidenceVerifier | None = None,
    attestation: Attestation = SIMULATION,
) -> AsyncIterator[Coordinator]:
    """Open a Coordinator on the state in ``directory``, and close it in the end.

    ``verifier`` is for attestation in one direction.
    """
    vault = Vault(FileStore(directory, files), sealer or UnprotectedSealer())
    if verifier is not None:
        attestation = Attestation(verifier, SimulationAttester())
    coordinator = await open_coordinator(vault, attestation, NAMES)
    try:
        yield coordinator
    finally:
        await coordinator.close()


def manifest(
    *,
    env: Mapping[str, Any] | None = None,
    files: Mapping[str, Any] | None = None,
    marble: Mapping[str, Any] | None = None,
    **sections: Any,
) -> bytes:
    """Return a manifest with one Marble, ``frontend``, and whatever else is given."""
    parameters = {"Env": env or {}, "Files": files or {}, "Argv": ["./frontend"]}
    document = {
        "Packages": {"frontend": {"UniqueID": "aa" * 32, "Debug": True}},
        "Marbles": {
            "frontend": {"Package": "frontend", "Parameters": parameters, **(marble or {})}
        },
        **sections,
    }
    return json.dumps(document).encode()


def csr(*names: x509.GeneralName) -> bytes:
    """Return a certificate signing request (DER) for these names."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(_CSR_KEY, hashes.SHA256()).public_bytes(Encoding.DER)


_CSR = csr(x509.DNSName("frontend.example"))


def request(
    marble_type: str = "frontend", marble_uuid: str = "", certificate_request: bytes = _CSR
) -> ActivationRequest:
    """Return a Marble's request, from a new Marble unless a UUID is given."""
    return ActivationRequest(
        quote=b"",
        csr=certificate_request,
        marble_type=marble_type,
        uuid=marble_uuid or str(uuid.uuid4()),
        peer_certificate=b"",
    )


class RecoveryKey:
    """An RSA key of somebody who can recover, made when it is first used."""

    def __init__(self, bits: int = 2048) -> None:
        self._bits = bits

    @cached_property
    def private(self) -> rsa.RSAPrivateKey:
        """The key."""
        return rsa.generate_private_key(65537, self._bits)

    @property
    def public_der(self) -> bytes:
        """SubjectPublicKeyInfo, DER."""
        return self.private.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )

    @property
    def public_pem(self) -> str:
        """SubjectPublicKeyInfo, PEM, as manifests have it."""
        pem = self.private.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
        return pem.decode()
