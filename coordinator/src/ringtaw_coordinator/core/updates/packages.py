"""Updates of packages: raised SecurityVersions, in force at once.

The manifest as it was submitted, and its signature, stay; what counts is the effective manifest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import structlog

from ringtaw_coordinator.core.serving import Serving
from ringtaw_coordinator.core.shared_secrets import reissued_certificates
from ringtaw_coordinator.core.update_log import NEW_VERSION, log_entry
from ringtaw_coordinator.core.updates.proposal import require_no_proposal
from ringtaw_coordinator.core.users import AuthenticUser
from ringtaw_coordinator.errors import RequestRefusedError
from ringtaw_coordinator.manifest.model import Action, Package
from ringtaw_coordinator.names import did_you_mean, quoted
from ringtaw_coordinator.pki.authority import renew_intermediate
from ringtaw_coordinator.pki.secret import SecretIssuer

_log = structlog.get_logger("coordinator")


def update_packages(serving: Serving, user: AuthenticUser, versions: Mapping[str, int]) -> Serving:
    """Return what is served once these SecurityVersions are required.

    Intermediate, Marble root and shared certificates are new, so that Marbles of the old versions
    are no longer trusted by those that start from now on.

    Raises:
        ForbiddenError: The user may not raise all of them.
        RequestRefusedError: Another update is pending, a package is unknown, or one is lowered.
        ManifestError: A certificate cannot be made any more.
    """
    packages = serving.manifest.packages
    for name, version in versions.items():
        if name not in packages:
            hint = did_you_mean(name, packages)
            raise RequestRefusedError(
                f"the manifest has no package {quoted(name)}" + (f": {hint}" if hint else "")
            )
        _check_version(name, packages[name], version)
    user.require(Action.UPDATE_SECURITY_VERSION, versions)
    require_no_proposal(serving)
    deployment = serving.deployment
    intermediate = renew_intermediate(deployment.root, deployment.intermediate)
    secrets = reissued_certificates(deployment, serving.manifest, SecretIssuer(intermediate))
    entries = tuple(_entry(user, name, version) for name, version in versions.items())
    return serving.with_packages(
        replace(
            deployment,
            intermediate=intermediate,
            secrets=secrets,
            package_versions={**deployment.package_versions, **versions},
            update_log=deployment.update_log + entries,
        )
    )


def _check_version(name: str, package: Package, version: int) -> None:
    current = package.security_version
    if current is None and (package.unique_id or package.trust_domain):
        raise RequestRefusedError(
            f"the package {quoted(name)} is known by its measurement and has no SecurityVersion"
        )
    if current is not None and version < current:
        raise RequestRefusedError(
            "update manifest tries to downgrade SecurityVersion of the original manifest: "
            f"the package {quoted(name)} requires {current} now, not {version}"
        )


def _entry(user: AuthenticUser, package: str, version: int) -> str:
    details = {"user": user.name, "package": package, NEW_VERSION: version}
    return log_entry("SecurityVersion increased", **details)
