"""``ringtaw inspect quote``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ringtaw_cli.command import Command, format_option
from ringtaw_cli.inspect.telling import Facts, facts_of, tell
from ringtaw_cli.output import say

if TYPE_CHECKING:
    from ringtaw_attestation import Quote

_MAX_SIZE: Final = 1 << 20


@click.command(cls=Command, examples=("quote.bin", "- --format json < quote.bin"))
@click.argument("path", metavar="FILE|-", type=click.Path(path_type=Path))
@format_option()
def quote(path: Path, output_format: str) -> None:
    """Show the fields of an SGX or TDX quote.

    With or without Open Enclave header. All of it is what the quote says of itself: nothing is
    verified. FMSPC and TCB are those of the PCK certificate in it.
    """
    from ringtaw_cli.session.files import read_input

    tell(quote_facts(read_input(path, _MAX_SIZE), str(path)), output_format)
    say("nothing of this is verified: ringtaw verify does that")


def quote_facts(evidence: bytes, where: str) -> Facts:
    """Return all that a quote says.

    Raises:
        InputError: It is none.
    """
    from ringtaw_attestation import AttestationError, claims_software_tee, parse_quote
    from ringtaw_attestation.quote.parse import strip_open_enclave_header
    from ringtaw_client import InputError

    try:
        parsed = parse_quote(evidence)
    except AttestationError as error:
        raise InputError(
            f"{where} is not a quote that can be read: {error.message}", hint=error.hint
        ) from None
    return {
        "size": len(evidence),
        "open_enclave_header": strip_open_enclave_header(evidence) != evidence,
        "claims_software_tee": claims_software_tee(evidence),
        "header": {**facts_of(parsed.header), "tee": parsed.header.tee.value},
        "debug": parsed.body.debug,
        "body": facts_of(parsed.body),
        "signature": _signature(parsed),
        "pck": _pck(parsed),
        "certificates": _certificates(parsed),
    }


def _signature(parsed: Quote) -> dict[str, Any]:
    signature = parsed.signature
    return {
        "attestation_key": signature.attestation_key.hex(),
        "signature": signature.signature.hex(),
        "qe_report_signature": signature.qe_report_signature.hex(),
        "qe_authentication_data": signature.authentication_data.hex(),
        "qe_report": facts_of(signature.qe_report),
    }


def _pck(parsed: Quote) -> dict[str, Any] | None:
    """Return what the PCK certificate says of the platform; None if it cannot be read."""
    from cryptography import x509
    from ringtaw_attestation.certificates.pck import parse_pck_extension

    try:
        leaf = x509.load_pem_x509_certificates(parsed.signature.pck_chain)[0]
        return facts_of(parse_pck_extension(leaf))
    except (ValueError, IndexError):
        return None


def _certificates(parsed: Quote) -> list[dict[str, Any]]:
    from cryptography import x509

    from ringtaw_cli.inspect.x509_facts import certificate_facts

    try:
        chain = x509.load_pem_x509_certificates(parsed.signature.pck_chain.rstrip(b"\0"))
    except ValueError:
        return []
    return [certificate_facts(each) for each in chain[:8]]
