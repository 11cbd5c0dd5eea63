"""What is asked of recovery keys and of the configuration."""

from __future__ import annotations

import pytest

from tests.manifest.samples import JSON, accepted, minimal, problem, recovery_key, user


@pytest.mark.parametrize(
    ("pem", "message"),
    [
        ("", "must be an RSA public key in PEM form"),
        ("x", "has no PEM block"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "holds no public key"),
        (recovery_key().replace("PUBLIC KEY", "RSA PUBLIC KEY"), "RSA PUBLIC KEY, not PUBLIC KEY"),
    ],
)
def test_bad_recovery_keys(pem: str, message: str) -> None:
    found = problem(minimal(RecoveryKeys={"r": pem}))
    assert found.pointer == "/RecoveryKeys/r"
    assert message in found.message


def updaters(count: int, threshold: int) -> JSON:
    """Return a manifest in which as many users have UpdateManifest, all of them twice."""
    roles = {
        "r": {"ResourceType": "Manifest", "Actions": ["UpdateManifest"]},
        "s": {"ResourceType": "Manifest", "Actions": ["UpdateManifest"]},
        "t": {"ResourceType": "Packages", "ResourceNames": ["p"]},
    }
    users = {f"u{i}": user(f"u{i}", "r", "s") for i in range(count)} | {"v": user("v", "t")}
    return minimal(Users=users, Roles=roles, Config={"UpdateThreshold": threshold})


@pytest.mark.parametrize(("count", "threshold"), [(0, 0), (1, 0), (1, 1), (2, 1), (2, 2)])
def test_update_threshold(count: int, threshold: int) -> None:
    assert accepted(updaters(count, threshold)).config.update_threshold == threshold


@pytest.mark.parametrize(("count", "threshold"), [(0, 1), (1, 2), (2, 3)])
def test_update_threshold_above_the_number_of_users(count: int, threshold: int) -> None:
    found = problem(updaters(count, threshold))
    assert found.pointer == "/Config/UpdateThreshold"
    assert found.message == f"is more than the {count} users who have UpdateManifest"


def recovery(keys: int, threshold: int) -> JSON:
    entries = {f"k{i}": recovery_key() for i in range(keys)}
    return minimal(RecoveryKeys=entries, Config={"RecoveryThreshold": threshold})


@pytest.mark.parametrize(("keys", "threshold"), [(0, 0), (1, 0), (2, 2), (3, 2), (256, 0)])
def test_recovery_threshold(keys: int, threshold: int) -> None:
    assert accepted(recovery(keys, threshold)).config.recovery_threshold == threshold


@pytest.mark.parametrize(
    ("keys", "threshold", "message"),
    [
        (0, 2, "is more than the 0 recovery keys"),
        (2, 3, "is more than the 2 recovery keys"),
        (2, 1, "must not be 1"),
        (1, 1, "must not be 1"),
        (256, 2, "at most 255 recovery keys"),
    ],
)
def test_bad_recovery_threshold(keys: int, threshold: int, message: str) -> None:
    found = problem(recovery(keys, threshold))
    assert found.pointer == "/Config/RecoveryThreshold"
    assert message in found.message


@pytest.mark.parametrize("gate", ["signquoteendpoint", "MONOTONICCOUNTER", "AzureHSMSealing"])
def test_feature_gates_in_any_letter_case(gate: str) -> None:
    (loaded,) = accepted(minimal(Config={"FeatureGates": [gate]})).config.feature_gates
    assert loaded.casefold() == gate.casefold()
