"""What is asked of the definitions of secrets."""

from __future__ import annotations

import pytest

from tests.manifest.samples import (
    JSON,
    accepted,
    minimal,
    problem,
    recovery_key,
    warning,
    with_secret,
)


@pytest.mark.parametrize(
    "definition",
    [
        {"Type": "symmetric-key", "Size": 8},
        {"Type": "symmetric-key", "Size": 65_280},
        {"Type": "symmetric-key", "Size": 65_288, "Shared": True},
        {"Type": "symmetric-key", "Size": 65_288, "UserDefined": True},
        {"Type": "symmetric-key", "UserDefined": True},
        {"Type": "cert-rsa", "Size": 2048},
        {"Type": "cert-rsa", "UserDefined": True},
        {"Type": "cert-rsa", "Size": 512, "UserDefined": True},
        *({"Type": "cert-ecdsa", "Size": size} for size in (224, 256, 384, 521)),
        {"Type": "cert-ed25519"},
        {"Type": "cert-ed25519", "Size": 0},
        {"Type": "plain", "UserDefined": True},
        {"Type": "cert-ed25519", "ValidFor": 1, "Cert": {"NotAfter": "0001-01-01T00:00:00Z"}},
        {"Type": "cert-ed25519", "Cert": {"NotAfter": "2999-01-01T00:00:00+02:00"}},
    ],
)
def test_secrets(definition: JSON) -> None:
    accepted(with_secret(**definition))


@pytest.mark.parametrize(
    ("definition", "pointer", "message"),
    [
        ({"Type": "unknown"}, "/Type", "is none of symmetric-key, cert-rsa"),
        ({"Size": 128}, "", '"Type" is missing'),
        ({"Type": "symmetric-key"}, "", '"Size" is missing'),
        ({"Type": "symmetric-key", "Size": 0}, "", '"Size" is missing'),
        ({"Type": "symmetric-key", "Size": 12}, "/Size", "a multiple of 8"),
        ({"Type": "symmetric-key", "Size": 7}, "/Size", "a multiple of 8"),
        ({"Type": "symmetric-key", "Size": 65_288}, "/Size", "at most 65,280 bits"),
        (
            {"Type": "symmetric-key", "Size": 33_554_440, "Shared": True},
            "/Size",
            "33554432 bits (4 MiB) at most",
        ),
        (
            {"Type": "symmetric-key", "Size": 2**60, "UserDefined": True},
            "/Size",
            "33554432 bits (4 MiB) at most",
        ),
        ({"Type": "cert-rsa"}, "", '"Size" is missing'),
        ({"Type": "cert-rsa", "Size": 1023}, "/Size", "1024 to 16384 bits"),
        ({"Type": "cert-rsa", "Size": 16_385}, "/Size", "1024 to 16384 bits"),
        ({"Type": "cert-ecdsa"}, "", '"Size" is missing'),
        ({"Type": "cert-ecdsa", "Size": 255}, "/Size", "224, 256, 384 or 521"),
        ({"Type": "cert-ed25519", "Size": 256}, "/Size", "leave Size out"),
        ({"Type": "plain"}, "", "is never generated: it needs UserDefined: true"),
        (
            {"Type": "cert-ed25519", "ValidFor": 1, "Cert": {"NotAfter": "2999-01-01T00:00:00Z"}},
            "",
            "has both ValidFor and Cert.NotAfter",
        ),
    ],
)
def test_bad_secrets(definition: JSON, pointer: str, message: str) -> None:
    found = problem(with_secret(**definition))
    assert found.pointer == f"/Secrets/s{pointer}"
    assert message in found.message


def test_weak_rsa_keys_are_a_warning() -> None:
    assert "is weak" in warning(with_secret(Type="cert-rsa", Size=1024)).message
    assert "is weak" in warning(with_secret(Type="cert-rsa", Size=2047)).message
    assert "is weak" in warning(minimal(RecoveryKeys={"r": recovery_key(bits=1024)})).message


def test_passed_not_after_is_a_warning_so_that_a_kept_manifest_loads_for_ever() -> None:
    found = warning(with_secret(Type="cert-ed25519", Cert={"NotAfter": "2020-01-01T00:00:00Z"}))
    assert found.message == "NotAfter has passed: no certificate can be made"
