"""Where a Coordinator's client API is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from ringtaw_client.errors import InputError

DEFAULT_PORT: Final = 4433
_NAME: Final = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?")
_FORM: Final = re.compile(
    r"\[(?P<bracketed>[^\]]*)\](?::(?P<p1>.*))?|(?P<host>[^:]*)(?::(?P<p2>[^:]*))?"
)
_IP: Final = re.compile(r"[0-9A-Fa-f:.]+(%[A-Za-z0-9_.-]{1,15})?")
"""What comes behind ``%`` is the name of an interface (RFC 4007, section 11)."""
_HINT: Final = "give host:port, for example coordinator.example:4433 or [2001:db8::1]:4433"


@dataclass(frozen=True, slots=True)
class Address:
    """A host, which is a DNS name or an IP address without brackets, and a port."""

    host: str
    port: int = DEFAULT_PORT

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read ``host``, ``host:port`` or ``[IPv6]:port``; the default port is 4433.

        Raises:
            InputError: It is none of these.
        """
        match = _FORM.fullmatch(text)
        if match is None:
            return cls(_checked_ip(text))
        if match["bracketed"] is not None:
            return cls(_checked_ip(match["bracketed"]), _port(match["p1"], text))
        if not _NAME.fullmatch(match["host"]) or len(match["host"]) > 253:
            raise InputError(f"{text!r} is not an address", hint=_HINT)
        return cls(match["host"], _port(match["p2"], text))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _checked_ip(text: str) -> str:
    try:
        if _IP.fullmatch(text):
            return str(ip_address(text))
    except ValueError:
        pass
    raise InputError(f"{text!r} is not an address", hint=_HINT)


def _port(text: str | None, whole: str) -> int:
    if text is None:
        return DEFAULT_PORT
    if not (text.isascii() and text.isdigit() and 0 < int(text[:6]) < 65536):
        raise InputError(f"{whole!r} has no port from 1 to 65535", hint=_HINT)
    return int(text)
