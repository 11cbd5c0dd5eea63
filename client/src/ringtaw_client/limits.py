"""How long and how much the client takes of a server that it does not trust yet."""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in seconds, for each call, which has a connection of its own; sizes in bytes."""

    connect_timeout: float = 10.0
    """For TCP, and again for the TLS handshake."""
    silence_timeout: float = 60.0
    """Without a byte from the server. A Coordinator may work this long on an answer."""
    total_timeout: float = 120.0
    """For the whole call, however busy the server seems."""
    max_answer: int = 32 * MEBIBYTE
    """Of an answer with a manifest, a log or secrets: a manifest of 24 MiB in base64."""
    max_small_answer: int = MEBIBYTE
    """Of every other answer."""
