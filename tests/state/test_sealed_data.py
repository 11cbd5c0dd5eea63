"""The encrypted state."""

from __future__ import annotations

import os

import pytest
from ringtaw_coordinator.state.sealed_data import UnsealError, digest, recovery_data, seal, unseal

DEK = bytes(range(32))
STATE = b"the state of a deployment"
RECOVERY = b'{"scheme": "none"}'


def test_what_is_sealed_is_unsealed() -> None:
    sealed = seal(STATE, DEK, RECOVERY)
    assert unseal(sealed, DEK) == STATE
    assert recovery_data(sealed) == RECOVERY
    assert STATE not in sealed
    assert RECOVERY in sealed


def test_sealing_twice_differs() -> None:
    one, other = seal(STATE, DEK, RECOVERY), seal(STATE, DEK, RECOVERY)
    assert one != other
    assert digest(one) != digest(other)


def test_another_key_does_not_open() -> None:
    with pytest.raises(UnsealError, match="another key"):
        unseal(seal(STATE, DEK, RECOVERY), os.urandom(32))


def test_every_truncation_is_noticed() -> None:
    sealed = seal(STATE, DEK, RECOVERY)
    for length in range(len(sealed)):
        with pytest.raises(UnsealError, match="damaged"):
            unseal(sealed[:length], DEK)


def test_every_flipped_bit_is_noticed() -> None:
    sealed = seal(STATE, DEK, RECOVERY)
    for position in range(len(sealed)):
        for bit in range(8):
            flipped = bytearray(sealed)
            flipped[position] ^= 1 << bit
            with pytest.raises(UnsealError, match="damaged"):
                unseal(bytes(flipped), DEK)
