"""``ringtaw inspect``: shows what is there, verifies nothing, and never a secret."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ringtaw_attestation.softtee import Enclave, TrustDomain
from ringtaw_cli.exits import ExitCode
from ringtaw_schemas import cli_schema

from tests.cli.installed import Workplace
from tests.client.fake_marble import CHAIN, KEY, marble
from tests.support.coordinator_process import coordinator_process
from tests.support.deployments import RecoveryKey, manifest
from tests.support.evidence import SGX_QUOTE, TEE

UUID = "11111111-2222-3333-4444-555555555555"


def parsed(schema: str, text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    Draft202012Validator(cli_schema(schema)).validate(document)
    return document


@pytest.mark.parametrize("open_enclave", [False, True])
def test_sgx_quote(place: Workplace, open_enclave: bool) -> None:
    enclave = Enclave(unique_id=b"\xab" * 32, product_id=7, security_version=3, debug=True)
    quote = TEE.sgx_quote(enclave, b"\x01" * 64, open_enclave_header=open_enclave)
    (place.folder / "quote.bin").write_bytes(quote)
    done = place.run("inspect", "quote", "quote.bin", "--format", "json")
    found = parsed("quote", done.stdout)
    assert found["open_enclave_header"] is open_enclave
    assert found["claims_software_tee"] is True
    assert found["debug"] is True
    assert found["header"]["version"] == 3
    assert found["body"]["mr_enclave"] == "ab" * 32
    assert (found["body"]["isv_product_id"], found["body"]["isv_svn"]) == (7, 3)
    assert found["pck"]["fmspc"] == b"SOFT\x00\x01".hex()
    assert found["pck"]["pce_svn"] == 11
    assert len(found["certificates"]) == 3
    assert "nothing of this is verified" in done.stderr


@pytest.mark.parametrize("version", [4, 5])
def test_tdx_quote(place: Workplace, version: int) -> None:
    quote = TEE.tdx_quote(TrustDomain(mr_td=b"\xcd" * 48), bytes(64), version=version)
    (place.folder / "quote.bin").write_bytes(quote)
    found = parsed("quote", place.run("inspect", "quote", "quote.bin", "--format=json").stdout)
    assert (found["header"]["tee"], found["header"]["version"]) == ("tdx", version)
    assert found["body"]["mr_td"] == "cd" * 48
    assert len(found["body"]["rtmrs"]) == 4
    assert (found["body"]["mr_service_td"] is None) is (version == 4)


def test_quote_as_text(place: Workplace) -> None:
    (place.folder / "quote.bin").write_bytes(SGX_QUOTE)
    shown = place.run("inspect", "quote", "quote.bin").stdout
    assert f"  mr enclave               {Enclave().unique_id.hex()}\n" in shown
    assert "claims software tee  yes\n" in shown


@pytest.mark.parametrize("content", [b"", b"no quote", SGX_QUOTE[:700]])
def test_no_quote(place: Workplace, content: bytes) -> None:
    (place.folder / "quote.bin").write_bytes(content)
    done = place.run("inspect", "quote", "quote.bin")
    assert (done.returncode, done.stdout) == (ExitCode.FAILED, "")
    assert "quote.bin is not a quote that can be read" in done.stderr


def test_certificates_of_a_deployment(place: Workplace, tmp_path: Path) -> None:
    with coordinator_process(tmp_path / "state") as coordinator:
        coordinator.set_manifest(manifest())
        chain = coordinator.call("GET", "/api/v2/quote")["data"]["cert"]
        given = coordinator.activate("frontend", UUID).environment
        (place.folder / "marble.pem").write_bytes(given[CHAIN])
        of_file = place.run("inspect", "certificate", "marble.pem", "--format", "json")
        with marble(given[CHAIN], given[KEY], tmp_path) as port:
            asked = place.run("inspect", "certificate", f"localhost:{port}", "--format", "json")
    piped = place.run("inspect", "certificate", "-", "--format", "json", stdin=chain)
    roles = [each["role"] for each in parsed("certificates", piped.stdout)["certificates"]]
    assert roles == ["Coordinator intermediate", "Coordinator root"]
    leaf, *_ = parsed("certificates", of_file.stdout)["certificates"]
    assert (leaf["role"], leaf["marble_type"], leaf["marble_uuid"]) == ("Marble", "frontend", UUID)
    assert parsed("certificates", asked.stdout)["certificates"] == [leaf]


def test_no_certificate(place: Workplace) -> None:
    place.write("empty.pem", "nothing here")
    assert "has no certificate" in place.run("inspect", "certificate", "empty.pem").stderr
    assert "there is no file other.pem" in place.run("inspect", "certificate", "other.pem").stderr
    silent = place.run("inspect", "certificate", "localhost:1")
    assert silent.returncode == ExitCode.UNREACHABLE


def test_sealed_state(place: Workplace, tmp_path: Path) -> None:
    state = tmp_path / "state"
    keys = {name: RecoveryKey().public_pem for name in ("alice", "bob", "carol")}
    raw = manifest(marble={"MaxActivations": 9}, RecoveryKeys=keys, Config={"RecoveryThreshold": 2})
    with coordinator_process(state) as coordinator:
        coordinator.set_manifest(raw)
        coordinator.activate("frontend")
        running = place.run("inspect", "sealed-state", str(state), "--format", "json")
    found = parsed("sealed-state", running.stdout)
    assert found["recovery"] == {"scheme": "shamir", "threshold": 2, "keys": 3}
    assert found["sealed_key"]["protection"] == "none"
    assert found["sealed_data"]["changes"] == found["sealed_key"]["witnessed_changes"] == 1
    assert found["pair"]["matches"] is True
    secret = json.loads((state / "sealed_key").read_bytes().partition(b"\n+")[0])["key"]
    text = place.run("inspect", "sealed-state", str(state)).stdout
    for shown in (running.stdout, text):
        assert secret not in shown
        assert b64decode(secret).hex() not in shown


def test_files_of_two_versions(place: Workplace, tmp_path: Path) -> None:
    state = tmp_path / "state"
    with coordinator_process(state) as coordinator:
        older = (state / "sealed_key").read_bytes() if (state / "sealed_key").exists() else b""
        coordinator.set_manifest(manifest())
        coordinator.end()
    (state / "sealed_key").write_bytes(older)
    found = parsed(
        "sealed-state", place.run("inspect", "sealed-state", str(state), "--format=json").stdout
    )
    assert found["pair"]["matches"] is False
    (state / "sealed_data").write_bytes(b"ringtaw sealed data 2\ngarbage")
    found = parsed(
        "sealed-state", place.run("inspect", "sealed-state", str(state), "--format=json").stdout
    )
    assert found["sealed_data"]["damage"]
    (state / "sealed_data").unlink()
    gone = place.run("inspect", "sealed-state", str(state))
    assert (gone.returncode, "has no sealed_data" in gone.stderr) == (ExitCode.FAILED, True)
