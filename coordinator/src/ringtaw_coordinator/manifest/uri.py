"""URIs in parts, as Go's net/url has them in JSON.

Source: https://pkg.go.dev/net/url#URL
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, unquote

from cryptography import x509

from ringtaw_coordinator.manifest.document import Node

_PATH: Final = "/$&+,:;=@!'()*"
"""Characters beside letters, digits and -_.~ that stand for themselves in a path."""
_FRAGMENT: Final = _PATH + "?"


def uri(node: Node) -> str:
    """Return the text of a URI.

    Raises:
        ValueError: It is none that a certificate can hold.
    """
    text = f"{node.text('Scheme').lower()}:{_after_scheme(node)}"
    if node.text("RawQuery") or node.flag("ForceQuery"):
        text += f"?{node.text('RawQuery')}"
    if node.text("Fragment"):
        text += f"#{_escaped(node, 'Fragment', _FRAGMENT)}"
    try:
        return x509.UniformResourceIdentifier(text).value
    except ValueError:
        raise ValueError("is no URI in ASCII") from None


def _after_scheme(node: Node) -> str:
    if node.text("Opaque"):
        return node.text("Opaque")
    path = _escaped(node, "Path", _PATH)
    host = quote(node.text("Host"), safe=_PATH + "[]")
    if host and path and not path.startswith("/"):
        path = "/" + path
    has_authority = host or (path and not node.flag("OmitHost"))
    return f"//{host}{path}" if has_authority else path


def _escaped(node: Node, part: str, safe: str) -> str:
    """Return the raw form if it stands for the plain one, else escape that."""
    raw, plain = node.text(f"Raw{part}"), node.text(part)
    return raw if raw and unquote(raw) == plain else quote(plain, safe=safe)
