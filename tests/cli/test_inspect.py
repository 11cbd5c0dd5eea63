"""``ringtaw inspect``: shows what is there, verifies nothing, and never a secret."""

from __future__ import annotations

import json
import os
import random
import re
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from jsonschema import Draft202012Validator
from ringtaw_attestation import parse_quote
from ringtaw_attestation.softtee import Enclave, TrustDomain
from ringtaw_cli.exits import ExitCode
from ringtaw_cli.inspect.x509_facts import chain_facts
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
            shown = place.run("inspect", "certificate", f"localhost:{port}").stdout
    piped = place.run("inspect", "certificate", "-", "--format", "json", stdin=chain)
    roles = [each["role"] for each in parsed("certificates", piped.stdout)["certificates"]]
    assert roles == ["Coordinator intermediate", "Coordinator root"]
    leaf, intermediate = parsed("certificates", of_file.stdout)["certificates"]
    assert (leaf["role"], leaf["marble_type"], leaf["marble_uuid"]) == ("Marble", "frontend", UUID)
    assert intermediate["role"] == "Coordinator intermediate"
    assert (leaf["signed_by"], intermediate["signed_by"]) == (1, None)
    assert parsed("certificates", asked.stdout)["certificates"] == [leaf, intermediate]
    assert re.findall("signed by .*", shown) == [
        "signed by      certificate 1",
        "signed by      none of these",
    ]


def test_which_certificate_signed_which(place: Workplace) -> None:
    chain = (TEE.root_ca.pem, parse_quote(SGX_QUOTE).signature.pck_chain.rstrip(b"\0"))
    place.write("chain.pem", b"\n".join(chain).decode())
    found = place.run("inspect", "certificate", "chain.pem", "--format", "json").stdout
    signers = [each["signed_by"] for each in parsed("certificates", found)["certificates"]]
    assert signers == [0, 2, 3, 3]
    shown = place.run("inspect", "certificate", "chain.pem").stdout
    assert shown.count("signed by      itself") == 2
    assert "certificate 3\n  role " in shown


@pytest.mark.parametrize("seconds", ["nan", "0"])
def test_no_timeout(place: Workplace, seconds: str) -> None:
    done = place.run("inspect", "certificate", "localhost:1", "--timeout", seconds)
    assert done.returncode == ExitCode.USAGE
    assert "'--timeout': " in done.stderr


def test_names_that_are_too_long(place: Workplace) -> None:
    for name, words in (("a" * 5000, "there is no file"), ("a" * 5000 + ":1", "is not an address")):
        done = place.run("inspect", "certificate", name)
        assert done.returncode == ExitCode.FAILED
        assert words in done.stderr


def test_no_certificate(place: Workplace) -> None:
    place.write("empty.pem", "nothing here")
    assert "has no certificate" in place.run("inspect", "certificate", "empty.pem").stderr
    assert "there is no file other.pem" in place.run("inspect", "certificate", "other.pem").stderr
    silent = place.run("inspect", "certificate", "localhost:1")
    assert silent.returncode == ExitCode.UNREACHABLE


ROOT = TEE.root_ca.certificate.public_bytes(Encoding.DER)


@pytest.mark.filterwarnings("ignore")  # cryptography's, which the command keeps from stderr
def test_something_can_be_told_of_damaged_certificates() -> None:
    chance, told = random.Random(7), 0  # noqa: S311 - the same bytes each time
    for position in range(len(ROOT)):
        damaged = bytearray(ROOT)
        damaged[position] = chance.choice((0, 0x05, 0x06, 0x30, 0xFF, chance.randrange(256)))
        try:
            certificate = x509.load_der_x509_certificate(bytes(damaged))
        except (ValueError, x509.InvalidVersion):
            continue
        (facts,) = chain_facts([certificate])
        told += bool(facts["subject"]) and facts["signed_by"] in (0, None)
    assert told > len(ROOT) // 4


def test_remarks_of_libraries_are_not_for_users(place: Workplace) -> None:
    """Cryptography warns of a serial number below 0."""
    serial_number = ROOT.index(b"\x02\x10") + 2
    odd = ROOT[:serial_number] + b"\x80" + ROOT[serial_number + 1 :]
    (place.folder / "odd.der").write_bytes(odd)
    done = place.run("inspect", "certificate", "odd.der")
    assert done.returncode == ExitCode.OK
    assert "Warning" not in done.stderr


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
    os.mkfifo(state / "sealed_data")
    pipe = place.run("inspect", "sealed-state", str(state))
    assert (pipe.returncode, "is no regular file" in pipe.stderr) == (ExitCode.FAILED, True)
