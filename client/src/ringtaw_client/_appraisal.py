"""The judgement over a Coordinator's claim, check by check: the same for live and saved evidence.

Names of checks are stable: ``quote``, ``hardware``, ``binding``, ``tls``, then the properties as
policies spell them.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from ringtaw_attestation import (
    AttestationError,
    Collateral,
    CollateralSource,
    EvidenceError,
    PlatformKind,
    PolicyError,
    Report,
    TrustedRoot,
    VerificationContext,
    Verifiers,
    check_package,
    claims_software_tee,
    coordinator_report_data,
)
from ringtaw_attestation import CollateralUnavailableError as NoCollateralError

from ringtaw_client._quote import Claim
from ringtaw_client._text import printable
from ringtaw_client.checks import Check
from ringtaw_client.errors import (
    CollateralUnavailableError,
    EvidenceRejectedError,
    InputError,
    PolicyMismatchError,
)
from ringtaw_client.policy import CoordinatorPolicy

_SOFTWARE_TEE_HINT: Final = (
    "it says of itself that it is of a software TEE, which protects nothing: for tests alone, "
    "a root that is named explicitly makes it acceptable"
)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Basis:
    """What a judgement rests on; ``where`` is for errors."""

    roots: tuple[TrustedRoot, ...]
    source: CollateralSource
    accept_software_tee: bool
    where: str
    clock: Callable[[], datetime] = _now


@dataclass(frozen=True, slots=True)
class Appraisal:
    """A claim that passed every check, and the collateral it was verified with."""

    report: Report
    checks: tuple[Check, ...]
    collateral: Collateral


def appraise(claim: Claim, nonce: bytes, policy: CoordinatorPolicy, basis: Basis) -> Appraisal:
    """Judge a claim.

    Raises:
        EvidenceRejectedError: It is not genuine, not fresh, or not of who sent it.
        PolicyMismatchError: It is of another Coordinator than wanted.
        CollateralUnavailableError: It cannot be judged at the moment.
        InputError: The verifiers that are installed do not work.
    """
    ledger = _Ledger(basis.where)
    source = _Recorder(basis.source)
    report = _verified(claim.quote, ledger, source, basis)
    _check_hardware(report, ledger, basis)
    _check_binding(report, claim, nonce, ledger)
    _check_connection(claim, ledger)
    _check_policy(report, policy, ledger)
    if source.last is None:
        raise InputError("the verifier asked for no collateral, so that there is no evidence")
    return Appraisal(report, tuple(ledger.checks), source.last)


class _Recorder:
    """A source of collateral that keeps what it gave."""

    def __init__(self, source: CollateralSource) -> None:
        self._source = source
        self.last: Collateral | None = None

    def fetch(self, platform: PlatformKind) -> Collateral:
        self.last = self._source.fetch(platform)
        return self.last


@dataclass(slots=True)
class _Ledger:
    """The checks so far."""

    where: str
    checks: list[Check] = field(default_factory=list)

    def enter(self, check: Check, failure: str, hint: str = "") -> None:
        """Add a check of the evidence.

        Raises:
            EvidenceRejectedError: It failed.
        """
        self.checks.append(check)
        if not check.ok:
            raise EvidenceRejectedError(failure, where=self.where, hint=hint, checks=self.checks)


def _verified(quote: bytes, ledger: _Ledger, source: _Recorder, basis: Basis) -> Report:
    if not quote:
        ledger.enter(
            Check("quote", "genuine evidence", "none", False),
            "the Coordinator has no evidence of what it is: it runs in simulation",
            "for tests alone there is a way without proof: connect_insecurely, or --insecure",
        )
    context = VerificationContext(basis.roots, source, basis.clock)
    try:
        with _blame(basis.where):
            report = Verifiers.installed().verify(quote, context)
    except EvidenceError as error:
        reason = printable(str(error))
        check = Check("quote", "genuine evidence", reason, False)
        hint = _SOFTWARE_TEE_HINT if claims_software_tee(quote) else ""
        ledger.enter(check, f"the Coordinator's evidence does not verify: {reason}", hint)
        raise
    ledger.enter(Check("quote", "genuine evidence", printable(report.describe()), True), "")
    return report


@contextmanager
def _blame(where: str) -> Iterator[None]:
    """Turn what is not the evidence's fault into this package's errors."""
    try:
        yield
    except EvidenceError:
        raise
    except NoCollateralError as error:
        raise CollateralUnavailableError(
            f"the evidence cannot be judged now: {error.message}",
            where=where,
            hint=error.hint or "is the source of collateral reachable? try again later",
        ) from None
    except AttestationError as error:
        raise InputError(error.message, hint=error.hint) from None


def _check_hardware(report: Report, ledger: _Ledger, basis: Basis) -> None:
    software = report.is_software_tee
    found = "a software TEE, which protects nothing" if software else report.root.name
    expected = "a TEE, be it of software" if basis.accept_software_tee else "a TEE of hardware"
    ledger.enter(
        Check("hardware", expected, printable(found), basis.accept_software_tee or not software),
        "the evidence is of a software TEE, which protects nothing",
        "for tests alone it can be accepted by name (accept_software_tee, --accept-software-tee)",
    )


def _check_binding(report: Report, claim: Claim, nonce: bytes, ledger: _Ledger) -> None:
    expected = coordinator_report_data(claim.identity.root, nonce)
    ledger.enter(
        Check(
            "binding",
            expected.hex()[:64],
            report.report_data.hex()[:64],
            hmac.compare_digest(expected, report.report_data),
        ),
        "the evidence is not for this root certificate and this nonce",
        "it was replayed, or belongs to another Coordinator",
    )


def _check_connection(claim: Claim, ledger: _Ledger) -> None:
    """Check who is at the other end: Marbles have certificates of the root too, so only itself."""
    found = hashlib.sha256(claim.tls_certificate).hexdigest()
    ledger.enter(
        Check("tls", claim.identity.fingerprint, found, found == claim.identity.fingerprint),
        "the TLS connection does not end at the Coordinator whose evidence came over it",
        "somebody is in between: a TLS proxy, a load balancer that ends TLS, or an attacker",
    )


def _check_policy(report: Report, policy: CoordinatorPolicy, ledger: _Ledger) -> None:
    checks = policy.check(report)
    ledger.checks += checks
    failed = [check for check in checks if not check.ok]
    if not failed:
        failed = _second_opinion(report, policy)
    if failed:
        raise PolicyMismatchError(
            f"this is not the Coordinator that is wanted: {'; '.join(map(str, failed))}",
            where=ledger.where,
            hint=_policy_hint(policy, failed[0]),
            checks=ledger.checks,
        )


def _policy_hint(policy: CoordinatorPolicy, failed: Check) -> str:
    if failed.name != "TEE":
        return "is it another version, or are the properties out of date?"
    if policy.trust_domain is None:
        return (
            "properties of a Coordinator in a trust domain are TDX with MRTD, RTMR0, RTMR1, RTMR2"
        )
    return (
        "properties of a Coordinator in an enclave are UniqueID, or SignerID, ProductID and "
        "SecurityVersion"
    )


def _second_opinion(report: Report, policy: CoordinatorPolicy) -> list[Check]:
    """Ask the rules that Coordinators apply to Marbles, which must not be stricter."""
    try:
        check_package(report, policy.as_package(debug=report.debug))
    except PolicyError as error:
        return [Check(error.field, "acceptable", printable(str(error)), False)]
    return []
