"""``ringtaw inspect quote``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ringtaw_cli.command import Command, format_option
from ringtaw_cli.inspect.telling import Facts, facts_of, tell, without_remarks
from ringtaw_cli.output import data, say, warning

if TYPE_CHECKING:
    from ringtaw_attestation import Quote

_MAX_SIZE: Final = 1 << 20


@click.command(
    cls=Command,
    examples=(
        "quote.bin",
        "- --format json < quote.bin",
        "--format package quote.bin > coordinator-era.json",
    ),
)
@click.argument("path", metavar="FILE|-", type=click.Path(path_type=Path))
@format_option("package")
@click.option(
    "--by",
    type=click.Choice(["unique-id", "signer"]),
    help="With --format package, what an enclave is known by: its UniqueID, or its SignerID, "
    "ProductID and lowest SecurityVersion. [default: unique-id]",
)
@without_remarks()
def quote(path: Path, output_format: str, by: str | None) -> None:
    """Show the fields of an SGX or TDX quote.

    With or without Open Enclave header. All of it is what the quote says of itself: nothing is
    verified. FMSPC and TCB are those of the PCK certificate in it. With --format package it is
    written as what stands for this enclave or trust domain: a package of a manifest, or the era
    config of a Coordinator. Believe it only of a quote that you have made yourself.
    """
    from ringtaw_cli.inspect.x509_facts import in_words
    from ringtaw_cli.session.files import read_input

    if by and output_format != "package":
        raise click.UsageError("--by is for --format package")
    evidence = read_input(path, _MAX_SIZE)
    if output_format == "package":
        _tell_package(parsed_quote(evidence, str(path)), by)
    else:
        facts = quote_facts(evidence, str(path))
        tell(facts if output_format == "json" else in_words(facts), output_format)
    say("nothing of this is verified: ringtaw verify does that")


def _tell_package(parsed: Quote, by: str | None) -> None:
    import json

    if parsed.body.debug:
        warning("it is in debug mode: the host can read all of its memory")
    data(json.dumps(_package(parsed, by), indent=2))


def _package(parsed: Quote, by: str | None) -> dict[str, Any]:
    """Return what stands for an enclave or trust domain; Debug only if it is true."""
    from ringtaw_attestation import package_properties
    from ringtaw_buildkit.packages import KEYS, Identity

    properties = package_properties(parsed.body)
    if "TDX" in properties and by:
        raise click.UsageError("--by is for enclaves: this is the quote of a trust domain")
    names = ("TDX",) if "TDX" in properties else KEYS[Identity(by or Identity.UNIQUE_ID)]
    debug = {"Debug": True} if properties["Debug"] else {}
    return {name: properties[name] for name in names} | debug


def parsed_quote(evidence: bytes, where: str) -> Quote:
    """Return the parts of a quote.

    Raises:
        InputError: It is none.
    """
    from ringtaw_attestation import AttestationError, parse_quote
    from ringtaw_client import InputError

    try:
        return parse_quote(evidence)
    except AttestationError as error:
        raise InputError(
            f"{where} is not a quote that can be read: {error.message}", hint=error.hint
        ) from None


def quote_facts(evidence: bytes, where: str) -> Facts:
    """Return all that a quote says.

    Raises:
        InputError: It is none.
    """
    from ringtaw_attestation import claims_software_tee
    from ringtaw_attestation.quote.parse import strip_open_enclave_header

    parsed = parsed_quote(evidence, where)
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
    except (ValueError, IndexError, x509.InvalidVersion):
        return None


def _certificates(parsed: Quote) -> list[dict[str, Any]]:
    from cryptography import x509

    from ringtaw_cli.inspect.x509_facts import chain_facts

    try:
        chain = x509.load_pem_x509_certificates(parsed.signature.pck_chain.rstrip(b"\0"))
    except (ValueError, x509.InvalidVersion):
        return []
    return chain_facts(chain[:8])
