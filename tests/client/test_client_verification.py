"""A Coordinator is believed only after it has proved what it is."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ringtaw_attestation import TcbStatus, coordinator_report_data
from ringtaw_attestation.softtee import QuoteAttacks, SoftwarePlatform, TrustDomain
from ringtaw_client import (
    CollateralUnavailableError,
    CoordinatorPolicy,
    EvidenceRejectedError,
    PolicyMismatchError,
    State,
    Trust,
    UnreachableError,
    connect_insecurely,
    verify,
)
from ringtaw_testkit.identities import self_signed

from tests.client.fake_coordinator import GENUINE, POLICY, FakeCoordinator, serving
from tests.support.attested_mesh import COORDINATOR, AttestedMesh, frontend
from tests.support.evidence import TEE

SIGNER: dict[str, Any] = {
    "signer_id": GENUINE.signer_id.hex(),
    "product_id": 7,
    "security_version": 3,
}


def rejected(fake: FakeCoordinator, trust: Trust) -> EvidenceRejectedError:
    """Verify what must not pass; return why."""
    with serving(fake), pytest.raises(EvidenceRejectedError) as caught:
        verify(fake.address, POLICY, trust)
    assert fake.address in str(caught.value)
    return caught.value


def test_real_coordinator(mesh: AttestedMesh, mesh_trust: Trust) -> None:
    policy = CoordinatorPolicy(unique_id=COORDINATOR.unique_id.hex().upper())
    with mesh.coordinator(state="verified") as coordinator:
        host, port = coordinator.client_address
        verified = verify(f"{host}:{port}", policy, mesh_trust)
        assert all(check.ok for check in verified.checks)
        names = [check.name for check in verified.checks]
        assert names == ["quote", "hardware", "binding", "tls", "UniqueID", "Debug", "TCB status"]
        assert len(verified.evidence.nonce) == 32
        pinned = verified.connect()
        pinned.set_manifest(frontend())
        assert pinned.status().state is State.ACCEPTING_MARBLES
        assert pinned.verify_manifest(frontend()).raw == frontend()
        again = verify(f"localhost:{port}", policy, mesh_trust)
        assert again.evidence.nonce != verified.evidence.nonce
        assert again.identity.root == verified.identity.root


def test_each_check_says_what_was_expected_and_found(trust: Trust) -> None:
    with serving(FakeCoordinator()) as fake:
        verified = verify(fake.address, replace(POLICY, **SIGNER), trust)
    shown = {check.name: check for check in verified.checks}
    assert shown["ProductID"].expected == shown["ProductID"].found == "7"
    assert shown["SecurityVersion"].expected == "at least 3"
    assert shown["UniqueID"].found == GENUINE.unique_id.hex()
    assert shown["TCB status"].found == "UpToDate"
    assert "software TEE" in shown["hardware"].found
    assert verified.identity.fingerprint in shown["tls"].expected


def test_the_nonce_may_be_chosen(trust: Trust) -> None:
    with serving(FakeCoordinator()) as fake:
        assert verify(fake.address, POLICY, trust, nonce=b"\xfb\xff").evidence.nonce == b"\xfb\xff"
    (line, _, _) = fake.requests[0]
    assert line == "GET /api/v2/quote?nonce=-_8%3D HTTP/1.1"


def test_replayed_quote(trust: Trust) -> None:
    root = self_signed()
    old = TEE.sgx_quote(GENUINE, coordinator_report_data(root.der, b"an old nonce"))
    error = rejected(FakeCoordinator(root, quote=lambda _: old), trust)
    assert error.checks[-1].name == "binding"
    assert not error.checks[-1].ok


def test_quote_of_another_coordinator_for_an_own_root(trust: Trust) -> None:
    genuine, own = self_signed(), self_signed()
    stolen = TEE.sgx_quote(GENUINE, coordinator_report_data(genuine.der))
    error = rejected(FakeCoordinator(own, quote=lambda _: stolen), trust)
    assert error.checks[-1].name == "binding"


def test_somebody_in_between(trust: Trust) -> None:
    """Everything is genuine and fresh, but TLS ends at somebody with another key."""
    error = rejected(FakeCoordinator(tls=self_signed()), trust)
    assert error.checks[-1].name == "tls"
    assert "in between" in error.hint


def test_no_quote(trust: Trust) -> None:
    error = rejected(FakeCoordinator(quote=lambda _: b""), trust)
    assert "simulation" in str(error)


def attacks(data: bytes) -> QuoteAttacks:
    return QuoteAttacks(TEE, SoftwarePlatform(), GENUINE, data)


@pytest.mark.parametrize(
    ("make", "step"),
    [
        (lambda data: attacks(data).changed_body(), "quote-signature"),
        (lambda data: attacks(data).own_root(), "pck-chain"),
        (lambda data: attacks(data).own_platform_key(), "qe-report-signature"),
        (lambda data: attacks(data).debug_quoting_enclave(), "qe-report-identity"),
        (lambda data: TEE.sgx_quote(GENUINE, data)[:-40], "quote-format"),
        (lambda data: b"no quote at all", "quote-format"),
    ],
)
def test_forged_quotes(make: Callable[[bytes], bytes], step: str, trust: Trust) -> None:
    error = rejected(FakeCoordinator(quote=make), trust)
    assert step in error.checks[-1].found
    assert [check.name for check in error.checks] == ["quote"]


def test_software_tee_must_be_accepted_by_name(trust: Trust) -> None:
    error = rejected(FakeCoordinator(), replace(trust, accept_software_tee=False))
    assert error.checks[-1].name == "hardware"
    error = rejected(FakeCoordinator(), replace(trust, roots=None))
    assert "software TEE, which protects nothing" in error.hint


def test_acceptance_of_a_software_tee_is_loud_each_time(
    trust: Trust, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(FakeCoordinator()) as fake:
        for _ in range(2):
            verify(fake.address, POLICY, trust)
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert [record.name for record in warnings] == ["ringtaw_client"] * 2
    assert "SOFTWARE TEE" in warnings[0].getMessage()


def mismatch(fake: FakeCoordinator, policy: CoordinatorPolicy, trust: Trust) -> list[str]:
    """Verify a Coordinator that is not the wanted one; return the checks that failed."""
    with serving(fake), pytest.raises(PolicyMismatchError) as caught:
        verify(fake.address, policy, trust)
    assert caught.value.checks[0].name == "quote", "all checks are listed"
    return [check.name for check in caught.value.checks if not check.ok]


@pytest.mark.parametrize(
    ("change", "failed"),
    [
        ({"unique_id": "ee" * 32}, ["UniqueID"]),
        ({"unique_id": "", **SIGNER, "signer_id": "ee" * 32}, ["SignerID"]),
        ({"unique_id": "", **SIGNER, "product_id": 8}, ["ProductID"]),
        ({"unique_id": "", **SIGNER, "security_version": 4}, ["SecurityVersion"]),
        ({**SIGNER, "unique_id": "ee" * 32, "product_id": 0}, ["UniqueID", "ProductID"]),
    ],
)
def test_other_coordinators(change: dict[str, Any], failed: list[str], trust: Trust) -> None:
    assert mismatch(FakeCoordinator(), replace(POLICY, **change), trust) == failed


def test_newer_security_version_is_welcome(trust: Trust) -> None:
    newer = replace(GENUINE, security_version=4)
    with serving(FakeCoordinator(enclave=newer)) as fake:
        verify(fake.address, CoordinatorPolicy(**SIGNER), trust)


def test_debug_enclave_must_be_accepted(trust: Trust) -> None:
    debug = replace(GENUINE, debug=True)
    assert mismatch(FakeCoordinator(enclave=debug), POLICY, trust) == ["Debug"]
    for enclave in (debug, GENUINE):
        with serving(FakeCoordinator(enclave=enclave)) as fake:
            verify(fake.address, replace(POLICY, debug=True), trust)


def test_trust_domain_is_no_enclave(trust: Trust) -> None:
    fake = FakeCoordinator(quote=lambda data: TEE.tdx_quote(TrustDomain(), data))
    assert mismatch(fake, POLICY, trust) == ["TEE"]


def test_old_tcb(trust: Trust) -> None:
    def fake() -> FakeCoordinator:
        return FakeCoordinator(platform=SoftwarePlatform(status=TcbStatus.OUT_OF_DATE))

    assert mismatch(fake(), POLICY, trust) == ["TCB status"]
    accepting = replace(POLICY, accepted_tcb_statuses=("OutOfDate",))
    with serving(fake()) as coordinator:
        verified = verify(coordinator.address, accepting, trust)
    assert verified.checks[-1].found.startswith("OutOfDate")


def test_advisories(trust: Trust) -> None:
    fake = FakeCoordinator(platform=SoftwarePlatform(status=TcbStatus.SW_HARDENING_NEEDED))
    with serving(fake):
        (*_, last) = verify(fake.address, POLICY, trust).checks
    _, *advisories = last.found.split()
    assert advisories, "the platform has some"
    accepting = replace(POLICY, accepted_advisories=tuple(advisories))
    with serving(fake):
        verify(fake.address, accepting, trust)
    other = replace(POLICY, accepted_advisories=("INTEL-SA-99999",))
    assert mismatch(fake, other, trust) == ["TCB status"]


def test_collateral_that_cannot_be_had(trust: Trust, tmp_path: Path) -> None:
    away = replace(trust, collateral="http://127.0.0.1:1", cache=tmp_path)
    with serving(FakeCoordinator()) as fake, pytest.raises(CollateralUnavailableError) as caught:
        verify(fake.address, POLICY, away)
    assert isinstance(caught.value, UnreachableError)
    assert caught.value.hint


def test_nobody_there(trust: Trust) -> None:
    with pytest.raises(UnreachableError, match="no TCP connection"):
        verify("127.0.0.1:1", POLICY, trust)


def test_insecure_connection_is_loud_each_time(caplog: pytest.LogCaptureFixture) -> None:
    with serving(FakeCoordinator(quote=lambda _: b"")) as fake:
        for _ in range(2):
            coordinator = connect_insecurely(fake.address)
        assert coordinator.certificate_chain().root == fake.root.der
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 2
    assert "NOT VERIFIED" in caplog.text


def test_insecure_connection_is_to_one_and_the_same() -> None:
    with (
        serving(FakeCoordinator(tls=self_signed())) as fake,
        pytest.raises(EvidenceRejectedError, match="does not end at the Coordinator"),
    ):
        connect_insecurely(fake.address)
