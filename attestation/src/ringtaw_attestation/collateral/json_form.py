"""Collateral as one JSON file: the form of Intel's ``sgx_ql_qve_collateral_t``, version 3.

Other tools read and write it too: texts as strings, revocation lists and signatures in hex.
"""

from __future__ import annotations

import json
from typing import Final

from ringtaw_attestation.collateral.model import Collateral, SignedDocument
from ringtaw_attestation.collateral.strict_json import Record, parse_object
from ringtaw_attestation.errors import ConfigurationError

MAX_SIZE: Final = 8 * 1024 * 1024


def collateral_to_json(collateral: Collateral) -> bytes:
    """Write collateral as JSON."""
    form = {
        "pck_crl_issuer_chain": collateral.pck_crl_issuer_chain.decode("ascii"),
        "root_ca_crl": collateral.root_crl.hex(),
        "pck_crl": collateral.pck_crl.hex(),
        **_document_form("tcb_info", collateral.tcb_info),
        **_document_form("qe_identity", collateral.qe_identity),
    }
    return json.dumps(form, indent=1).encode()


def collateral_from_json(text: bytes) -> Collateral:
    """Read collateral from JSON; nothing is verified.

    Raises:
        ConfigurationError: It is malformed.
    """
    try:
        record = parse_object(text, MAX_SIZE)
        return Collateral(
            root_crl=bytes.fromhex(record.text("root_ca_crl")),
            pck_crl=bytes.fromhex(record.text("pck_crl")),
            pck_crl_issuer_chain=record.text("pck_crl_issuer_chain").encode(),
            tcb_info=_document(record, "tcb_info"),
            qe_identity=_document(record, "qe_identity"),
        )
    except ValueError as error:
        raise ConfigurationError(f"collateral file: {error}") from error


def _document_form(name: str, document: SignedDocument) -> dict[str, str]:
    return {
        f"{name}_issuer_chain": document.issuer_chain.decode("ascii"),
        name: document.content.decode(),
        f"{name}_signature": document.signature.hex(),
    }


def _document(record: Record, name: str) -> SignedDocument:
    return SignedDocument(
        content=record.text(name).encode(),
        signature=record.octets(f"{name}_signature", 64),
        issuer_chain=record.text(f"{name}_issuer_chain").encode(),
    )
