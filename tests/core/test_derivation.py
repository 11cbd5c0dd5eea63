"""Derived keys, against Go's crypto/hkdf."""

from __future__ import annotations

import pytest
from ringtaw_coordinator.secrets.derive import derive_key

ROOT_SECRET = bytes(range(32))
UUID = "11111111-2222-3333-4444-555555555555"


@pytest.mark.parametrize(
    ("name", "marble_type", "expected"),
    [
        ("disk_key", "frontend", "922c78971237824cd2a3ffdafeec3346"),
        (
            "disk_key",
            "",
            "73eca3fcb095d24e2af4c40ec4c6507ecf41cd034ab1a7657249fdcc8afca180",
        ),
        (
            "größe",
            "frontend",
            "4cc476a6c8c5b1200218ce1ffcc339a7fe2dd0b06fd10c41d23ea26e6e937993c409a0077b436e6b9a4c"
            "9102f5914d3ac158b10917d3a7ac8e6034338cd6337cbe7330f9e75a3020010090fc1a1edef9a178ceab"
            "be0a3fad4fcdbf3c623d07f7e673df22",
        ),
    ],
)
def test_keys_are_those_of_go(name: str, marble_type: str, expected: str) -> None:
    """hkdf.Key(sha256.New, rootSecret, []byte(uuid+name), marbleType, size), Go 1.26."""
    bits = len(expected) * 4
    assert derive_key(ROOT_SECRET, UUID, name, marble_type, bits).hex() == expected


def test_longest_key() -> None:
    assert len(derive_key(ROOT_SECRET, UUID, "name", "type", 65_280)) == 8160
