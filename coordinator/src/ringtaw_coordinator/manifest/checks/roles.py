"""Roles: the resources exist, and what is permitted can be done with them."""

from __future__ import annotations

from typing import Final

from ringtaw_coordinator.manifest.document import Node
from ringtaw_coordinator.manifest.model import Action, Manifest, ResourceType, Role
from ringtaw_coordinator.manifest.report import Report
from ringtaw_coordinator.names import quoted

_KINDS: Final = {ResourceType.PACKAGES: "package", ResourceType.SECRETS: "secret"}


def check_roles(document: Node, manifest: Manifest, report: Report) -> None:
    """Check every role's resources."""
    for name, role in manifest.roles.items():
        if role.resource_type not in _KINDS:
            continue
        known = document.entries(role.resource_type)
        for resource in document.entries("Roles")[name].array("ResourceNames"):
            text = str(resource.value)
            if text not in known:
                message = f"there is no {_KINDS[role.resource_type]} {quoted(text)}"
                report.unknown(resource, message, text, known)
            elif role.resource_type is ResourceType.SECRETS:
                _check_secret(resource, role, manifest, report)
            elif "TDX" in known[text].members:
                hint = "a new image is a new package, in an update of the manifest"
                report.error(resource, "trust domains have no SecurityVersion to update", hint)


def _check_secret(resource: Node, role: Role, manifest: Manifest, report: Report) -> None:
    secret = manifest.secrets.get(str(resource.value))
    if secret is None or secret.user_defined:
        return
    if Action.WRITE_SECRET in role.actions:
        hint = "set UserDefined in its definition, or leave it out here"
        report.error(resource, "WriteSecret needs a user-defined secret", hint)
    if Action.READ_SECRET in role.actions and not secret.shared:
        hint = "a private secret has no value of its own, but one for each Marble"
        report.error(resource, "ReadSecret needs a shared or user-defined secret", hint)
