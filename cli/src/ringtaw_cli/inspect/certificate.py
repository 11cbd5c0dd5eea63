"""``ringtaw inspect certificate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from ringtaw_client import Address, InputError, UnreachableError

from ringtaw_cli.command import Command, format_option
from ringtaw_cli.inspect.telling import tell
from ringtaw_cli.output import say

if TYPE_CHECKING:
    from cryptography import x509

_MAX_SIZE: Final = 1 << 20
_MAX_CERTIFICATES: Final = 32


@click.command(cls=Command, examples=("chain.pem", "marble.example:8443", "- --format json"))
@click.argument("source", metavar="FILE|-|HOST:PORT")
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(0.1, 3600),
    default=10.0,
    show_default=True,
    help="For HOST:PORT.",
)
@format_option()
def certificate(source: str, timeout: float, output_format: str) -> None:
    """Show a certificate, and what a Marble's says.

    A file has one or more in PEM, or one in DER. Of HOST:PORT it is the one that is presented over
    TLS. Nothing is verified: a Marble's type and UUID are what the certificate says they are.
    """
    from ringtaw_cli.inspect.x509_facts import certificate_facts

    found = (
        _from_file(source) if source == "-" or Path(source).exists() else _asked(source, timeout)
    )
    tell({"certificates": [certificate_facts(each) for each in found]}, output_format)
    say("nothing of this is verified: ringtaw verify does that")


def _from_file(source: str) -> list[x509.Certificate]:
    from cryptography import x509

    from ringtaw_cli.session.files import read_input

    content = read_input(Path(source), _MAX_SIZE)
    try:
        if content.startswith(b"\x30"):
            return [x509.load_der_x509_certificate(content)]
        if content.count(b"-----BEGIN CERTIFICATE") > _MAX_CERTIFICATES:
            raise InputError(f"{source} has more than {_MAX_CERTIFICATES} certificates")
        return x509.load_pem_x509_certificates(content)
    except ValueError:
        raise InputError(
            f"{source} has no certificate that can be read", hint="expected is PEM or DER"
        ) from None


def _asked(source: str, timeout: float) -> list[x509.Certificate]:
    """Return what somebody presents, whoever it is."""
    import socket
    import ssl

    from cryptography import x509

    if ":" not in source:
        raise InputError(f"there is no file {source}", hint="or give HOST:PORT")
    address = Address.parse(source)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection((address.host, address.port), timeout) as tcp,
            tls.wrap_socket(tcp, server_hostname=address.host) as connection,
        ):
            presented = connection.getpeercert(binary_form=True) or b""
    except OSError as error:
        raise UnreachableError(
            f"no certificate was presented: {error}", where=str(address), hint="check the address"
        ) from None
    try:
        return [x509.load_der_x509_certificate(presented)]
    except ValueError:
        raise InputError(f"{address} presents no certificate that can be read") from None
