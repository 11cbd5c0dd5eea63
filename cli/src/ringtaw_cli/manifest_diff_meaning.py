"""What an update from one manifest to another would mean: by MarbleRun's rules of updates.

Shown are names, and values that identify or limit; never what Marbles or users receive, since that
may be secret.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from ringtaw_coordinator.core.users import Users
from ringtaw_coordinator.manifest.model import Action, Manifest, SealMode, SecretDefinition
from ringtaw_coordinator.state.recovery import same_recovery

_HIDDEN: Final = frozenset(
    {"parameters", "certificate", "initial_certificate", "initial_public", "initial_private"}
)
"""Fields of which only is told that they differ."""
_SECTIONS: Final[Mapping[str, Callable[[Manifest], Mapping[str, Any]]]] = {
    "Packages": lambda manifest: manifest.packages,
    "Infrastructures": lambda manifest: manifest.infrastructures,
    "Marbles": lambda manifest: manifest.marbles,
    "Secrets": lambda manifest: manifest.secrets,
    "Users": lambda manifest: manifest.users,
    "Roles": lambda manifest: manifest.roles,
    "RecoveryKeys": lambda manifest: manifest.recovery_keys,
    "TLS": lambda manifest: manifest.tls,
    "Config": lambda manifest: {"Config": manifest.config},
}


KEPT: Final = "kept"
"""What becomes of a secret with which nothing happens."""


class Kind(StrEnum):
    """What kind of update leads from one manifest to the other."""

    NONE = "none"
    PACKAGES = "packages"
    """Of packages alone: SecurityVersions are raised, at once."""
    FULL = "full"
    """Of the whole manifest, which others may have to acknowledge."""


@dataclass(frozen=True, slots=True)
class Change:
    """An entry of a section that is new, gone or different."""

    section: str
    name: str
    what: str
    """``added``, ``removed`` or ``changed``."""
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Approval:
    """Who can bring the update about, by the manifest in force."""

    users: tuple[str, ...]
    needed: int
    """How many of them have to agree; the one who submits it has."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the update would change, who has to agree, and what follows."""

    kind: Kind
    changes: tuple[Change, ...]
    approval: Approval
    secrets: Mapping[str, str]
    """What becomes of each secret, by name: ``kept``, ``regenerated``, ``emptied``, …"""
    new_recovery_secrets: bool
    warnings: tuple[str, ...]


def meaning_of(old: Manifest, new: Manifest, raised: Mapping[str, int] | None) -> Meaning:
    """Compare manifests; ``raised`` are the SecurityVersions of an update of packages alone."""
    changes = tuple(_changes(old, new))
    kind = Kind.FULL if raised is None else Kind.PACKAGES
    if not changes:
        kind = Kind.NONE
    is_full = kind is Kind.FULL
    return Meaning(
        kind,
        changes,
        _approval(old, raised),
        dict(_secrets(old, new, is_full=is_full)) if changes else {},
        is_full and _has_new_recovery(old, new),
        tuple(_warnings(old, new, changes, raised)),
    )


def _changes(old: Manifest, new: Manifest) -> Iterator[Change]:
    for section, entries in _SECTIONS.items():
        before, after = entries(old), entries(new)
        for name in dict.fromkeys((*before, *after)):
            if name not in after:
                yield Change(section, name, "removed")
            elif name not in before:
                yield Change(section, name, "added")
            elif before[name] != after[name]:
                details = tuple(_details(before[name], after[name]))
                yield Change(section, name, "changed", details)


def _details(before: Any, after: Any) -> Iterator[str]:
    if isinstance(before, bytes):
        yield f"SHA-256 {sha256(before).hexdigest()} -> {sha256(after).hexdigest()}"
        return
    for field in fields(before):
        one, other = getattr(before, field.name), getattr(after, field.name)
        if one == other:
            continue
        hidden = field.name in _HIDDEN
        yield field.name if hidden else f"{field.name} {_shown(one)} -> {_shown(other)}"


def _shown(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex() or "-"
    if isinstance(value, (tuple, frozenset)):
        return ", ".join(sorted(map(str, value))) or "-"
    return "-" if value in (None, "") else str(value)


def _approval(old: Manifest, raised: Mapping[str, int] | None) -> Approval:
    if raised is None:
        updaters = Users(old).updaters
        return Approval(updaters, old.config.update_threshold or len(updaters))
    able = tuple(name for name in old.users if _may_raise(old, name, raised))
    return Approval(able, 1)


def _may_raise(manifest: Manifest, user: str, raised: Mapping[str, int]) -> bool:
    permitted: set[str] = set()
    for name in manifest.users[user].roles:
        role = manifest.roles[name]
        if Action.UPDATE_SECURITY_VERSION in role.actions:
            permitted.update(role.resource_names)
    return permitted.issuperset(raised)


def _has_new_recovery(old: Manifest, new: Manifest) -> bool:
    """Return whether owners of recovery keys receive secrets: other owners, or a first sealing."""
    if not new.recovery_keys or new.config.seal_mode is SealMode.DISABLED:
        return bool(new.recovery_keys) and not same_recovery(old, new)
    return old.config.seal_mode is SealMode.DISABLED or not same_recovery(old, new)


def _secrets(old: Manifest, new: Manifest, *, is_full: bool) -> Iterator[tuple[str, str]]:
    rotated = is_full and new.config.rotate_root_secret
    for name, definition in new.secrets.items():
        yield name, _fate(definition, old.secrets.get(name), rotated=rotated)
    for name in old.secrets:
        if name not in new.secrets:
            yield name, "removed"


def _fate(definition: SecretDefinition, before: SecretDefinition | None, *, rotated: bool) -> str:
    if before is None:
        return "set by users" if definition.user_defined else "generated"
    if definition.user_defined:
        return KEPT if definition == before else "emptied: users set it again"
    if definition.type.is_certificate:
        return "regenerated" if definition.shared else "regenerated for each Marble that starts"
    if definition != before:
        return "regenerated"
    return "rotated; templates reach the former value as .Previous" if rotated else KEPT


def _warnings(
    old: Manifest, new: Manifest, changes: Sequence[Change], raised: Mapping[str, int] | None
) -> Iterator[str]:
    if changes and not _approval(old, raised).users:
        yield "nobody may bring this update about: no role of the old manifest permits it"
    for name, package in new.packages.items():
        before = old.packages.get(name)
        if package.debug and not (before and before.debug):
            yield f"package {name} admits debug enclaves, which protect nothing"
        least, former = package.security_version, before.security_version if before else None
        if least is not None and former is not None and least < former:
            yield f"package {name} goes back to SecurityVersion {least} from {former}"
    if raised is None and Users(old).updaters and not Users(new).updaters:
        yield "nobody may update the new manifest: this update is the last one"
    if raised is None and old.recovery_keys and not new.recovery_keys:
        yield "without recovery keys the state is lost with its platform"
