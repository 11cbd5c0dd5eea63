"""The wrapped key, bound to the very data it belongs to."""

from __future__ import annotations

import json
import os
from base64 import b64encode

import pytest
from ringtaw_coordinator.state.sealed_data import UnsealError, digest
from ringtaw_coordinator.state.sealed_key import (
    OwnersSealer,
    PlatformSealer,
    Sealer,
    UnprotectedSealer,
    bound_to,
)
from ringtaw_premain.hookspecs import KeyBinding

DEK = os.urandom(32)
DATA = digest(b"sealed data")
OTHER_DATA = digest(b"older sealed data")


class Platform:
    """A platform with sealing keys of its own, of the sizes that platforms have."""

    def __init__(self, size: int = 16) -> None:
        self._keys = {binding: os.urandom(size) for binding in KeyBinding}

    def __call__(self, binding: KeyBinding) -> bytes:
        return self._keys[binding]


@pytest.fixture(params=["simulation", "no keys", "16-byte keys", "32-byte keys"])
def sealer(request: pytest.FixtureRequest) -> Sealer:
    if request.param == "simulation":
        return UnprotectedSealer()
    if request.param == "no keys":
        return OwnersSealer("this platform has no sealing key")
    return PlatformSealer(Platform(int(request.param[:2])))


@pytest.mark.parametrize("binding", list(KeyBinding))
def test_what_is_wrapped_is_unwrapped(sealer: Sealer, binding: KeyBinding) -> None:
    wrapped = sealer.wrap(DEK, DATA, binding)
    dek, found = sealer.unwrap(wrapped, DATA)
    assert dek == DEK
    assert found is binding or isinstance(sealer, UnprotectedSealer)
    assert bound_to(wrapped) == DATA


def test_key_is_useless_beside_other_data(sealer: Sealer) -> None:
    wrapped = sealer.wrap(DEK, DATA, KeyBinding.PRODUCT)
    with pytest.raises(UnsealError, match="another version of sealed_data"):
        sealer.unwrap(wrapped, OTHER_DATA)


def test_claiming_other_data_does_not_help() -> None:
    sealer = PlatformSealer(Platform())
    document = json.loads(sealer.wrap(DEK, DATA, KeyBinding.PRODUCT))
    document["sealedData"] = OTHER_DATA.hex()
    with pytest.raises(UnsealError, match="cannot be opened here"):
        sealer.unwrap(json.dumps(document).encode(), OTHER_DATA)


def test_claiming_another_binding_does_not_help() -> None:
    sealer = PlatformSealer(lambda binding: bytes(16))
    document = json.loads(sealer.wrap(DEK, DATA, KeyBinding.MEASUREMENT))
    document["protection"] = KeyBinding.PRODUCT.value
    with pytest.raises(UnsealError, match="cannot be opened here"):
        sealer.unwrap(json.dumps(document).encode(), DATA)


def test_another_platform_does_not_open() -> None:
    wrapped = PlatformSealer(Platform()).wrap(DEK, DATA, KeyBinding.PRODUCT)
    with pytest.raises(UnsealError, match="another host, or another enclave"):
        PlatformSealer(Platform()).unwrap(wrapped, DATA)


def test_platform_does_not_take_an_unprotected_key() -> None:
    wrapped = UnprotectedSealer().wrap(DEK, DATA, KeyBinding.PRODUCT)
    with pytest.raises(UnsealError, match="simulation"):
        PlatformSealer(Platform()).unwrap(wrapped, DATA)


def test_simulation_does_not_take_a_protected_key() -> None:
    wrapped = PlatformSealer(Platform()).wrap(DEK, DATA, KeyBinding.PRODUCT)
    with pytest.raises(UnsealError, match="this is a simulation"):
        UnprotectedSealer().unwrap(wrapped, DATA)


def test_without_keys_only_the_process_that_has_the_key_knows_it() -> None:
    sealer = OwnersSealer("this platform has no sealing key")
    wrapped = sealer.wrap(DEK, DATA, KeyBinding.MEASUREMENT)
    assert json.loads(wrapped)["protection"] == "owners"
    for secret in (DEK, DEK.hex().encode(), b64encode(DEK)):
        assert secret not in wrapped
    with pytest.raises(UnsealError, match=r"only the owners of the recovery keys .* no sealing"):
        OwnersSealer("this platform has no sealing key").unwrap(wrapped, DATA)
    for other in (PlatformSealer(Platform()), UnprotectedSealer()):
        with pytest.raises(UnsealError):
            other.unwrap(wrapped, DATA)
    for other in (PlatformSealer(Platform()), UnprotectedSealer()):
        with pytest.raises(UnsealError, match="made elsewhere"):
            sealer.unwrap(other.wrap(DEK, DATA, KeyBinding.MEASUREMENT), DATA)


def test_without_keys_a_change_that_was_not_stored_costs_nothing() -> None:
    sealer = OwnersSealer("this platform has no sealing key")
    stored = sealer.wrap(DEK, DATA, KeyBinding.PRODUCT)
    sealer.wrap(os.urandom(32), OTHER_DATA, KeyBinding.PRODUCT)
    assert sealer.unwrap(stored, DATA) == (DEK, KeyBinding.PRODUCT)


def test_protected_key_does_not_contain_the_key() -> None:
    platform = Platform()
    wrapped = PlatformSealer(platform).wrap(DEK, DATA, KeyBinding.PRODUCT)
    for secret in (DEK, platform(KeyBinding.PRODUCT)):
        assert secret not in wrapped
        assert secret.hex().encode() not in wrapped


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"\xff\xfe",
        b"{}",
        b"[]",
        b"null",
        b"[" * 100_000,
        b'{"format": "ringtaw sealed key 2", "protection": "none", "sealedData": "", "key": ""}',
        b'{"format": "ringtaw sealed key 1", "protection": "?", "sealedData": "", "key": ""}',
        b'{"format": "ringtaw sealed key 1", "protection": "none", "sealedData": 1, "key": 2}',
        b'{"format": "ringtaw sealed key 1", "protection": "none", "sealedData": "x", "key": ""}',
    ],
)
def test_damage_is_noticed(sealer: Sealer, damage: bytes) -> None:
    assert bound_to(damage) is None
    with pytest.raises(UnsealError, match=r"missing|damaged"):
        sealer.unwrap(damage, DATA)


def test_every_truncation_is_noticed(sealer: Sealer) -> None:
    wrapped = sealer.wrap(DEK, DATA, KeyBinding.PRODUCT)
    for length in range(len(wrapped) - 1):  # the last byte is a newline
        with pytest.raises(UnsealError, match=r"missing|damaged"):
            sealer.unwrap(wrapped[:length], DATA)


@pytest.mark.parametrize("sealer", ["no keys", "16-byte keys"], indirect=True)
def test_every_changed_byte_of_a_protected_key_is_noticed(sealer: Sealer) -> None:
    wrapped = sealer.wrap(DEK, DATA, KeyBinding.PRODUCT)
    document = json.loads(wrapped)
    start = wrapped.index(document["key"].encode())
    for position in range(start, start + len(document["key"])):
        changed = bytearray(wrapped)
        changed[position] = ord("A") if changed[position] != ord("A") else ord("B")
        with pytest.raises(UnsealError, match=r"damaged|only the owners"):
            sealer.unwrap(bytes(changed), DATA)
