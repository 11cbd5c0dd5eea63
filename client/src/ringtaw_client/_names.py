"""Names in certificates: for whom one is, by RFC 6125 as TLS libraries read it."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address

from ringtaw_client._text import printable


def names_of(certificate: bytes) -> tuple[str, ...]:
    """Return the DNS names and IP addresses of a certificate (DER)."""
    from cryptography import x509

    try:
        extensions = x509.load_der_x509_certificate(certificate).extensions
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return ()
    found = (*names.get_values_for_type(x509.DNSName), *names.get_values_for_type(x509.IPAddress))
    return tuple(printable(str(name)) for name in found)


def is_for(names: Iterable[str], host: str) -> bool:
    """Whether one of a certificate's names is a host's; a first label ``*`` is any one label."""
    wanted = _folded(host)
    _, _, parent = wanted.partition(".")
    wildcard = f"*.{parent}" if parent and not _is_ip(host) else wanted
    return not {wanted, wildcard}.isdisjoint(map(_folded, names))


def _folded(name: str) -> str:
    return str(ip_address(name)) if _is_ip(name) else name.lower().removesuffix(".")


def _is_ip(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
