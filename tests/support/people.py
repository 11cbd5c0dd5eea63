"""Users of manifests for tests: certificates, roles, and manifests that know them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from ringtaw_coordinator.core.coordinator import Coordinator
from ringtaw_coordinator.core.serving import Serving
from ringtaw_testkit.identities import Certified, self_signed

from tests.support.deployments import manifest


@cache
def person(name: str) -> Certified:
    """Return a user's certificate and key, the same each time."""
    return self_signed(name)


def users(roles: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return the section Users, given each one's roles."""
    return {
        name: {"Certificate": person(name).pem.decode(), "Roles": roles}
        for name, roles in roles.items()
    }


def role(kind: str, names: list[str], *actions: str) -> dict[str, Any]:
    """Return a role."""
    return {"ResourceType": kind, "ResourceNames": names, "Actions": list(actions)}


UPDATERS = {
    "raise": role("Packages", ["frontend", "backend"], "UpdateSecurityVersion"),
    "update": role("Manifest", [], "UpdateManifest"),
}
PACKAGES = {
    "frontend": {"SignerID": "aa" * 32, "ProductID": 1, "SecurityVersion": 3},
    "backend": {"SignerID": "bb" * 32, "ProductID": 2, "SecurityVersion": 0},
    "pinned": {"UniqueID": "cc" * 32},
}


def updatable(*updaters: str, threshold: int = 0, **sections: Any) -> bytes:
    """Return a manifest that these users may update as a whole, and rita its packages."""
    roles = {name: ["update"] for name in updaters} | {"rita": ["raise"], "guest": []}
    config = {"UpdateThreshold": threshold, **sections.pop("Config", {})}
    defaults: dict[str, Any] = {
        "Packages": PACKAGES,
        "Roles": UPDATERS,
        "Users": users(roles),
        "Config": config,
    }
    return manifest(**(defaults | sections))


def served(coordinator: Coordinator) -> Serving:
    """Return what a Coordinator serves at the moment, to look at what no interface shows."""
    return coordinator._machine.accepting()
