"""A real Coordinator without simulation: whom it admits, and what it tells the others."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ringtaw_attestation import (
    TcbStatus,
    Tee,
    certificate_report_data,
)
from ringtaw_attestation.softtee import (
    CollateralAttacks,
    SoftwareTee,
    TrustDomain,
    write_software_collateral,
)
from ringtaw_premain.errors import RefusedError, UnreachableError
from ringtaw_testkit.identities import self_signed

from tests.support.attested_mesh import (
    BY_MEASUREMENT,
    BY_PRODUCT,
    DEBUG,
    MARBLE,
    PLATFORM,
    AttestedMesh,
    attested_mesh,
    frontend,
    marbles,
)
from tests.support.coordinator_process import CoordinatorProcess
from tests.support.deployments import manifest
from tests.support.pccs import running_pccs

PACKAGES: dict[str, dict[str, Any]] = {
    "frontend": BY_MEASUREMENT,
    "product": BY_PRODUCT,
    "other": {"UniqueID": "ab" * 32},
    "newer": {**BY_PRODUCT, "SecurityVersion": 4},
    "debug": {**BY_MEASUREMENT, "Debug": True},
    "tolerant": {**BY_MEASUREMENT, "AcceptedTCBStatuses": ["OutOfDate"]},
}
Attest = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AttestedMesh]:
    with attested_mesh(tmp_path_factory.mktemp("mesh")) as mesh:
        yield mesh


@pytest.fixture(scope="module")
def coordinator(mesh: AttestedMesh) -> Iterator[CoordinatorProcess]:
    with mesh.coordinator() as coordinator:
        assert coordinator.set_manifest(manifest(**marbles(**PACKAGES)))["status"] == "success"
        yield coordinator


def refusal(coordinator: CoordinatorProcess, marble_type: str, attest: Attest) -> str:
    with pytest.raises(RefusedError) as caught:
        coordinator.activate(marble_type, attest=attest)
    assert caught.value.status == "PERMISSION_DENIED"
    prefix, _, text = caught.value.details.partition("marble verification failed: ")
    assert not prefix
    return text


@pytest.mark.parametrize("marble_type", ["frontend", "product", "tolerant"])
def test_good_evidence_is_admitted(
    mesh: AttestedMesh, coordinator: CoordinatorProcess, marble_type: str
) -> None:
    parameters = coordinator.activate(marble_type, attest=mesh.quote_of(MARBLE))
    assert parameters.environment["GREETING"] == b"hello"


def test_debug_and_old_platforms_are_admitted_where_the_manifest_says_so(
    mesh: AttestedMesh, coordinator: CoordinatorProcess
) -> None:
    old = replace(PLATFORM, status=TcbStatus.OUT_OF_DATE)
    coordinator.activate("debug", attest=mesh.quote_of(DEBUG))
    coordinator.activate("tolerant", attest=mesh.quote_of(MARBLE, old))


def test_evidence_for_another_connection(
    mesh: AttestedMesh, coordinator: CoordinatorProcess
) -> None:
    seen: list[bytes] = []

    def remember(certificate: bytes) -> bytes:
        seen.append(mesh.quote_of(MARBLE)(certificate))
        return seen[0]

    coordinator.activate("frontend", attest=remember)
    text = "binding: the evidence is not for the certificate of this connection"
    assert refusal(coordinator, "frontend", lambda _: seen[0]) == text, "replayed"
    other = self_signed().der
    assert refusal(coordinator, "frontend", lambda _: mesh.quote_of(MARBLE)(other)) == text


@pytest.mark.parametrize("query", ["", "?nonce=bm9uY2U="])
def test_evidence_for_a_challenge_to_the_coordinator(
    mesh: AttestedMesh, coordinator: CoordinatorProcess, query: str
) -> None:
    quote = base64.b64decode(coordinator.call("GET", f"/api/v2/quote{query}")["data"]["quote"])
    assert refusal(coordinator, "frontend", lambda _: quote).startswith("binding: ")


@pytest.mark.parametrize(
    ("marble_type", "words"),
    [
        ("other", f"UniqueID: the enclave's is {MARBLE.unique_id.hex()}, not {'ab' * 32}"),
        ("newer", "SecurityVersion: the enclave's is 3, less than 4"),
        ("debug", "Debug: the enclave has Debug False, the package True"),
    ],
)
def test_wrong_package(
    mesh: AttestedMesh, coordinator: CoordinatorProcess, marble_type: str, words: str
) -> None:
    text = refusal(coordinator, marble_type, mesh.quote_of(MARBLE))
    assert text == f"/Packages/{marble_type}/{words}"


def test_debug_enclave_in_production(mesh: AttestedMesh, coordinator: CoordinatorProcess) -> None:
    text = refusal(coordinator, "frontend", mesh.quote_of(DEBUG))
    assert text == "/Packages/frontend/Debug: the enclave has Debug True, the package False"


def test_trust_domain_as_an_enclave(mesh: AttestedMesh, coordinator: CoordinatorProcess) -> None:
    def attest(certificate: bytes) -> bytes:
        return mesh.tee.tdx_quote(TrustDomain(), certificate_report_data(certificate))

    text = refusal(coordinator, "frontend", attest)
    assert text.startswith("/Packages/frontend: the package stands for SGX enclaves")


def test_old_platform(mesh: AttestedMesh, coordinator: CoordinatorProcess) -> None:
    old = replace(PLATFORM, status=TcbStatus.OUT_OF_DATE)
    text = refusal(coordinator, "frontend", mesh.quote_of(MARBLE, old))
    assert text.startswith("/Packages/frontend/AcceptedTCBStatuses: TCB status OutOfDate is not")


def test_no_quote_half_a_quote_and_a_quote_of_somebody_elses_making(
    mesh: AttestedMesh, coordinator: CoordinatorProcess
) -> None:
    stranger = SoftwareTee(bytes(32))

    def half(certificate: bytes) -> bytes:
        return mesh.quote_of(MARBLE)(certificate)[:2000]

    def stranger_s(certificate: bytes) -> bytes:
        return stranger.sgx_quote(MARBLE, certificate_report_data(certificate))

    assert "the Marble sent no quote" in refusal(coordinator, "frontend", lambda _: b"")
    assert refusal(coordinator, "frontend", half).startswith("quote-format: ")
    assert refusal(coordinator, "frontend", stranger_s).startswith("pck-chain: ")


def test_every_verdict_says_that_it_rests_on_a_software_tee(
    mesh: AttestedMesh, coordinator: CoordinatorProcess
) -> None:
    def warnings() -> int:
        return sum('"evidence of a software TEE"' in line for line in coordinator.output)

    before = warnings()
    coordinator.activate("frontend", attest=mesh.quote_of(MARBLE))
    refusal(coordinator, "other", mesh.quote_of(MARBLE))
    assert warnings() == before + 2
    assert any("a software TEE is trusted" in event for event in coordinator.events)
    assert "software TEE" in coordinator.call("GET", "/api/v2/status")["data"]["message"]
    assert coordinator.call("GET", "/api/v2/quote")["data"]["softwareTEE"] is True
    assert coordinator.call("GET", "/quote")["data"]["SoftwareTEE"] is True


EXACT: dict[str, Any] = {
    "CPUSVN": base64.b64encode(PLATFORM.components).decode(),
    "QESVN": 8,
    "PCESVN": 11,
}


def test_other_infrastructure(mesh: AttestedMesh, tmp_path: Path) -> None:
    old = replace(PLATFORM, status=TcbStatus.OUT_OF_DATE)
    tolerant = {**BY_MEASUREMENT, "AcceptedTCBStatuses": ["OutOfDate"]}
    raw = manifest(**marbles(frontend=tolerant), Infrastructures={"ours": EXACT})
    with mesh.coordinator(state=str(tmp_path)) as coordinator:
        coordinator.set_manifest(raw)
        coordinator.activate("frontend", attest=mesh.quote_of(MARBLE))
        text = refusal(coordinator, "frontend", mesh.quote_of(MARBLE, old))
    found, wanted = old.components.hex(), PLATFORM.components.hex()
    reason = f"ours: CPUSVN is {found}, not at least {wanted}"
    assert text == f"/Infrastructures: the platform is in none: {reason}"


def test_revoked_platform(tmp_path: Path) -> None:
    with attested_mesh(tmp_path) as mesh:
        kind = PLATFORM.kind(Tee.SGX)
        attacks = CollateralAttacks(mesh.tee, kind, datetime.now(UTC))
        mesh.pccs.provide = lambda _: attacks.revoked_platform(PLATFORM)
        with mesh.coordinator() as coordinator:
            coordinator.set_manifest(frontend())
            text = refusal(coordinator, "frontend", mesh.quote_of(MARBLE))
    assert text == "pck-revocation: the platform's PCK certificate is revoked"


def test_pccs_that_is_down_matters_only_until_collateral_is_at_hand(tmp_path: Path) -> None:
    with attested_mesh(tmp_path) as mesh:
        mesh.pccs.down = True
        with mesh.coordinator(state="cold") as coordinator:
            coordinator.set_manifest(frontend())
            with pytest.raises(UnreachableError, match=r"at the moment: cannot fetch.*503"):
                coordinator.activate("frontend", attest=mesh.quote_of(MARBLE), patience=1)
        mesh.pccs.down = False
        with mesh.coordinator() as coordinator:
            coordinator.set_manifest(frontend())
            coordinator.activate("frontend", attest=mesh.quote_of(MARBLE))
            mesh.pccs.down = True
            coordinator.activate("frontend", attest=mesh.quote_of(MARBLE))
        fetches = mesh.pccs.fetches
        with mesh.coordinator() as coordinator:
            coordinator.activate("frontend", attest=mesh.quote_of(MARBLE))
        assert mesh.pccs.fetches == fetches
        assert list((tmp_path / "state" / "collateral").iterdir())


def test_collateral_from_files(mesh: AttestedMesh, tmp_path: Path) -> None:
    files = write_software_collateral(mesh.tee, tmp_path, datetime.now(UTC))
    settings = {"RINGTAW_COLLATERAL": str(files)}
    fetches = mesh.pccs.fetches
    with mesh.coordinator(state=str(tmp_path / "state"), settings=settings) as coordinator:
        coordinator.set_manifest(frontend())
        coordinator.activate("frontend", attest=mesh.quote_of(MARBLE))
    assert mesh.pccs.fetches == fetches


def test_pccs_with_a_certificate_of_its_own(mesh: AttestedMesh, tmp_path: Path) -> None:
    certificate = self_signed("PCCS")
    for name, content in (("tls.pem", certificate.key_pem), ("ca.pem", certificate.pem)):
        (tmp_path / name).write_bytes(content)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "ca.pem", tmp_path / "tls.pem")
    with running_pccs(mesh.pccs.provide, tls) as pccs:
        settings = {"RINGTAW_COLLATERAL": pccs.url}
        with mesh.coordinator(state=str(tmp_path / "unknown"), settings=settings) as coordinator:
            coordinator.set_manifest(frontend())
            with pytest.raises(UnreachableError, match="CERTIFICATE_VERIFY_FAILED"):
                coordinator.activate("frontend", attest=mesh.quote_of(MARBLE), patience=1)
        settings["RINGTAW_PCCS_CA"] = str(tmp_path / "ca.pem")
        with mesh.coordinator(state=str(tmp_path / "known"), settings=settings) as coordinator:
            coordinator.set_manifest(frontend())
            coordinator.activate("frontend", attest=mesh.quote_of(MARBLE))
