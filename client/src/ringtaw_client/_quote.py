"""Asking whoever is at an address for the Coordinator's evidence. Nothing is verified here."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass, field

from ringtaw_client import _answers as answers
from ringtaw_client._call import call
from ringtaw_client._connection import Connect
from ringtaw_client._http import Request
from ringtaw_client._json import FormatError, Record
from ringtaw_client.address import Address
from ringtaw_client.errors import InputError
from ringtaw_client.identity import CoordinatorIdentity
from ringtaw_client.limits import Limits


@dataclass(frozen=True, slots=True)
class Claim:
    """What a Coordinator claims to be: certificates, a quote over the root, and who sent this.

    The quote is empty in simulation. ``tls_certificate`` (DER) is of the very connection.
    """

    identity: CoordinatorIdentity
    quote: bytes = field(repr=False)
    tls_certificate: bytes = field(repr=False)


def ask_for_claim(address: Address, nonce: bytes, connect: Connect, limits: Limits) -> Claim:
    """Ask for a quote over the root certificate and a nonce.

    Raises:
        ClientError: There is none, see :func:`._call.call`.
    """
    query = (("nonce", urlsafe_b64encode(nonce).decode()),) if nonce else ()
    request = Request.get(f"{answers.PREFIX}/quote", *query)
    (identity, quote), certificate = call(address, request, connect, limits, _read)
    return Claim(identity, quote, certificate)


def _read(data: Record) -> tuple[CoordinatorIdentity, bytes]:
    try:
        identity = CoordinatorIdentity.from_pem(data.text("cert").encode())
    except InputError as error:
        raise FormatError(f"cert: {error.message}") from None
    return identity, data.octets("quote")
