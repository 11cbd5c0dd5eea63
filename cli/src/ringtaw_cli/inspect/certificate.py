"""``ringtaw inspect certificate``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from ringtaw_client import InputError, Limits

from ringtaw_cli.command import Command, Seconds, format_option
from ringtaw_cli.inspect.telling import tell, without_remarks
from ringtaw_cli.output import say

if TYPE_CHECKING:
    from cryptography import x509

_MAX_SIZE: Final = 1 << 20
MAX_CERTIFICATES: Final = 32


@click.command(cls=Command, examples=("chain.pem", "marble.example:8443", "- --format json"))
@click.argument("source", metavar="FILE|-|HOST:PORT")
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=Seconds(0.1, 3600),
    default=10.0,
    show_default=True,
    help="For HOST:PORT.",
)
@format_option()
@without_remarks()
def certificate(source: str, timeout: float, output_format: str) -> None:
    """Show a certificate, and what a Marble's says.

    A file has one or more in PEM, or one in DER. Of HOST:PORT they are those presented over TLS,
    the server's own first. Of each it is looked up which of them signed it. Beyond that nothing is
    verified: a Marble's type and UUID are what the certificate says they are.
    """
    from ringtaw_cli.inspect.x509_facts import chain_facts, in_words

    found = (
        _from_file(source) if source == "-" or os.path.exists(source) else _asked(source, timeout)
    )
    facts = {"certificates": chain_facts(found)}
    tell(facts if output_format == "json" else in_words(facts), output_format)
    say("nothing of this is verified: ringtaw verify does that")


def _from_file(source: str) -> list[x509.Certificate]:
    from cryptography import x509

    from ringtaw_cli.session.files import read_input

    content = read_input(Path(source), _MAX_SIZE)
    try:
        if content.startswith(b"\x30"):
            return [x509.load_der_x509_certificate(content)]
        if content.count(b"-----BEGIN CERTIFICATE") > MAX_CERTIFICATES:
            raise InputError(f"{source} has more than {MAX_CERTIFICATES} certificates")
        return x509.load_pem_x509_certificates(content)
    except (ValueError, x509.InvalidVersion):
        raise InputError(
            f"{source} has no certificate that can be read", hint="expected is PEM or DER"
        ) from None


def _asked(source: str, timeout: float) -> list[x509.Certificate]:
    """Return what somebody presents, whoever it is."""
    from cryptography import x509
    from ringtaw_client import presented_certificates

    if ":" not in source:
        raise InputError(f"there is no file {source}", hint="or give HOST:PORT")
    limits = Limits(connect_timeout=timeout, total_timeout=timeout)
    presented = presented_certificates(source, limits)
    try:
        return [x509.load_der_x509_certificate(each) for each in presented[:MAX_CERTIFICATES]]
    except (ValueError, x509.InvalidVersion):
        raise InputError(f"{source} presents a certificate that cannot be read") from None
