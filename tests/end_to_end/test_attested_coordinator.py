"""A real Coordinator without simulation: what it shows and signs, and where it starts."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from ringtaw_attestation import BindingError, Tee, check_coordinator_binding, verify_quote

from tests.support.attested_mesh import (
    COORDINATOR,
    MARBLE,
    PLATFORM,
    AttestedMesh,
    attested_mesh,
    frontend,
)
from tests.support.coordinator_process import COMMAND, CoordinatorProcess, environment

NONCE = bytes(range(250, 256)) * 3


@pytest.fixture
def mesh(tmp_path: Path) -> Iterator[AttestedMesh]:
    with attested_mesh(tmp_path) as mesh:
        yield mesh


def state_of(coordinator: CoordinatorProcess) -> int:
    code = coordinator.call("GET", "/api/v2/status")["data"]["code"]
    assert isinstance(code, int)
    return code


def check_quote(mesh: AttestedMesh, cert: str, encoded: str, nonce: bytes) -> x509.Certificate:
    """Verify an answer of the client API as somebody far away does; return the root."""
    quote = base64.b64decode(encoded)
    assert quote[:8] == bytes([1, 0, 0, 0, 2, 0, 0, 0]), "the Open Enclave header"
    assert int.from_bytes(quote[8:16], "little") == len(quote) - 16
    intermediate, root = x509.load_pem_x509_certificates(cert.encode())
    intermediate.verify_directly_issued_by(root)
    now = datetime.now(UTC)
    collateral = mesh.tee.collateral(PLATFORM.kind(Tee.SGX), now)
    report = verify_quote(quote, collateral, now, (mesh.tee.root,))
    der = root.public_bytes(Encoding.DER)
    check_coordinator_binding(report.report_data, der, nonce)
    with pytest.raises(BindingError):
        check_coordinator_binding(report.report_data, der, nonce + b"x")
    assert report.identity is not None
    assert report.identity.unique_id == COORDINATOR.unique_id
    return root


def check_all_quotes(mesh: AttestedMesh, coordinator: CoordinatorProcess) -> x509.Certificate:
    """Check the answers with and without nonce, in both versions; return the root."""
    nonce = base64.urlsafe_b64encode(NONCE).decode()
    roots = set()
    for path, sent in (("quote", b""), (f"quote?nonce={nonce}", NONCE)):
        data = coordinator.call("GET", f"/api/v2/{path}")["data"]
        roots.add(check_quote(mesh, data["cert"], data["quote"], sent))
    data = coordinator.call("GET", "/quote")["data"]
    roots.add(check_quote(mesh, data["Cert"], data["Quote"], b""))
    (root,) = roots
    return root


def test_anybody_can_verify_it_in_every_state(mesh: AttestedMesh, tmp_path: Path) -> None:
    with mesh.coordinator() as coordinator:
        assert state_of(coordinator) == 2
        root = check_all_quotes(mesh, coordinator)
        coordinator.set_manifest(frontend())
        assert state_of(coordinator) == 3
        assert check_all_quotes(mesh, coordinator) == root
    (tmp_path / "state" / "sealed_key").unlink()
    with mesh.coordinator() as coordinator:
        assert state_of(coordinator) == 1
        assert check_all_quotes(mesh, coordinator) != root
        message = coordinator.call("GET", "/api/v2/status")["data"]["message"]
        assert "software TEE" in message


def test_quotes_are_signed_where_the_manifest_says_so(mesh: AttestedMesh) -> None:
    with mesh.coordinator() as coordinator:
        own = coordinator.call("GET", "/api/v2/quote")["data"]
        body = {"sgxQuote": own["quote"]}
        assert coordinator.call("POST", "/api/v2/sign-quote", body)["status"] == "error"
        coordinator.set_manifest(frontend(Config={"FeatureGates": ["SignQuoteEndpoint"]}))
        signed = coordinator.call("POST", "/api/v2/sign-quote", body)["data"]
        changed = bytearray(base64.b64decode(own["quote"]))
        changed[453] ^= 1
        bad = {"sgxQuote": base64.b64encode(changed).decode()}
        refused = coordinator.call("POST", "/api/v2/sign-quote", bad)
    root = x509.load_pem_x509_certificates(own["cert"].encode())[-1]
    key = root.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert (signed["tcbStatus"], signed["softwareTEE"]) == ("UpToDate", True)
    key.verify(
        base64.b64decode(signed["verificationSignature"]),
        (own["quote"] + "UpToDate").encode(),
        ec.ECDSA(hashes.SHA256()),
    )
    assert refused["status"] == "fail"
    assert refused["data"]["sgxQuote"].startswith("quote-signature: ")


def test_state_is_sealed_to_the_very_build_if_the_manifest_says_so(mesh: AttestedMesh) -> None:
    mesh.register("another", replace(COORDINATOR, unique_id=b"\xee" * 32))
    with mesh.coordinator() as coordinator:
        coordinator.set_manifest(frontend(Config={"SealMode": "UniqueKey"}))
        root = coordinator.call("GET", "/api/v2/quote")["data"]["cert"]
    with mesh.coordinator("another") as coordinator:
        assert state_of(coordinator) == 1
        assert coordinator.call("GET", "/api/v2/quote")["data"]["cert"] != root
    with mesh.coordinator() as coordinator:
        assert state_of(coordinator) == 3
        assert coordinator.call("GET", "/api/v2/quote")["data"]["cert"] == root
        coordinator.activate("frontend", attest=mesh.quote_of(MARBLE))


@pytest.mark.parametrize(
    ("settings", "code", "words"),
    [
        ({"RINGTAW_ADAPTER": "simulation"}, 1, "adapter(simulation): the quote is empty"),
        ({"RINGTAW_TRUSTED_ROOTS": "/missing.pem"}, 2, "RINGTAW_TRUSTED_ROOTS: cannot read"),
    ],
)
def test_it_starts_only_where_it_can_attest(
    mesh: AttestedMesh, settings: Mapping[str, str], code: int, words: str, tmp_path: Path
) -> None:
    environ = environment(tmp_path / "state", {**mesh.settings("coordinator"), **settings})
    ran = subprocess.run(COMMAND, env=environ, capture_output=True, text=True, timeout=30)
    assert ran.returncode == code
    assert words in json.loads(ran.stderr.splitlines()[-1])["reason"]
    assert "Traceback" not in ran.stderr


def test_it_says_what_its_own_evidence_is_worth(mesh: AttestedMesh) -> None:
    with mesh.coordinator() as coordinator:
        coordinator.wait_for("evidence of a software TEE")
    untrusting = {"RINGTAW_TRUSTED_ROOTS": ""}
    with mesh.coordinator(settings=untrusting) as coordinator:
        coordinator.wait_for("the Coordinator's own evidence does not verify here")
        assert not any("is trusted" in event for event in coordinator.events)
        assert "software TEE" in coordinator.call("GET", "/api/v2/status")["data"]["message"]


def test_it_ends_at_once_while_a_pccs_hangs(mesh: AttestedMesh) -> None:
    mesh.pccs.gate.clear()
    with mesh.coordinator() as coordinator:
        assert coordinator.end() < 1
        assert coordinator.process.returncode == 0
