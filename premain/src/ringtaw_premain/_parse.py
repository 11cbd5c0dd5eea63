"""Values of settings. Every function takes the text and raises ValueError that says what is wrong.

Addresses of interfaces are told from names as the C library does it (inet_pton(3)), which agrees
with what Go's ``net.ParseIP`` accepts.
"""

from __future__ import annotations

import socket
from typing import Final, NamedTuple

MAX_TIMEOUT: Final = 24 * 60 * 60
MAX_PIN_FILE: Final = 64 * 1024
_MAX_DNS_NAME: Final = 253  # RFC 1035 section 2.3.4, in text form
_LOOPBACK: Final = (b"\x7f\x00\x00\x01", bytes(15) + b"\x01")
_V4_MAPPED: Final = bytes(10) + b"\xff\xff"


class Address(NamedTuple):
    """A TCP endpoint; ``str()`` gives its usual notation, with brackets around IPv6."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class AlternativeNames(NamedTuple):
    """Subject alternative names of a certificate; addresses are 4 or 16 bytes."""

    dns_names: tuple[str, ...]
    ip_addresses: tuple[bytes, ...]


class Pin(NamedTuple):
    """The certificate that vouches for the Coordinator: SHA-256 of its DER, and that if known."""

    fingerprint: bytes
    certificate: bytes | None


def marble_type(text: str) -> str:
    """Return the name of a Marble, which is required."""
    if not text:
        raise ValueError("not set; give the name of this Marble under Marbles in the manifest")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("not UTF-8") from None
    return text


def address(text: str) -> Address:
    """Parse ``host:port`` or ``[IPv6]:port``."""
    host, separator, port_text = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        if len(ip_address(host) or b"") != 16:
            raise ValueError(f"{host!r} between brackets is not an IPv6 address")
    elif ":" in host:
        raise ValueError(f"{text!r}: write an IPv6 address in brackets, as in [::1]:2001")
    if not separator or not host:
        raise ValueError(f"{text!r} is not host:port, as in localhost:2001")
    printable = host.isascii() and host.isprintable() and not set(host) & set(" /@\\")
    if not printable or host.startswith(".") or len(host) > _MAX_DNS_NAME:
        raise ValueError(f"{host!r} is not a host name or address")
    return Address(host, _port(port_text))


def alternative_names(text: str) -> AlternativeNames:
    """Parse comma-separated DNS names and IP addresses; the loopback addresses are added."""
    names: dict[str, None] = {}
    addresses: dict[bytes, None] = {}
    for name in filter(None, (part.strip() for part in text.split(","))):
        packed = ip_address(name)
        if packed is not None:
            addresses[packed] = None
        else:
            names[_dns_name(name)] = None
    addresses.update(dict.fromkeys(_LOOPBACK))
    return AlternativeNames(tuple(names), tuple(addresses))


def ip_address(text: str) -> bytes | None:
    """Return the 4 or 16 bytes of an IP address, None if it is none; IPv4-mapped counts as IPv4."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            packed = socket.inet_pton(family, text)
        except (OSError, ValueError):
            continue
        return packed[12:] if packed[:12] == _V4_MAPPED else packed
    return None


def switch(text: str) -> bool:
    """Parse ``1`` or ``0``."""
    if text not in ("0", "1"):
        raise ValueError(f"{text!r} is neither 0 nor 1")
    return text == "1"


def seconds(text: str) -> float:
    """Parse a positive time of at most a day."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= MAX_TIMEOUT:
        raise ValueError(f"{text!r} is not a number of seconds above 0 and up to {MAX_TIMEOUT}")
    return value


def pin(text: str) -> Pin | None:
    """Parse ``sha256:HEX`` or read the PEM file of that name; empty means no pin."""
    if not text:
        return None
    scheme, separator, digits = text.partition(":")
    if separator and scheme.lower() == "sha256":
        return Pin(_fingerprint(digits), None)
    from ringtaw_premain._pin import read_pin

    return read_pin(text)


def _fingerprint(digits: str) -> bytes:
    try:
        fingerprint = bytes.fromhex(digits.replace(":", ""))
    except ValueError:
        fingerprint = b""
    if len(fingerprint) != 32:
        raise ValueError("after sha256: there must be 64 hexadecimal digits")
    return fingerprint


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdigit() and len(text) <= 5 else 0
    if not 0 < port < 65536:
        raise ValueError(f"{text!r} is not a port between 1 and 65535")
    return port


def _dns_name(text: str) -> str:
    if not text.isascii():
        raise ValueError(f"{text!r} is not ASCII; write it in its encoded form (xn--...)")
    if len(text) > _MAX_DNS_NAME or not text.isprintable() or " " in text:
        raise ValueError(f"{text[:64]!r} is neither a DNS name nor an IP address")
    return text
