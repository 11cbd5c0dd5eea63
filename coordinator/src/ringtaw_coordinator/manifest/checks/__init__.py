"""Checks that a schema cannot express: what the parts of a manifest say about each other.

Each runs on the typed manifest, and looks at the tree for where to point and for what was there
but did not parse, so that one mistake is not reported as several.
"""

from __future__ import annotations

from ringtaw_coordinator.manifest.checks.config import check_config
from ringtaw_coordinator.manifest.checks.marbles import check_marbles
from ringtaw_coordinator.manifest.checks.packages import check_infrastructures, check_packages
from ringtaw_coordinator.manifest.checks.roles import check_roles
from ringtaw_coordinator.manifest.checks.secrets import check_secrets
from ringtaw_coordinator.manifest.checks.templates import check_templates
from ringtaw_coordinator.manifest.checks.tls import check_tls
from ringtaw_coordinator.manifest.checks.users import check_recovery_keys, check_users
from ringtaw_coordinator.manifest.document import Node
from ringtaw_coordinator.manifest.model import Manifest
from ringtaw_coordinator.manifest.report import Report

_CHECKS = (
    check_packages,
    check_infrastructures,
    check_marbles,
    check_secrets,
    check_users,
    check_roles,
    check_recovery_keys,
    check_tls,
    check_config,
    check_templates,
)


def check(document: Node, manifest: Manifest, report: Report) -> None:
    """Report everything that is wrong or doubtful about a manifest as a whole."""
    for part in _CHECKS:
        part(document, manifest, report)
