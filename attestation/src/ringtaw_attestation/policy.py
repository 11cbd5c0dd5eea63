"""Policy: whether genuine evidence is acceptable.

The rules for packages, TCB statuses and advisories are MarbleRun's. Infrastructures, which
MarbleRun reads and never compares, are enforced.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ringtaw_attestation.dcap.tcb import at_least
from ringtaw_attestation.errors import ConfigurationError, PolicyError
from ringtaw_attestation.quote.tdx import TdReport
from ringtaw_attestation.report import EnclaveIdentity, Platform, Report
from ringtaw_attestation.status import TcbStatus
from ringtaw_attestation.trust import TrustedRoot
from ringtaw_attestation.trust_domains import TrustDomainPolicy, check_trust_domain

DEFAULT_TCB_STATUSES: Final = (TcbStatus.UP_TO_DATE, TcbStatus.SW_HARDENING_NEEDED)
"""What a package that names no statuses accepts."""


@dataclass(frozen=True, slots=True)
class PackagePolicy:
    """Which enclaves a package stands for; "" and None mean that a property does not matter.

    Identities are hex in any letter case. Empty statuses stand for the default. With
    ``trust_domain`` it stands for TDX trust domains and for no enclave.
    """

    debug: bool = False
    unique_id: str = ""
    signer_id: str = ""
    product_id: int | None = None
    security_version: int | None = None
    accepted_tcb_statuses: tuple[str, ...] = ()
    accepted_advisories: tuple[str, ...] = ()
    trust_domain: TrustDomainPolicy | None = None


@dataclass(frozen=True, slots=True)
class InfrastructurePolicy:
    """Minimum security versions of a platform, and its root; empty and None do not matter.

    ``cpu_svn`` are the sixteen component versions of a PCK certificate; ``root_ca`` is a
    certificate in PEM or DER.
    """

    cpu_svn: bytes = b""
    qe_svn: int | None = None
    pce_svn: int | None = None
    root_ca: bytes = b""


def check_package(report: Report, package: PackagePolicy) -> None:
    """Check that a package stands for what the evidence is of, and accepts the TCB status.

    Raises:
        PolicyError: It does not; ``field`` is the manifest's field.
    """
    if package.trust_domain is not None:
        if not isinstance(report.body, TdReport):
            raise PolicyError(
                "TDX", f"the package stands for trust domains, not for {report.format} evidence"
            )
        check_trust_domain(report.body, package.debug, package.trust_domain)
    elif report.identity is None:
        raise PolicyError(
            "Packages",
            f"the package stands for SGX enclaves, not for {report.format} evidence",
            hint="a package with TDX stands for trust domains",
        )
    else:
        check_identity(report.identity, report.debug, package)
    check_tcb(report, package)


def check_identity(identity: EnclaveIdentity, debug: bool, package: PackagePolicy) -> None:
    """Check that a package stands for an enclave.

    Raises:
        PolicyError: It does not.
    """
    if debug != package.debug:
        raise PolicyError("Debug", f"the enclave has Debug {debug}, the package {package.debug}")
    if not (debug or package.unique_id or package.signer_id):
        raise PolicyError("UniqueID", "the package names neither UniqueID nor SignerID")
    _check_hex("UniqueID", identity.unique_id, package.unique_id)
    _check_hex("SignerID", identity.signer_id, package.signer_id)
    if package.product_id is not None and identity.product_id != package.product_id:
        raise PolicyError(
            "ProductID", f"the enclave's is {identity.product_id}, not {package.product_id}"
        )
    if package.security_version is not None and (
        identity.security_version < package.security_version
    ):
        raise PolicyError(
            "SecurityVersion",
            f"the enclave's is {identity.security_version}, less than {package.security_version}",
        )


def check_tcb(report: Report, package: PackagePolicy) -> None:
    """Check that a package accepts the TCB status and advisories.

    Raises:
        PolicyError: It does not.
    """
    status, advisories = report.tcb.status, report.tcb.advisories
    if status is TcbStatus.UP_TO_DATE:
        return
    wanted = package.accepted_tcb_statuses or DEFAULT_TCB_STATUSES
    if status not in wanted:
        raise PolicyError(
            "AcceptedTCBStatuses",
            f"TCB status {status} is not accepted, only {', '.join(wanted)}; "
            f"advisories: {', '.join(advisories) or 'none'}",
            hint="update the platform, or accept the status in the package",
        )
    accepted = {advisory.casefold() for advisory in package.accepted_advisories}
    unknown = [one for one in advisories if one.casefold() not in accepted]
    if status is TcbStatus.SW_HARDENING_NEEDED and accepted and unknown:
        raise PolicyError(
            "AcceptedAdvisories",
            f"{', '.join(unknown)} not accepted, only {', '.join(package.accepted_advisories)}",
        )


def check_infrastructures(
    report: Report, infrastructures: Mapping[str, InfrastructurePolicy]
) -> str | None:
    """Return the name of the first infrastructure that the platform belongs to.

    None when none are defined: then all are welcome.

    Raises:
        PolicyError: Some are defined and none matches; says why for each.
    """
    reasons = []
    for name, infrastructure in infrastructures.items():
        reason = _mismatch(report, infrastructure)
        if not reason:
            return name
        reasons.append(f"{name}: {reason}")
    if reasons:
        raise PolicyError("Infrastructures", f"the platform is in none: {'; '.join(reasons)}")
    return None


def _mismatch(report: Report, infrastructure: InfrastructurePolicy) -> str:
    """Return why a platform is not in an infrastructure, "" when it is."""
    if infrastructure.root_ca:
        reason = _root_mismatch(report.root, infrastructure.root_ca)
        if reason:
            return reason
    return _version_mismatch(report.platform, infrastructure)


def _version_mismatch(platform: Platform | None, wanted: InfrastructurePolicy) -> str:
    if platform is None:
        named = wanted.cpu_svn or wanted.qe_svn is not None or wanted.pce_svn is not None
        return "the platform has no such security versions" if named else ""
    if wanted.cpu_svn and not at_least(platform.cpu_svn, wanted.cpu_svn):
        return f"CPUSVN is {platform.cpu_svn.hex()}, not at least {wanted.cpu_svn.hex()}"
    if wanted.qe_svn is not None and platform.qe_svn < wanted.qe_svn:
        return f"QESVN is {platform.qe_svn}, less than {wanted.qe_svn}"
    if wanted.pce_svn is not None and platform.pce_svn < wanted.pce_svn:
        return f"PCESVN is {platform.pce_svn}, less than {wanted.pce_svn}"
    return ""


def _root_mismatch(root: TrustedRoot, wanted: bytes) -> str:
    """Return why bytes of a manifest are no certificate of this root, "" when they are."""
    found = f"RootCA is {root.name!r} (SHA-256 {root.fingerprint})"
    try:
        other = TrustedRoot.from_bytes(wanted)
    except ConfigurationError:
        return f"{found}, and what the manifest has is no root certificate"
    if root.is_same_authority(other.certificate):
        return ""
    return f"{found}, not {other.name!r} (SHA-256 {other.fingerprint})"


def _check_hex(field: str, actual: bytes, wanted: str) -> None:
    if wanted and actual.hex() != wanted.lower():
        raise PolicyError(field, f"the enclave's is {actual.hex()}, not {wanted.lower()}")
