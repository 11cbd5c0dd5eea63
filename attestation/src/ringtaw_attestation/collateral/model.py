"""Collateral as it comes from its issuers, unverified, and the protocol of what provides it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from ringtaw_attestation.quote.parse import Tee


class PckCa(StrEnum):
    """The two CAs that issue PCK certificates, as Intel's services name them."""

    PROCESSOR = "processor"
    PLATFORM = "platform"


@dataclass(frozen=True, slots=True)
class PlatformKind:
    """What collateral is asked for: a kind of platform, not a single one.

    ``fmspc`` is twelve upper-case hex digits.
    """

    tee: Tee
    ca: PckCa
    fmspc: str

    def __str__(self) -> str:
        return f"{self.tee}-{self.ca}-{self.fmspc}"


@dataclass(frozen=True, slots=True)
class SignedDocument:
    """TCB info or QE identity: the JSON bytes that are signed, r and s, the signer's chain."""

    content: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    issuer_chain: bytes = field(repr=False)
    """PEM: the signer, the root."""


@dataclass(frozen=True, slots=True)
class Collateral:
    """Everything that is needed to verify quotes of one kind of platform."""

    root_crl: bytes = field(repr=False)
    """DER."""
    pck_crl: bytes = field(repr=False)
    """DER."""
    pck_crl_issuer_chain: bytes = field(repr=False)
    """PEM: the CA of the PCK certificates, the root."""
    tcb_info: SignedDocument
    qe_identity: SignedDocument


class CollateralSource(Protocol):
    """Something that provides collateral. Called from any thread."""

    def fetch(self, platform: PlatformKind) -> Collateral:
        """Return collateral for a kind of platform.

        Raises:
            CollateralUnavailableError: There is none now.
        """
        ...
