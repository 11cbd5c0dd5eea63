"""The same judgement over evidence that was saved, without network."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ringtaw_attestation import Collateral, PlatformKind

from ringtaw_client._appraisal import Basis, appraise
from ringtaw_client._quote import Claim
from ringtaw_client.address import Address
from ringtaw_client.checks import Check
from ringtaw_client.errors import InputError
from ringtaw_client.evidence import Evidence
from ringtaw_client.manifests import check_manifest, manifest_checks
from ringtaw_client.policy import CoordinatorPolicy
from ringtaw_client.trust import Trust
from ringtaw_client.verification import VerifiedCoordinator, warn


def verify_offline(
    directory: Path,
    policy: CoordinatorPolicy,
    trust: Trust = Trust(),  # noqa: B008 - immutable
    *,
    at: datetime | None = None,
    manifest: bytes | str = b"",
) -> VerifiedCoordinator:
    """Judge saved evidence again, by the collateral that was saved with it.

    ``at`` is the time (with a time zone) to judge at. By default it is the recorded one, which is
    what the directory says: nobody has signed it. A manifest that was saved must be signed by the
    root key; if ``manifest`` is given (bytes, or SHA-256 in hex), it must be that one.

    Raises:
        EvidenceRejectedError: The evidence does not prove anything, or did not at that time.
        PolicyMismatchError: It is of another Coordinator, or of another manifest.
        InputError: The directory has no usable evidence.
    """
    evidence = Evidence.load(directory)
    where = str(directory)
    basis = Basis(
        trust.open_roots(),
        _Saved(evidence.collateral),
        trust.accept_software_tee,
        where,
        lambda: at or evidence.time,
    )
    claim = Claim(evidence.identity, evidence.quote, evidence.tls_certificate)
    appraisal = appraise(claim, evidence.nonce, policy, basis)
    warn(appraisal, policy, where)
    checks = appraisal.checks + _manifest_checks(evidence, manifest, where)
    address = Address.parse(evidence.address)
    return VerifiedCoordinator(address, appraisal.report, checks, evidence)


@dataclass(frozen=True, slots=True)
class _Saved:
    """The only collateral there is."""

    collateral: Collateral

    def fetch(self, platform: PlatformKind) -> Collateral:
        return self.collateral


def _manifest_checks(evidence: Evidence, expected: bytes | str, where: str) -> tuple[Check, ...]:
    if evidence.manifest is None:
        if expected:
            raise InputError(f"no manifest was saved in {where}")
        return ()
    check_manifest(evidence.manifest, evidence.identity, where, expected)
    return manifest_checks(evidence.manifest, evidence.identity, expected)
