"""The members of a state's JSON form: the one table behind whole states and changes to them.

Byte strings are base64 text. What is read has been decrypted and authenticated, so it was written
by a Coordinator; all of it is checked nevertheless: that Coordinator may have had another version.
Decoders raise ValueError or TypeError.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

from ringtaw_coordinator.pki.authority import Intermediate, KeyedCertificate
from ringtaw_coordinator.secrets.value import SecretValue
from ringtaw_coordinator.state.model import ProposedManifest


class Kind(Enum):
    """How a member changes."""

    VALUE = auto()
    """As a whole."""
    ENTRIES = auto()
    """Entry by entry: it maps names to values."""
    LOG = auto()
    """By what is added at its end: it is a tuple."""


@dataclass(frozen=True, slots=True)
class Member:
    """How one attribute of a deployment is written."""

    name: str
    attribute: str
    encode: Callable[[Any], object]
    """Of the value, or of one entry's value, or of one element of a log."""
    decode: Callable[[object], Any]
    kind: Kind = Kind.VALUE
    since: int = 1
    """The version of the form that has it first."""

    def encode_all(self, value: Any) -> object:
        """Return the attribute's JSON form."""
        if self.kind is Kind.ENTRIES:
            return {name: self.encode(entry) for name, entry in value.items()}
        if self.kind is Kind.LOG:
            return [self.encode(element) for element in value]
        return self.encode(value)

    def decode_all(self, value: object) -> Any:
        """Return the attribute."""
        if self.kind is Kind.ENTRIES:
            return self.decode_entries(value)
        if self.kind is Kind.LOG:
            return tuple(self.decode_elements(value))
        return self.decode(value)

    def decode_entries(self, value: object) -> dict[str, Any]:
        """Return some entries by their names."""
        if not isinstance(value, dict):
            raise TypeError
        return {name: self.decode(entry) for name, entry in value.items()}

    def decode_elements(self, value: object) -> list[Any]:
        """Return some elements of a log."""
        if not isinstance(value, list):
            raise TypeError
        return [self.decode(element) for element in value]


def _text(value: bytes) -> str:
    return b64encode(value).decode("ascii")


def _bytes(value: object) -> bytes:
    if not isinstance(value, str):
        raise TypeError
    return b64decode(value, validate=True)


def _byte_strings(value: object, count: int) -> list[bytes]:
    if not isinstance(value, list) or len(value) != count:
        raise TypeError
    return [_bytes(element) for element in value]


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _count(value: object) -> int:
    if type(value) is not int or value < 0:
        raise TypeError
    return value


def _counts(value: object) -> dict[str, int]:
    if not isinstance(value, dict):
        raise TypeError
    return {name: _count(count) for name, count in value.items()}


def _root_text(root: KeyedCertificate) -> list[str]:
    return [_text(root.certificate), _text(root.private_key)]


def _root(value: object) -> KeyedCertificate:
    return KeyedCertificate(*_byte_strings(value, 2))


def _intermediate_text(intermediate: Intermediate) -> list[str]:
    parts = (intermediate.certificate, intermediate.marble_root, intermediate.private_key)
    return [_text(part) for part in parts]


def _intermediate(value: object) -> Intermediate:
    return Intermediate(*_byte_strings(value, 3))


def _secret_text(secret: SecretValue) -> list[str]:
    return [_text(secret.certificate), _text(secret.public), _text(secret.private)]


def _secret(value: object) -> SecretValue:
    return SecretValue(*_byte_strings(value, 3))


def _proposal_text(proposal: ProposedManifest | None) -> list[object] | None:
    if proposal is None:
        return None
    return [_text(proposal.manifest), list(proposal.acknowledged_by)]


def _proposal(value: object) -> ProposedManifest | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2 or not isinstance(value[1], list):
        raise TypeError
    return ProposedManifest(_bytes(value[0]), tuple(_string(name) for name in value[1]))


MEMBERS: Final = (
    Member("root", "root", _root_text, _root),
    Member("intermediate", "intermediate", _intermediate_text, _intermediate),
    Member("rootSecret", "root_secret", _text, _bytes),
    Member("previousRootSecret", "previous_root_secret", _text, _bytes),
    Member("manifest", "manifest", _text, _bytes),
    Member("manifestSignature", "manifest_signature", _text, _bytes),
    Member("secrets", "secrets", _secret_text, _secret, Kind.ENTRIES),
    Member("previousSecrets", "previous_secrets", _secret_text, _secret, Kind.ENTRIES),
    Member("activations", "activations", _count, _count, Kind.ENTRIES),
    Member("updateLog", "update_log", _string, _string, Kind.LOG),
    Member("packageVersions", "package_versions", _count, _count, Kind.ENTRIES, since=2),
    Member("proposal", "proposal", _proposal_text, _proposal, since=2),
    Member("counters", "counters", dict, _counts, Kind.ENTRIES, since=2),
    Member("generation", "generation", _count, _count, since=3),
)
"""In the order in which they are written."""
