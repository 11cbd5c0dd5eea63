"""Whether a Coordinator is what it should be, before it is told or believed anything.

1. It is asked for a quote with a fresh nonce, over TLS whose certificate is taken as it comes.
2. The quote is verified: genuine hardware, trusted root.
3. Its report data must be SHA-256 of the root certificate and the nonce.
4. The certificate of that TLS connection must be the root: a Marble has one issued by it.
5. The enclave must have the properties, and the platform the TCB status, that the policy names.

Whoever passes is pinned: from then on only a TLS connection to this very root is used.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ringtaw_client._quote import ask_for_claim
from ringtaw_client._tls import UnknownPeer
from ringtaw_client.address import Address
from ringtaw_client.checks import Check
from ringtaw_client.coordinator import PinnedCoordinator
from ringtaw_client.credentials import Credential
from ringtaw_client.errors import EvidenceRejectedError
from ringtaw_client.evidence import Evidence
from ringtaw_client.identity import CoordinatorIdentity
from ringtaw_client.limits import Limits
from ringtaw_client.model import LogEntry, Manifest
from ringtaw_client.policy import CoordinatorPolicy
from ringtaw_client.trust import Trust

if TYPE_CHECKING:
    from ringtaw_attestation import Report

    from ringtaw_client._appraisal import Appraisal
    from ringtaw_client.marbles import VerifiedMarble

NONCE_SIZE: Final = 32
_DEFAULT_LIMITS: Final = Limits()
_DEFAULT_TRUST: Final = Trust()
_log: Final = logging.getLogger("ringtaw_client")


@dataclass(frozen=True, slots=True)
class VerifiedCoordinator:
    """A Coordinator that has proved what it is. ``checks`` say how, in their order."""

    address: Address
    report: Report
    checks: tuple[Check, ...]
    evidence: Evidence

    @property
    def identity(self) -> CoordinatorIdentity:
        """The root certificate that is trusted from now on, and the current intermediate."""
        return self.evidence.identity

    def connect(
        self,
        credential: Credential | None = None,
        *,
        server_name: str = "",
        limits: Limits = _DEFAULT_LIMITS,
    ) -> PinnedCoordinator:
        """Return what calls this Coordinator and nobody else; see :class:`.PinnedCoordinator`."""
        return PinnedCoordinator(
            self.address, self.identity, credential, server_name=server_name, limits=limits
        )

    def save_evidence(
        self,
        directory: Path,
        manifest: Manifest | None = None,
        *,
        log: Sequence[LogEntry] | None = None,
        marbles: Iterable[VerifiedMarble] = (),
        server_name: str = "",
    ) -> None:
        """Write everything that the verdict rests on to a new directory.

        That is the verdict on this Coordinator and, if they are given, on its manifest, its update
        log, Marbles, and the name that its certificate had to be for.

        Raises:
            InputError: It cannot be written.
        """
        replace(
            self.evidence,
            manifest=manifest,
            log=None if log is None else tuple(log),
            marbles=tuple(marble.evidence for marble in marbles),
            server_name=server_name,
        ).save(directory)


def verify(
    address: str,
    policy: CoordinatorPolicy,
    trust: Trust = _DEFAULT_TRUST,
    *,
    nonce: bytes = b"",
    limits: Limits = _DEFAULT_LIMITS,
) -> VerifiedCoordinator:
    """Make sure that the Coordinator at an address is the one that is wanted.

    ``nonce`` is for those who must choose it themselves; otherwise it is fresh and random.

    Raises:
        EvidenceRejectedError: It does not prove what it is.
        PolicyMismatchError: It is another one.
        UnreachableError: It does not answer; CollateralUnavailableError: who could confirm what it
            says does not.
        InputError, RefusedError, ProtocolError: See :mod:`ringtaw_client.errors`.
    """
    from ringtaw_client._appraisal import Basis, appraise

    parsed = Address.parse(address)
    where = f"https://{parsed}"
    roots = trust.open_roots()
    basis = Basis(roots, trust.open_source(roots), trust.accept_software_tee, where)
    nonce = nonce or secrets.token_bytes(NONCE_SIZE)
    claim = ask_for_claim(parsed, nonce, UnknownPeer(parsed).connect, limits)
    appraisal = appraise(claim, nonce, policy, basis)
    warn(appraisal, policy, where)
    evidence = Evidence(
        str(parsed),
        datetime.now(UTC),
        nonce,
        claim.quote,
        claim.identity,
        claim.tls_certificate,
        appraisal.collateral,
    )
    return VerifiedCoordinator(parsed, appraisal.report, appraisal.checks, evidence)


def connect_insecurely(
    address: str,
    credential: Credential | None = None,
    *,
    server_name: str = "",
    limits: Limits = _DEFAULT_LIMITS,
) -> PinnedCoordinator:
    """Take whoever answers for the Coordinator, for tests with a simulation: WITHOUT ANY PROOF.

    Later calls go to the same one at least. A warning is logged each time.

    Raises:
        ClientError: Nobody answers, see :mod:`ringtaw_client.errors`.
    """
    parsed = Address.parse(address)
    _log.warning("https://%s: the Coordinator is NOT VERIFIED: it may be anybody", parsed)
    claim = ask_for_claim(parsed, b"", UnknownPeer(parsed).connect, limits)
    if claim.tls_certificate != claim.identity.root:
        raise EvidenceRejectedError(
            "the TLS connection does not end at the Coordinator whose certificates came over it",
            where=f"https://{parsed}",
        )
    return PinnedCoordinator(
        parsed, claim.identity, credential, server_name=server_name, limits=limits
    )


def warn(appraisal: Appraisal, policy: CoordinatorPolicy, where: str) -> None:
    """Say each time what a verdict is worth that rests on a software TEE, or leaves much open."""
    if appraisal.report.is_software_tee:
        _log.warning("%s: evidence of a SOFTWARE TEE is accepted: it protects nothing", where)
    for warning in policy.warnings:
        _log.warning("%s: %s", where, warning)
