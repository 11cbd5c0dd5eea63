"""Shamir's secret sharing over GF(2^8), byte by byte, in the format of HashiCorp Vault.

A share is the values of the polynomials, one byte for each of the secret, and then the x
coordinate, which is never 0: there the polynomials have the secret. The field is that of AES (FIPS
197, section 4.2). Reference: A. Shamir, How to Share a Secret, CACM 22 (1979).
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from functools import reduce
from typing import Final

MAX_SHARES: Final = 255
_POLYNOMIAL: Final = 0x11B


def split(secret: bytes, shares: int, threshold: int) -> list[bytes]:
    """Return shares of which any ``threshold`` give the secret, and fewer tell nothing.

    Raises:
        ValueError: Not 2 ≤ threshold ≤ shares ≤ 255.
    """
    if not 2 <= threshold <= shares <= MAX_SHARES:
        raise ValueError(f"cannot make {shares} shares with threshold {threshold}")
    polynomials = [bytes([byte]) + os.urandom(threshold - 1) for byte in secret]
    coordinates = random.SystemRandom().sample(range(1, MAX_SHARES + 1), shares)
    return [
        bytes(_evaluate(polynomial, x) for polynomial in polynomials) + bytes([x])
        for x in coordinates
    ]


def combine(shares: Sequence[bytes]) -> bytes:
    """Return the secret; a wrong or missing share gives another result, not an error.

    Raises:
        ValueError: The shares have different lengths, or two have the same x coordinate.
    """
    coordinates = [share[-1] for share in shares]
    if len({len(share) for share in shares}) != 1 or len(set(coordinates)) != len(shares):
        raise ValueError("the shares do not belong together")
    weights = [_weight(x, coordinates) for x in coordinates]
    return bytes(
        reduce(_add, (_multiply(weight, y) for weight, y in zip(weights, column, strict=True)))
        for column in zip(*(share[:-1] for share in shares), strict=True)
    )


def _evaluate(polynomial: bytes, x: int) -> int:
    """Horner's rule; the constant term comes first in ``polynomial``."""
    return reduce(lambda value, term: _multiply(value, x) ^ term, reversed(polynomial), 0)


def _weight(x: int, coordinates: Sequence[int]) -> int:
    """The Lagrange basis polynomial of ``x`` at 0."""
    factors = (_multiply(other, _inverse(other ^ x)) for other in coordinates if other != x)
    return reduce(_multiply, factors, 1)


def _add(left: int, right: int) -> int:
    return left ^ right


def _multiply(left: int, right: int) -> int:
    """Multiply without tables and branches on the operands, which are secret."""
    product = 0
    for _ in range(8):
        product ^= left & -(right & 1)
        left = (left << 1) ^ (_POLYNOMIAL & -(left >> 7))
        right >>= 1
    return product


def _inverse(value: int) -> int:
    """Return value^254, the inverse of every value but 0."""
    return reduce(_multiply, [value] * 254)
