"""A Coordinator's evidence in a directory: for an auditor, who judges it again without network.

========================  ====================================================================
``evidence.json``         form (2), address, name and time (UTC) of the verification, nonce
                          (hex), SHA-256 of all other files, which file is of which Marble
``quote.bin``             the quote as it came, with Open Enclave header
``certificates.pem``      intermediate and root certificate
``tls-certificate.pem``   what was presented at the other end of TLS
``collateral.json``       what the quote was verified with: Intel's ``sgx_ql_qve_collateral_t``
``manifest.json``         the manifest in force, byte for byte, if it was saved
``manifest.sig``          the root key's signature over it (DER)
``update-log.jsonl``      the update log as the Coordinator told it, an entry a line, if saved
``marble-1.pem`` …        what a Marble presented over TLS, its own certificate first
========================  ====================================================================
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ringtaw_client import _answers as answers
from ringtaw_client._evidence_folder import Folder, write_folder
from ringtaw_client._json import FormatError, Record
from ringtaw_client.errors import ClientError, EvidenceRejectedError, InputError
from ringtaw_client.identity import CoordinatorIdentity, to_chain, to_der, to_pem
from ringtaw_client.marble_evidence import MarbleEvidence
from ringtaw_client.model import LogEntry, Manifest

if TYPE_CHECKING:
    from ringtaw_attestation import Collateral

MAX_FILE: Final = 32 << 20
_LOG: Final = "update-log.jsonl"


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
    log: tuple[LogEntry, ...] | None = field(default=None, repr=False)
    """The update log as the Coordinator told it then: it is not signed."""
    marbles: tuple[MarbleEvidence, ...] = ()
    server_name: str = ""
    """The name that the Coordinator's certificate had to be for; "" if that was not recorded."""
    files: int = field(default=0, compare=False)
    """How many files were read and found as they were saved; 0 in form 1, which cannot tell."""

    def save(self, directory: Path) -> None:
        """Write all files into a directory, which must not exist or be empty.

        Raises:
            InputError: It cannot be written, or has something in it.
        """
        write_folder(directory, self._head(), self._files())

    @classmethod
    def load(cls, directory: Path) -> Evidence:
        """Read what :meth:`save` has written; that files are as they were is all that is verified.

        Raises:
            EvidenceRejectedError: A file is missing, or another one than was saved.
            InputError: It is no evidence, or malformed.
        """
        from ringtaw_attestation import AttestationError

        try:
            return _loaded(Folder.open(directory))
        except (FormatError, AttestationError) as error:
            raise InputError(f"{directory} has no usable evidence: {error}") from None
        except EvidenceRejectedError:
            raise
        except ClientError as error:
            raise InputError(f"{directory}: {error.message}", hint=error.hint) from None

    def _head(self) -> dict[str, Any]:
        return {
            "address": self.address,
            "server_name": self.server_name,
            "time": self.time.astimezone(UTC).isoformat(),
            "nonce": self.nonce.hex(),
            "marbles": {
                f"marble-{number}.pem": {
                    "address": marble.address,
                    "name": marble.name,
                    "type": marble.marble_type,
                }
                for number, marble in enumerate(self.marbles, 1)
            },
        }

    def _files(self) -> dict[str, bytes]:
        from ringtaw_attestation import collateral_to_json

        files = {
            "quote.bin": self.quote,
            "certificates.pem": self.identity.chain_pem.encode(),
            "tls-certificate.pem": to_pem(self.tls_certificate).encode(),
            "collateral.json": collateral_to_json(self.collateral),
        }
        if self.manifest is not None:
            files |= {"manifest.json": self.manifest.raw, "manifest.sig": self.manifest.signature}
        if self.log is not None:
            files[_LOG] = b"".join(_line(entry.raw) for entry in self.log)
        for number, marble in enumerate(self.marbles, 1):
            files[f"marble-{number}.pem"] = "".join(map(to_pem, marble.chain)).encode()
        return files


def _loaded(folder: Folder) -> Evidence:
    from ringtaw_attestation import collateral_from_json

    address, time, nonce = _head(folder.head)
    evidence = Evidence(
        address,
        time,
        nonce,
        quote=folder.read("quote.bin"),
        identity=CoordinatorIdentity.from_pem(folder.read("certificates.pem")),
        tls_certificate=to_der(folder.read("tls-certificate.pem")),
        collateral=collateral_from_json(folder.read("collateral.json", MAX_FILE)),
        manifest=_manifest(folder),
        log=_log(folder),
        marbles=tuple(_marbles(folder)),
        server_name=folder.head.name("server_name") if folder.form > 1 else "",
        files=len(folder.listed),
    )
    folder.require_all_read()
    return evidence


def _head(record: Record) -> tuple[str, datetime, bytes]:
    """Return address, time and nonce."""
    try:
        time = datetime.fromisoformat(record.text("time")).astimezone(UTC)
        return record.name("address"), time, bytes.fromhex(record.text("nonce"))
    except FormatError:
        raise
    except (ValueError, OverflowError):
        raise FormatError("time is not ISO 8601, or nonce not hex") from None


def _manifest(folder: Folder) -> Manifest | None:
    if not folder.has("manifest.json"):
        return None
    return Manifest(folder.read("manifest.json", MAX_FILE), folder.read("manifest.sig"))


def _log(folder: Folder) -> tuple[LogEntry, ...] | None:
    if folder.form == 1 or not folder.has(_LOG):
        return None
    try:
        lines = folder.read(_LOG, MAX_FILE).decode("utf-8").split("\n")
    except UnicodeDecodeError:
        raise FormatError(f"{_LOG} is not UTF-8 text") from None
    return answers.update_log(Record({"updateLog": [line for line in lines if line]}))


def _line(entry: str) -> bytes:
    """Return JSON in one line: outside of strings, which have none, a line's end is a space."""
    return entry.replace("\r", " ").replace("\n", " ").encode() + b"\n"


def _marbles(folder: Folder) -> Iterator[MarbleEvidence]:
    """Yield what Marbles presented, in the order in which they were verified."""
    for name, record in folder.head.records("marbles"):
        yield MarbleEvidence(
            record.name("address"),
            record.name("name"),
            record.name("type"),
            to_chain(folder.read(name)),
        )
