"""Users: who they are by their certificates, and what their roles permit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Final

from ringtaw_coordinator.errors import ForbiddenError, UnauthorizedError
from ringtaw_coordinator.manifest.model import Action, Manifest, Role
from ringtaw_coordinator.names import quoted

_SHOWN: Final = 10

Permissions = Mapping[Action, Set[str]]
"""What may be done with which packages or secrets; with the manifest there are no names."""


@dataclass(frozen=True, slots=True)
class AuthenticUser:
    """A user of the manifest in force who has proved who they are."""

    name: str
    permissions: Permissions = field(repr=False)

    def require_one_of(self, *actions: Action) -> None:
        """Return if the user may do one of these to anything at all.

        Raises:
            ForbiddenError: None of them.
        """
        if self.permissions.keys().isdisjoint(actions):
            raise ForbiddenError(
                f"the user {quoted(self.name)} has no role with {' or '.join(actions)}"
            )

    def require(self, action: Action, names: Iterable[str] = ()) -> None:
        """Return if the user may do this to all the packages or secrets named.

        Raises:
            ForbiddenError: Not to all of them.
        """
        self.require_one_of(action)
        permitted = self.permissions[action]
        denied = [name for name in dict.fromkeys(names) if name not in permitted]
        if denied:
            shown = ", ".join(map(quoted, denied[:_SHOWN])) + (", …" if denied[_SHOWN:] else "")
            raise ForbiddenError(
                f"no role of the user {quoted(self.name)} permits {action} on {shown}"
            )


class Users:
    """The users of a manifest; finding one takes the same time however many there are."""

    def __init__(self, manifest: Manifest) -> None:
        """Look at every user and role once."""
        self._found: dict[bytes, tuple[bytes, AuthenticUser]] = {}
        same_roles: dict[tuple[str, ...], Permissions] = {}
        updaters = []
        for name, user in manifest.users.items():
            permissions = same_roles.get(user.roles)
            if permissions is None:
                permissions = _permissions(manifest.roles[role] for role in user.roles)
                same_roles[user.roles] = permissions
            if Action.UPDATE_MANIFEST in permissions:
                updaters.append(name)
            known = (user.certificate, AuthenticUser(name, permissions))
            self._found[_key(user.certificate)] = known
        self.updaters = tuple(updaters)
        """Names of those who may update the manifest as a whole."""

    def identify(self, certificate: bytes) -> AuthenticUser:
        """Return the user who has this client certificate (DER); b"" is nobody's.

        Issuer, subject, usage and expiry do not count: it is the very certificate or it is not.

        Raises:
            UnauthorizedError: It is no user's.
        """
        if not certificate:
            raise UnauthorizedError("unauthorized user: no client certificate was presented")
        known, user = self._found.get(_key(certificate), (b"", None))
        if user is None or not compare_digest(known, certificate):
            raise UnauthorizedError(
                "unauthorized user: the client certificate is none of a user in the manifest"
            )
        return user


def _key(certificate: bytes) -> bytes:
    return hashlib.sha256(certificate).digest()


def _permissions(roles: Iterable[Role]) -> Permissions:
    permissions: dict[Action, set[str]] = {}
    for role in roles:
        for action in role.actions:
            permissions.setdefault(action, set()).update(role.resource_names)
    return permissions
