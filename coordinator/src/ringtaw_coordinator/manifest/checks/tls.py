"""TLS tags: the certificates that ports present exist."""

from __future__ import annotations

from typing import Final

from ringtaw_coordinator.manifest.document import Node
from ringtaw_coordinator.manifest.model import Manifest
from ringtaw_coordinator.manifest.report import Report
from ringtaw_coordinator.names import quoted

_MAX_PORT: Final = 65_535


def check_tls(document: Node, manifest: Manifest, report: Report) -> None:
    """Check certificates and ports of every connection."""
    for tag in document.entries("TLS").values():
        for connection in tag.array("Incoming"):
            _check_certificate(connection.get("Cert"), document, manifest, report)
            _check_port(connection.get("Port"), report)
        for connection in tag.array("Outgoing"):
            _check_port(connection.get("Port"), report)


def _check_certificate(
    cert: Node | None, document: Node, manifest: Manifest, report: Report
) -> None:
    if cert is None:
        return
    name, known = str(cert.value), document.entries("Secrets")
    secret = manifest.secrets.get(name)
    if name not in known:
        report.unknown(cert, f"there is no secret {quoted(name)}", name, known)
    elif secret is not None and not secret.type.is_certificate:
        report.error(cert, f"the secret {quoted(name)} is a {secret.type} and has no certificate")


def _check_port(port: Node | None, report: Report) -> None:
    if port is None:
        return
    text = str(port.value)
    if not (text.isascii() and text.isdecimal() and 0 < int(text[:6]) <= _MAX_PORT):
        report.warning(port, f"{quoted(text)} is no TCP port from 1 to {_MAX_PORT}")
