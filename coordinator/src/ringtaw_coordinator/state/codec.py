"""The state of a deployment as bytes: JSON with a version; its members are in :mod:`.members`."""

from __future__ import annotations

import json
from typing import Final

from ringtaw_coordinator.state.members import MEMBERS
from ringtaw_coordinator.state.model import Deployment

VERSION: Final = 3


def encode(deployment: Deployment) -> bytes:
    """Return the deployment as bytes."""
    document: dict[str, object] = {"version": VERSION}
    for member in MEMBERS:
        document[member.name] = member.encode_all(getattr(deployment, member.attribute))
    return json.dumps(document, separators=(",", ":")).encode()


def decode(data: bytes) -> Deployment:
    """Return the deployment that :func:`encode` wrote.

    Raises:
        ValueError: It was not written by this version; says what is wrong, and shows no value.
    """
    document = parse(data, "the state")
    version = _version(document)
    attributes = {}
    for member in MEMBERS:
        if member.since > version:
            continue
        if member.name not in document:
            raise ValueError(f"the state has no {member.name}")
        try:
            attributes[member.attribute] = member.decode_all(document.pop(member.name))
        except (ValueError, TypeError):
            raise ValueError(f"the state's {member.name} is malformed") from None
    if document:
        raise ValueError(f"the state has unknown members: {', '.join(sorted(document))}")
    return Deployment(**attributes)


def _version(document: dict[str, object]) -> int:
    if "version" not in document:
        raise ValueError("the state has no version")
    version = document.pop("version")
    if type(version) is not int or version < 1:
        raise ValueError("the state's version is malformed")
    if version > VERSION:
        raise ValueError(f"the state has version {version}; this Coordinator reads up to {VERSION}")
    return version


def parse(data: bytes, what: str) -> dict[str, object]:
    """Return a JSON object.

    Raises:
        ValueError: It is none.
    """
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise ValueError(f"{what} is not JSON") from None
    if not isinstance(document, dict):
        raise ValueError(f"{what} is not an object")
    return document
