from __future__ import annotations

import json

import pytest
from ringtaw_premain.errors import PolicyError
from ringtaw_premain.hookspecs import Adapter
from ringtaw_premain.log import Log
from ringtaw_premain.ttls import VARIABLE, check_ttls

ENFORCING = Adapter("edgeless", "", 1, enforces_ttls=True)
NOT_ENFORCING = Adapter("libos", "", 1)
CREDENTIALS = {"cacrt": "secret", "clicrt": "secret", "clikey": "secret"}
POLICY = {
    "tls": {
        "Outgoing": {"backend.example:8080": CREDENTIALS},
        "Incoming": {
            "*:443": {**CREDENTIALS, "clientAuth": True},
            "*:80": {**CREDENTIALS, "clientAuth": False},
        },
    }
}


def check(policy: bytes, adapter: Adapter = ENFORCING) -> None:
    check_ttls({VARIABLE: policy}, adapter, Log(json=False))


def test_without_a_policy_there_is_nothing_to_check(capfd: pytest.CaptureFixture[str]) -> None:
    check_ttls({"OTHER": b"{"}, NOT_ENFORCING, Log(json=False))
    assert capfd.readouterr().err == ""


def test_addresses_are_logged_and_keys_are_not(capfd: pytest.CaptureFixture[str]) -> None:
    check(json.dumps(POLICY).encode())
    assert capfd.readouterr().err.splitlines() == [
        "[PreMain] TTLS: outgoing connections to backend.example:8080",
        "[PreMain] TTLS: incoming connections on *:443, client certificates required",
        "[PreMain] TTLS: incoming connections on *:80, client certificates not required",
    ]


def test_a_policy_that_nothing_enforces_is_refused() -> None:
    with pytest.raises(PolicyError, match=r"adapter\(libos\): .*nothing in this runtime enforces"):
        check(json.dumps(POLICY).encode(), NOT_ENFORCING)


@pytest.mark.parametrize(
    "policy",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b'{"tls": 1}',
        b'{"tls": {"Incoming": [1]}}',
        b'{"tls": {"Incoming": {"*:443": {}}}}',
        b'{"tls": {"Incoming": {"*:443": 1}}}',
        b'{"tls": {"Incoming": 1}}',
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_a_malformed_policy_is_fatal(policy: bytes) -> None:
    with pytest.raises(PolicyError, match=f"{VARIABLE} is malformed"):
        check(policy)


@pytest.mark.parametrize("policy", [b'{"tls": {}}', b'{"tls": {"Incoming": {}, "Outgoing": null}}'])
def test_an_empty_policy_is_fatal(policy: bytes) -> None:
    with pytest.raises(PolicyError, match=f"{VARIABLE} is empty"):
        check(policy)
