"""Key usages by the numbers that Go's ``crypto/x509`` gives them, as manifests do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cryptography import x509

from ringtaw_coordinator.pki.fields import object_identifier

DIGITAL_SIGNATURE: Final = 1
KEY_CERT_SIGN: Final = 32
_ALL_USAGES: Final = 511

SERVER_AUTH: Final = 1
CLIENT_AUTH: Final = 2

_EXTENDED: Final = (
    "2.5.29.37.0",  # any
    "1.3.6.1.5.5.7.3.1",  # serverAuth
    "1.3.6.1.5.5.7.3.2",  # clientAuth
    "1.3.6.1.5.5.7.3.3",  # codeSigning
    "1.3.6.1.5.5.7.3.4",  # emailProtection
    "1.3.6.1.5.5.7.3.5",  # ipsecEndSystem
    "1.3.6.1.5.5.7.3.6",  # ipsecTunnel
    "1.3.6.1.5.5.7.3.7",  # ipsecUser
    "1.3.6.1.5.5.7.3.8",  # timeStamping
    "1.3.6.1.5.5.7.3.9",  # OCSPSigning
    "1.3.6.1.4.1.311.10.3.3",  # Microsoft server gated crypto
    "2.16.840.1.113730.4.1",  # Netscape server gated crypto
    "1.3.6.1.4.1.311.2.1.22",  # Microsoft commercial code signing
    "1.3.6.1.4.1.311.61.1.1",  # Microsoft kernel code signing
)
"""In the order of Go's x509.ExtKeyUsage constants."""


def key_usage(mask: int) -> x509.KeyUsage:
    """Return the extension for Go's x509.KeyUsage bit mask.

    Raises:
        ValueError: A bit has no meaning, or only has one beside keyAgreement.
    """
    if mask & ~_ALL_USAGES:
        raise ValueError(f"KeyUsage {mask} has bits without a meaning; {_ALL_USAGES} has them all")
    bits = [bool(mask & 1 << position) for position in range(9)]
    return x509.KeyUsage(*bits)


def extended_key_usage(codes: Sequence[int], oids: Sequence[str]) -> x509.ExtendedKeyUsage:
    """Return the extension for Go's x509.ExtKeyUsage codes and further dotted OIDs.

    Raises:
        ValueError: A code is unknown or an OID does not parse.
    """
    for code in codes:
        if not 0 <= code < len(_EXTENDED):
            raise ValueError(f"ExtKeyUsage {code} is unknown; 0 to {len(_EXTENDED) - 1} are known")
    names = dict.fromkeys([*(_EXTENDED[code] for code in codes), *oids])
    return x509.ExtendedKeyUsage([object_identifier(name) for name in names])
