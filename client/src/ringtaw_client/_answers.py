"""Reading the data of answers of version 2 of the client API, one function per kind of answer."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from ringtaw_client._json import FormatError, Record, parse_object
from ringtaw_client._text import printable
from ringtaw_client.model import (
    LogEntry,
    Manifest,
    ManifestAccepted,
    PendingUpdate,
    RecoveryProgress,
    Secret,
    SignedQuote,
    State,
    Status,
    UpdateProgress,
)

PREFIX: Final = "/api/v2"


def base64(value: bytes) -> str:
    """Return bytes as requests contain them."""
    return b64encode(value).decode("ascii")


def status(data: Record) -> Status:
    """Read ``code`` and ``message``."""
    return Status(State(data.integer("code", max(State))), data.message("message"))


def manifest(data: Record) -> Manifest:
    """Read a manifest, whose fingerprint must be its own."""
    read = Manifest(data.octets("manifest"), data.octets("manifestSignatureRootECDSA"))
    if not read.raw or data.text("manifestFingerprint").lower() != sha256(read.raw).hexdigest():
        raise FormatError("manifestFingerprint is not the SHA-256 of manifest")
    return read


def manifest_accepted(data: Record) -> ManifestAccepted:
    """Read recovery secrets by name: no member of this answer is needed."""
    return ManifestAccepted(data.octets_by_name("RecoverySecrets"), _warnings(data))


def update_progress(data: Record) -> UpdateProgress:
    """Read what is missing; a package update of old Coordinators has an empty answer."""
    return UpdateProgress(
        data.integer("missingAcknowledgments") if data.has("missingAcknowledgments") else 0,
        data.names("missingUsers"),
        data.octets_by_name("recoverySecrets"),
        data.message("message"),
        _warnings(data),
    )


def pending_update(data: Record) -> PendingUpdate:
    """Read the update that is pending."""
    return PendingUpdate(
        data.octets("manifest"), data.names("missingUsers"), data.message("message")
    )


def update_log(data: Record) -> tuple[LogEntry, ...]:
    """Read the entries, which are JSON texts themselves."""
    return tuple(_log_entry(text) for text in data.texts("updateLog"))


def secrets(data: Record) -> Mapping[str, Secret]:
    """Read secrets by name."""
    return {name: _secret(record) for name, record in data.records("secrets")}


def signed_quote(data: Record) -> SignedQuote:
    """Read a TCB status and its signature."""
    return SignedQuote(
        data.name("tcbStatus"), data.octets("verificationSignature"), data.boolean("softwareTEE")
    )


def counter(data: Record) -> int:
    """Read the former value of a counter."""
    return data.integer("value", 2**64 - 1)


def recovery_public_key(data: Record) -> bytes:
    """Read an RSA key (SubjectPublicKeyInfo, DER)."""
    if data.has("algorithm") and data.text("algorithm") != "RSA":
        raise FormatError("algorithm is not RSA")
    return data.octets("ephemeralPublicKey")


def recovery_progress(data: Record) -> RecoveryProgress:
    """Read how many secrets are missing."""
    return RecoveryProgress(data.integer("remaining"), data.message("message"))


def nothing(data: Record) -> None:
    """Read nothing: the answer only says that it is done."""


def _warnings(data: Record) -> tuple[str, ...]:
    return tuple(map(printable, data.texts("warnings")))


def _log_entry(text: str) -> LogEntry:
    record = parse_object(text.encode())
    try:
        time = datetime.fromisoformat(record.text("time")).astimezone(UTC)
    except (ValueError, OverflowError):  # the latter: before the year 1 in UTC
        raise FormatError("the time of an entry of the update log is not ISO 8601") from None
    details = {
        name: value for name, value in record.details().items() if name not in ("time", "update")
    }
    return LogEntry(time, record.message("update"), details, text)


def _secret(record: Record) -> Secret:
    return Secret(
        type=record.name("Type"),
        size=record.integer("Size") if record.has("Size") else 0,
        shared=record.boolean("Shared"),
        user_defined=record.boolean("UserDefined"),
        certificate=record.octets("Cert"),
        valid_for=record.integer("ValidFor") if record.has("ValidFor") else 0,
        public=record.octets("Public"),
        private=record.octets("Private"),
    )
