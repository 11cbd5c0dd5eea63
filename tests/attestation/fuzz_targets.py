"""What is fuzzed: everything that reads bytes from outside, and with which bytes to begin.

A target returns, or raises what it is documented to raise; anything else is a finding.
"""

from __future__ import annotations

import base64
import contextlib
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding
from ringtaw_attestation import (
    AttestationError,
    Collateral,
    PlatformKind,
    Tee,
    VerificationContext,
    Verifiers,
    collateral_from_json,
    collateral_to_json,
    verify_quote,
)
from ringtaw_attestation.certificates.chain import verify_chain
from ringtaw_attestation.certificates.crl import verify_crl
from ringtaw_attestation.certificates.pck import parse_extension_value
from ringtaw_attestation.certificates.profile import PARSE_ERRORS
from ringtaw_attestation.collateral.qe_identity import parse_qe_identity
from ringtaw_attestation.collateral.service import crl_to_der
from ringtaw_attestation.collateral.strict_json import raw_members
from ringtaw_attestation.collateral.tcb_info import parse_tcb_info
from ringtaw_attestation.errors import Step
from ringtaw_attestation.quote.parse import add_open_enclave_header
from ringtaw_attestation.softtee import TrustDomain
from ringtaw_attestation.softtee.extension import encode_sgx_extension

from tests.support.evidence import (
    NOW,
    PLATFORM,
    REPORT_DATA,
    ROOTS,
    SGX_COLLATERAL,
    SGX_QUOTE,
    TDX_COLLATERAL,
    TDX_QUOTE,
    TEE,
)

CORPUS: Final = Path(__file__).with_name("corpus")
"""Inputs that once were findings, in a directory per target."""

_VERIFIERS: Final = Verifiers.installed()
_CA: Final = TEE.pck_ca(PLATFORM.ca).certificate
_LEAF: Final = TEE.pck(PLATFORM).certificate


class _Source:
    def fetch(self, platform: PlatformKind) -> Collateral:
        return SGX_COLLATERAL if platform.tee is Tee.SGX else TDX_COLLATERAL


_CONTEXT: Final = VerificationContext(ROOTS, _Source(), lambda: NOW)


def evidence(data: bytes) -> None:
    """A quote, through everything."""
    with contextlib.suppress(AttestationError):
        _VERIFIERS.verify(data, _CONTEXT)


def chain(data: bytes) -> None:
    """A PEM chain."""
    with contextlib.suppress(AttestationError):
        verify_chain(data, 2, ROOTS, Step.PCK_CHAIN, "chain")


def certificate(data: bytes) -> None:
    """One certificate in DER, in a chain that is well-formed."""
    text = base64.b64encode(data)
    pem = b"-----BEGIN CERTIFICATE-----\n" + text + b"\n-----END CERTIFICATE-----\n"
    with contextlib.suppress(AttestationError):
        verify_chain(pem, 1, ROOTS, Step.TCB_INFO, "chain")


def crl(data: bytes) -> None:
    """A revocation list, in the forms in which services send them."""
    with contextlib.suppress(AttestationError, *PARSE_ERRORS):
        verify_crl(crl_to_der(data), _CA, Step.PCK_CRL, "CRL")


def extension(data: bytes) -> None:
    """The value of the SGX extension."""
    with contextlib.suppress(ValueError):
        parse_extension_value(data)


def documents(data: bytes) -> None:
    """TCB info, QE identity, and the answer of a service around them."""
    for parse in (parse_tcb_info, parse_qe_identity, raw_members):
        with contextlib.suppress(ValueError):
            parse(data)


def collateral_file(data: bytes) -> None:
    """A file with collateral, up to verification."""
    with contextlib.suppress(AttestationError):
        verify_quote(SGX_QUOTE, collateral_from_json(data), NOW, ROOTS)


TARGETS: Final[dict[str, Callable[[bytes], None]]] = {
    "evidence": evidence,
    "chain": chain,
    "certificate": certificate,
    "crl": crl,
    "extension": extension,
    "documents": documents,
    "collateral-file": collateral_file,
}

SEEDS: Final[dict[str, tuple[bytes, ...]]] = {
    "evidence": (
        SGX_QUOTE,
        add_open_enclave_header(SGX_QUOTE),
        TDX_QUOTE,
        TEE.tdx_quote(TrustDomain(), REPORT_DATA, version=5),
    ),
    "chain": (TEE.quoting_enclave(PLATFORM, Tee.SGX).pck_chain,),
    "certificate": tuple(one.public_bytes(Encoding.DER) for one in (_LEAF, _CA)),
    "crl": (SGX_COLLATERAL.pck_crl, SGX_COLLATERAL.root_crl.hex().encode()),
    "extension": (encode_sgx_extension(PLATFORM),),
    "documents": (
        SGX_COLLATERAL.tcb_info.content,
        TDX_COLLATERAL.tcb_info.content,
        SGX_COLLATERAL.qe_identity.content,
    ),
    "collateral-file": (collateral_to_json(SGX_COLLATERAL),),
}


def run(name: str, data: bytes) -> None:
    """Give data to a target; warnings of parsers are not findings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        TARGETS[name](data)
