"""A built enclave's identity as a package of the Coordinator's manifest.

Public. A package names an enclave by its exact measurement (UniqueID), or by who signed it, which
product it is and from which security version on (SignerID, ProductID, SecurityVersion). The second
follows every build that the signer's key signs, so nothing here chooses it unasked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final

from ringtaw_premain.build_hookspecs import PackageProperties
from ringtaw_premain.errors import PlatformError

from ringtaw_buildkit.document import Document, DocumentError
from ringtaw_buildkit.json_edit import remove_key, set_value


class Identity(StrEnum):
    """What a package knows its enclaves by."""

    UNIQUE_ID = "unique-id"
    SIGNER = "signer"


KEYS: Final = {
    Identity.UNIQUE_ID: ("UniqueID",),
    Identity.SIGNER: ("SignerID", "ProductID", "SecurityVersion"),
}
"""The keys of a package by which it knows its enclaves."""
_PACKAGES: Final = "Packages"
_DEBUG: Final = "Debug"


def all_properties(properties: PackageProperties) -> dict[str, Any]:
    """Return every property under its name in the manifest."""
    return {
        "UniqueID": properties.unique_id,
        "SignerID": properties.signer_id,
        "ProductID": properties.product_id,
        "SecurityVersion": properties.security_version,
        _DEBUG: properties.debug,
    }


def package(properties: PackageProperties, identity: Identity) -> dict[str, Any]:
    """Return the package of a manifest: one kind of identity, and Debug only if it is true."""
    every = all_properties(properties)
    members = {key: every[key] for key in KEYS[identity]}
    return members | ({_DEBUG: True} if properties.debug else {})


def merge_package(
    manifest: Document, name: str, properties: PackageProperties, identity: Identity | None = None
) -> str:
    """Return the manifest's text with the enclave as its package of that name.

    Everything else stays as its author wrote it, down to the byte; keys are found in any letter
    case, as the Coordinator reads them. Without ``identity`` the package keeps the kind it has; a
    new one gets its UniqueID. Keys of the other kind are removed: a package has one kind.

    Raises:
        DocumentError: The manifest, its packages or this one are not objects.
        PlatformError: The package has both kinds and none was chosen, or is a trust domain's.
    """
    top = _object(manifest, (), manifest.data)
    packages_key = _spelled(top, _PACKAGES)
    packages = _object(manifest, (packages_key,), top.get(packages_key, {}))
    if name not in packages:
        new = package(properties, identity or Identity.UNIQUE_ID)
        return set_value(manifest.text, (packages_key, name), new)
    known = _object(manifest, (packages_key, name), packages[name])
    if known.get(_spelled(known, "TDX")):
        raise PlatformError(
            f"{manifest.path}: package {name!r} stands for TDX trust domains, not for an enclave",
            hint="choose another package",
        )
    chosen = identity or _kind(manifest, name, known)
    return _edited(manifest.text, (packages_key, name), known, package(properties, chosen))


def _edited(
    text: str, path: tuple[str, str], known: Mapping[str, Any], wanted: Mapping[str, Any]
) -> str:
    for key in (*KEYS[Identity.UNIQUE_ID], *KEYS[Identity.SIGNER], _DEBUG):
        spelled = _spelled(known, key)
        if key in wanted:
            if not _same(known.get(spelled), wanted[key]):
                text = set_value(text, (*path, spelled), wanted[key])
        elif key == _DEBUG and known.get(spelled):
            text = set_value(text, (*path, spelled), False)
        elif key != _DEBUG:
            text = remove_key(text, (*path, spelled))
    return text


def _kind(manifest: Document, name: str, known: Mapping[str, Any]) -> Identity:
    """Return the kind that a package has; of one whose values are empty, that of its keys."""
    filled = [key for key, value in known.items() if value not in (None, "")]
    for keys in (filled, list(known)):
        kinds = _kinds(keys)
        if len(kinds) == 2:
            raise PlatformError(
                f"{manifest.path}: package {name!r} has both a UniqueID and keys of a signer",
                hint="choose with --by unique-id or --by signer; the other keys are removed",
            )
        if kinds:
            return kinds[0]
    return Identity.UNIQUE_ID


def _kinds(keys: Iterable[str]) -> list[Identity]:
    present = {key.casefold() for key in keys}
    return [kind for kind, own in KEYS.items() if any(key.casefold() in present for key in own)]


def _object(manifest: Document, keys: tuple[str, ...], value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        what = ".".join(keys) or "it"
        problem = f"{what} is not a JSON object"
        raise DocumentError(manifest.path, manifest.line(*keys), problem, "name a manifest")
    return value


def _spelled(mapping: Mapping[str, Any], key: str) -> str:
    """Return a key as the author spelled it; as it should be where it is absent."""
    if key in mapping:
        return key
    return next((known for known in mapping if known.casefold() == key.casefold()), key)


def _same(known: object, wanted: object) -> bool:
    if isinstance(known, str) and isinstance(wanted, str):
        return known.lower() == wanted
    return type(known) is type(wanted) and known == wanted
