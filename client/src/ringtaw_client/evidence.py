"""A Coordinator's evidence in a directory: for an auditor, who judges it again without network.

========================  ====================================================================
``evidence.json``         form (1), address, time (UTC), nonce (hex)
``quote.bin``             the quote as it came, with Open Enclave header
``certificates.pem``      intermediate and root certificate
``tls-certificate.pem``   what was presented at the other end of TLS
``collateral.json``       what the quote was verified with: Intel's ``sgx_ql_qve_collateral_t``
``manifest.json``         the manifest in force, byte for byte, if it was saved
``manifest.sig``          the root key's signature over it (DER)
========================  ====================================================================
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ringtaw_client._files import read_file
from ringtaw_client._json import FormatError, Record, parse_object
from ringtaw_client.errors import ClientError, InputError
from ringtaw_client.identity import CoordinatorIdentity, to_der, to_pem
from ringtaw_client.model import Manifest

if TYPE_CHECKING:
    from ringtaw_attestation import Collateral

FORM: Final = 1
MAX_FILE: Final = 32 << 20


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a Coordinator sent when it was verified, and what it was verified with."""

    address: str
    time: datetime
    nonce: bytes
    quote: bytes = field(repr=False)
    identity: CoordinatorIdentity
    tls_certificate: bytes = field(repr=False)
    """DER."""
    collateral: Collateral
    manifest: Manifest | None = None

    def save(self, directory: Path) -> None:
        """Write all files into a directory, which must not exist or be empty.

        Raises:
            InputError: It cannot be written, or has something in it.
        """
        try:
            directory.mkdir(parents=True, exist_ok=True)
            if any(directory.iterdir()):
                raise InputError(f"{directory} is not empty", hint="name a new directory")
            for name, content in self._files().items():
                _write(directory / name, content)
        except OSError as error:
            raise InputError(f"cannot write to {directory}: {error.strerror}") from None

    @classmethod
    def load(cls, directory: Path) -> Evidence:
        """Read what :meth:`save` has written; nothing is verified.

        Raises:
            InputError: A file is missing or malformed.
        """
        from ringtaw_attestation import AttestationError, collateral_from_json

        try:
            record = parse_object(read_file(directory / "evidence.json"))
            collateral = collateral_from_json(read_file(directory / "collateral.json", MAX_FILE))
            return cls(
                *_head(record),
                quote=read_file(directory / "quote.bin"),
                identity=CoordinatorIdentity.from_pem(read_file(directory / "certificates.pem")),
                tls_certificate=to_der(read_file(directory / "tls-certificate.pem")),
                collateral=collateral,
                manifest=_manifest(directory),
            )
        except (FormatError, AttestationError) as error:
            raise InputError(f"{directory} has no usable evidence: {error}") from None
        except ClientError as error:
            raise InputError(f"{directory}: {error.message}", hint=error.hint) from None

    def _files(self) -> dict[str, bytes]:
        from ringtaw_attestation import collateral_to_json

        head = {
            "form": FORM,
            "address": self.address,
            "time": self.time.astimezone(UTC).isoformat(),
            "nonce": self.nonce.hex(),
        }
        files = {
            "quote.bin": self.quote,
            "certificates.pem": self.identity.chain_pem.encode(),
            "tls-certificate.pem": to_pem(self.tls_certificate).encode(),
            "collateral.json": collateral_to_json(self.collateral),
            "evidence.json": json.dumps(head, indent=1).encode() + b"\n",
        }
        if self.manifest is not None:
            files |= {"manifest.json": self.manifest.raw, "manifest.sig": self.manifest.signature}
        return files


def _head(record: Record) -> tuple[str, datetime, bytes]:
    """Return address, time and nonce."""
    form = record.integer("form")
    if form != FORM:
        raise FormatError(f"it is of form {form}, known is {FORM}")
    try:
        time = datetime.fromisoformat(record.text("time")).astimezone(UTC)
        return record.name("address"), time, bytes.fromhex(record.text("nonce"))
    except FormatError:
        raise
    except (ValueError, OverflowError):
        raise FormatError("time is not ISO 8601, or nonce not hex") from None


def _manifest(directory: Path) -> Manifest | None:
    if not (directory / "manifest.json").exists():
        return None
    return Manifest(
        read_file(directory / "manifest.json", MAX_FILE), read_file(directory / "manifest.sig")
    )


def _write(path: Path, content: bytes) -> None:
    """Write a file that is there completely or not at all."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    os.replace(temporary, path)
