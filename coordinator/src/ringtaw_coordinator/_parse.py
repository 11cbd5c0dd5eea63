"""Values of settings. Each function reads one kind and raises ValueError for anything else."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Final

from ringtaw_coordinator.names import quoted

_LEVELS: Final = {"debug": "debug", "info": "info", "warn": "warning", "error": "error"}
_MAX_NAMES: Final = 100
_MIN_SECONDS: Final = 0.1
_MAX_SECONDS: Final = 60.0
_MAX_DIGITS: Final = 15


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen; an empty host means all addresses of this machine."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def switch(text: str) -> bool:
    """Read 1 or 0."""
    if text.lower() in ("1", "true"):
        return True
    if text.lower() in ("0", "false"):
        return False
    raise ValueError(f"{quoted(text)} is neither 1 nor 0")


def insecure_switch(text: str) -> bool:
    """Read 1 or 0 and nothing else: what turns protection off is meant to the letter."""
    if text not in ("0", "1"):
        raise ValueError(f"{quoted(text)} is neither 1 nor 0")
    return text == "1"


def level(text: str) -> str:
    """Read a level of the log; returns it as the standard library names it, in lower case."""
    found = _LEVELS.get(text.lower())
    if found is None:
        raise ValueError(f"{quoted(text)} is none of {', '.join(_LEVELS)}")
    return found


def seconds(text: str) -> float:
    """Read a number of seconds, from a tenth to a minute."""
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not _MIN_SECONDS <= value <= _MAX_SECONDS:
        raise ValueError(
            f"{quoted(text)} is not a number of seconds from {_MIN_SECONDS:g} to {_MAX_SECONDS:g}"
        )
    return value


def number(text: str, minimum: float, maximum: float) -> float:
    """Read a number from ``minimum`` to ``maximum``, an integer if ``minimum`` is one."""
    kind = type(minimum)
    plain = text.isascii() and text.replace(".", "", 1).isdigit() and len(text) <= _MAX_DIGITS
    try:
        value = kind(text) if plain else None
    except ValueError:
        value = None
    if value is None or not minimum <= value <= maximum:
        what = "an integer" if kind is int else "a number"
        raise ValueError(f"{quoted(text)} is not {what} from {minimum:,} to {maximum:,}")
    return value


def optional_path(text: str) -> Path | None:
    """Read a path; none is none."""
    return Path(text) if text else None


def address(text: str) -> Address:
    """Read ``host:port``, ``[IPv6]:port`` or ``:port``."""
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    number = int(port) if port.isascii() and port.isdigit() and len(port) <= 5 else -1
    well_formed = colon and (bracketed or not set(host) & set(":[]")) and 0 <= number <= 65535
    if bracketed:
        host = str(IPv6Address(host[1:-1]))
    if not well_formed or not host.isascii() or not host.isprintable() or " " in host:
        raise ValueError(f"{quoted(text)} is not host:port, [IPv6]:port or :port")
    return Address(host, number)


def optional_address(text: str) -> Address | None:
    """Read the same; none is none."""
    return address(text) if text else None


def names(text: str) -> tuple[str, ...]:
    """Read DNS names and IP addresses, separated by commas."""
    found = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not found:
        raise ValueError(f"{quoted(text)} has no names; separate them by commas")
    if len(found) > _MAX_NAMES:
        raise ValueError(f"{len(found)} names; at most {_MAX_NAMES} are possible")
    for name in found:
        _check_name(name)
    return found


def _check_name(name: str) -> None:
    """Take IP addresses, and DNS names with letters, digits, hyphens, dots, underscores, ``*``."""
    try:
        ip_address(name)
    except ValueError:
        characters = name.replace("-", "").replace(".", "").replace("_", "").replace("*", "")
        if not (characters.isascii() and characters.isalnum()) or len(name) > 253:
            raise ValueError(
                f"{quoted(name)} is neither an IP address nor a DNS name in ASCII"
            ) from None
