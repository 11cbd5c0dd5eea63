"""The encoding functions of templates: a secret's value to the text or bytes a Marble gets."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Final

from ringtaw_coordinator.pki.encoding import to_pem
from ringtaw_coordinator.secrets.value import SecretValue
from ringtaw_coordinator.templates.resolve import Insert, Part, Reference

_PEM_TYPES: Final = {
    Part.CERT: "CERTIFICATE",
    Part.PUBLIC: "PUBLIC KEY",
    Part.PRIVATE: "PRIVATE KEY",
}
_ENCODERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "hex": lambda value: value.hex().encode(),
    "base64": base64.b64encode,
    "raw": bytes,
    "string": bytes,
}


def encode(insert: Insert, value: SecretValue) -> bytes:
    """Return what ``insert`` puts into the output.

    Raises:
        ValueError: The value is empty, or has a NUL byte where text is wanted; says which.
    """
    data = part_of(value, insert.reference)
    if not data:
        raise ValueError(f"{insert.reference} has no value")
    if insert.function == "pem":
        return _pem(insert.reference, data)
    if insert.function == "string" and b"\0" in data:
        raise ValueError(f"{insert.reference} has a NUL byte, which text cannot hold")
    return _ENCODERS[insert.function](data)


def part_of(value: SecretValue, reference: Reference) -> bytes:
    """Return the bytes a reference stands for; a secret as a whole is its public part."""
    if reference.part is Part.CERT:
        return value.certificate
    return value.private if reference.part is Part.PRIVATE else value.public


def _pem(reference: Reference, der: bytes) -> bytes:
    assert reference.part is not None  # noqa: S101 - pem of a whole secret does not compile
    return to_pem(_PEM_TYPES[reference.part], der).encode()
