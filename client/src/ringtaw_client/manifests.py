"""Whether a manifest is the deployment's, and the one that somebody expects."""

from __future__ import annotations

from hashlib import sha256

from ringtaw_client.checks import Check
from ringtaw_client.errors import EvidenceRejectedError, PolicyMismatchError
from ringtaw_client.identity import CoordinatorIdentity
from ringtaw_client.model import Manifest


def manifest_checks(
    manifest: Manifest, identity: CoordinatorIdentity, expected: bytes | str | None = None
) -> tuple[Check, ...]:
    """Check the root key's signature, and the fingerprint if something is expected.

    ``expected`` is a manifest, or the SHA-256 of one in hex.
    """
    signed = identity.has_signed(manifest.raw, manifest.signature)
    found = "a signature of the root key" if signed else "another signature"
    signature = Check("manifest-signature", "a signature of the root key", found, signed)
    if expected is None:
        return (signature,)
    fingerprint = expected if isinstance(expected, str) else sha256(expected).hexdigest()
    found = manifest.fingerprint
    same = fingerprint.lower() == found
    return (signature, Check("manifest-fingerprint", fingerprint.lower(), found, same))


def check_manifest(
    manifest: Manifest,
    identity: CoordinatorIdentity,
    where: str,
    expected: bytes | str | None = None,
) -> Manifest:
    """Return the manifest if it passes :func:`manifest_checks`.

    Raises:
        EvidenceRejectedError: The signature is not the root key's.
        PolicyMismatchError: It is another manifest than expected.
    """
    signature, *fingerprint = checks = manifest_checks(manifest, identity, expected)
    if not signature.ok:
        raise EvidenceRejectedError(
            "the manifest is not signed by the root key", where=where, checks=checks
        )
    if not all(check.ok for check in fingerprint):
        raise PolicyMismatchError(
            "the manifest in force is another one: expected is the SHA-256 "
            f"{fingerprint[0].expected}, found {fingerprint[0].found}",
            where=where,
            hint="look at the manifest and at the update log",
            checks=checks,
        )
    return manifest
