"""From what a manifest says about enclaves and platforms to policy for evidence."""

from __future__ import annotations

from collections.abc import Mapping

from ringtaw_attestation import (
    InfrastructurePolicy,
    PackagePolicy,
    PolicyError,
    Report,
    TrustDomainPolicy,
    check_infrastructures,
    check_package,
)

from ringtaw_coordinator.errors import VerificationError
from ringtaw_coordinator.manifest.model import Infrastructure, Manifest, Package, TrustDomain
from ringtaw_coordinator.manifest.pointer import pointer


def check_policy(report: Report, package: str, manifest: Manifest) -> None:
    """Check that a package stands for what the evidence is of, on a platform that is accepted.

    Raises:
        VerificationError: It does not; begins with the JSON Pointer of the manifest's field.
    """
    try:
        check_package(report, package_policy(manifest.packages[package]))
    except PolicyError as error:
        # What speaks of the package as a whole names the section, not a field.
        fields = () if error.field == "Packages" else error.field.split(".")
        raise VerificationError(f"{pointer('Packages', package, *fields)}: {error}") from error
    try:
        check_infrastructures(report, infrastructure_policies(manifest.infrastructures))
    except PolicyError as error:
        raise VerificationError(f"{pointer('Infrastructures')}: {error}") from error


def package_policy(package: Package) -> PackagePolicy:
    """Return the policy of a package."""
    return PackagePolicy(
        debug=package.debug,
        unique_id=package.unique_id,
        signer_id=package.signer_id,
        product_id=package.product_id,
        security_version=package.security_version,
        accepted_tcb_statuses=package.accepted_tcb_statuses,
        accepted_advisories=package.accepted_advisories,
        trust_domain=_trust_domain_policy(package.trust_domain),
    )


def infrastructure_policies(
    infrastructures: Mapping[str, Infrastructure],
) -> dict[str, InfrastructurePolicy]:
    """Return the policies of infrastructures, by name."""
    return {
        name: InfrastructurePolicy(
            cpu_svn=one.cpu_svn, qe_svn=one.qe_svn, pce_svn=one.pce_svn, root_ca=one.root_ca
        )
        for name, one in infrastructures.items()
    }


def _trust_domain_policy(domain: TrustDomain | None) -> TrustDomainPolicy | None:
    if domain is None:
        return None
    return TrustDomainPolicy(
        mr_td=domain.mr_td,
        rtmrs=domain.rtmrs,
        mr_config_id=domain.mr_config_id,
        mr_owner=domain.mr_owner,
        mr_owner_config=domain.mr_owner_config,
    )
