"""What a certificate authority may issue certificates for (RFC 5280, section 4.2.1.10).

Source of the JSON form: https://pkg.go.dev/crypto/x509#Certificate, https://pkg.go.dev/net#IPNet
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address, ip_network

from ringtaw_coordinator.manifest.document import Node
from ringtaw_coordinator.manifest.model import Names
from ringtaw_coordinator.manifest.report import Report
from ringtaw_coordinator.manifest.scalars import bytes_of


def constraints(node: Node, prefix: str, report: Report) -> Names:
    """Return the names in the fields that begin with ``prefix``: Permitted or Excluded."""

    def each(suffix: str, parse: Callable[[Node], str]) -> tuple[str, ...]:
        parsed = (report.parsed(element, parse) for element in node.array(prefix + suffix))
        return tuple(value for value in parsed if value is not None)

    return Names(
        dns_domains=each("DNSDomains", lambda element: ascii_name(element, "DNS domain")),
        ip_ranges=each("IPRanges", _ip_range),
        email_addresses=each(
            "EmailAddresses", lambda element: ascii_name(element, "e-mail domain")
        ),
        uri_domains=each("URIDomains", lambda element: ascii_name(element, "domain")),
    )


def ascii_name(node: Node, what: str) -> str:
    """Return the text, which is of printable ASCII without spaces.

    Raises:
        ValueError: It is not.
    """
    text = str(node.value)
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError(f"is no {what} in ASCII")
    return text


def _ip_range(node: Node) -> str:
    mask = node.get("Mask")
    try:
        ones = ip_address(bytes_of(mask) if mask else b"")
        network = ip_network(
            f"{ip_address(node.text('IP'))}/{_prefix(int(ones), len(ones.packed))}"
        )
    except ValueError:
        raise ValueError("is no network: an address IP with zeros where Mask has them") from None
    if network.version != ones.version:
        raise ValueError("has a Mask of another length than IP")
    return str(network)


def _prefix(mask: int, octets: int) -> int:
    bits = 8 * octets
    ones = mask.bit_count()
    if mask != (1 << bits) - (1 << (bits - ones)):
        raise ValueError
    return ones
