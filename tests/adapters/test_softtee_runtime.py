"""The software TEE's adapter: its settings, its enclaves, its keys, its command."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from ringtaw_attestation import parse_quote
from ringtaw_attestation.quote.sgx import EnclaveReport
from ringtaw_attestation.quote.tdx import TdReport
from ringtaw_attestation.softtee import Enclave, SealingBinding, TrustDomain, open_software_tee
from ringtaw_premain.errors import (
    EvidenceUnavailableError,
    NoSealingKeyError,
    PlatformError,
    SettingsError,
)
from ringtaw_premain.hookspecs import KeyBinding, LaunchRequest, LaunchSpec
from ringtaw_softtee.__main__ import main
from ringtaw_softtee.identity import packages, properties, read_identity, write_identity
from ringtaw_softtee.runtime import SoftteeRuntime

from tests.support.coordinator_process import COMMAND, environment

REPORT_DATA = bytes(range(1, 33)) + bytes(32)
ENCLAVE = Enclave(product_id=7, security_version=3, debug=True)
DOMAIN = TrustDomain(rtmrs=(b"\0" * 48, b"\1" * 48, b"\2" * 48, b"\3" * 48))


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    open_software_tee(tmp_path)
    write_identity(tmp_path, "hello", ENCLAVE)
    write_identity(tmp_path, "guest", DOMAIN)
    return tmp_path


def runtime(directory: Path, enclave: str = "hello") -> SoftteeRuntime:
    return SoftteeRuntime(
        environ={"RINGTAW_SOFTTEE_DIR": str(directory), "RINGTAW_SOFTTEE_ENCLAVE": enclave}
    )


def test_is_never_detected(directory: Path) -> None:
    assert runtime(directory).detect() is False


def test_quote_of_an_enclave(directory: Path) -> None:
    body = parse_quote(runtime(directory).issue_evidence(REPORT_DATA)).body
    assert isinstance(body, EnclaveReport)
    assert body.report_data == REPORT_DATA
    assert (body.mr_enclave, body.mr_signer) == (ENCLAVE.unique_id, ENCLAVE.signer_id)
    assert (body.isv_product_id, body.isv_svn, body.debug) == (7, 3, True)


def test_quote_of_a_trust_domain(directory: Path) -> None:
    body = parse_quote(runtime(directory, "guest").issue_evidence(REPORT_DATA)).body
    assert isinstance(body, TdReport)
    assert body.report_data == REPORT_DATA
    assert (body.mr_td, body.rtmrs, body.debug) == (DOMAIN.mr_td, DOMAIN.rtmrs, False)


@pytest.mark.parametrize("size", [0, 63, 65])
def test_report_data_of_another_size(size: int, directory: Path) -> None:
    with pytest.raises(EvidenceUnavailableError, match=f"64 bytes of report data, not {size}"):
        runtime(directory).issue_evidence(bytes(size))


def test_sealing_keys(directory: Path) -> None:
    tee = open_software_tee(directory)
    for binding in KeyBinding:
        key = runtime(directory).sealing_key(binding)
        assert key == tee.sealing_key(ENCLAVE, SealingBinding(binding.value))
        assert len(key) == 16


def test_a_trust_domain_has_no_sealing_key(directory: Path) -> None:
    with pytest.raises(NoSealingKeyError, match="TDX gives a trust domain no sealing key"):
        runtime(directory, "guest").sealing_key(KeyBinding.PRODUCT)


@pytest.mark.parametrize("missing", ["RINGTAW_SOFTTEE_DIR", "RINGTAW_SOFTTEE_ENCLAVE"])
def test_a_setting_is_missing(missing: str, directory: Path) -> None:
    settings = {"RINGTAW_SOFTTEE_DIR": str(directory), "RINGTAW_SOFTTEE_ENCLAVE": "hello"}
    with pytest.raises(SettingsError, match=f"{missing}: not set"):
        SoftteeRuntime(environ={**settings, missing: ""}).issue_evidence(REPORT_DATA)


def test_no_software_tee_is_made_by_accident(directory: Path) -> None:
    (directory / "seed").unlink()
    with pytest.raises(
        EvidenceUnavailableError, match=r"no software TEE in .*ringtaw_softtee init"
    ):
        runtime(directory).issue_evidence(REPORT_DATA)
    assert not (directory / "seed").exists()


def test_a_seed_that_is_none(directory: Path) -> None:
    (directory / "seed").write_bytes(b"short")
    with pytest.raises(EvidenceUnavailableError, match="is not the seed of a software TEE"):
        runtime(directory).issue_evidence(REPORT_DATA)


def test_an_enclave_that_is_not_registered(directory: Path) -> None:
    with pytest.raises(PlatformError, match=r"other.json, an enclave of .*register it"):
        runtime(directory, "other").issue_evidence(REPORT_DATA)


@pytest.mark.parametrize("name", ["../hello", ".hello", "a/b", "a b", "a\0b"])
def test_a_name_that_is_no_enclaves(name: str, directory: Path) -> None:
    with pytest.raises(PlatformError, match="cannot be the name of an enclave"):
        runtime(directory, name).issue_evidence(REPORT_DATA)


GOOD_ENCLAVE = properties(ENCLAVE)
GOOD_DOMAIN = properties(DOMAIN)


def with_register(value: object) -> dict[str, object]:
    registers = GOOD_DOMAIN["TDX"]
    assert isinstance(registers, dict)
    return {"TDX": {**registers, "RTMR2": value}}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "Expecting value"),
        (b"\xff", "decode"),
        (b"[]", "not a JSON object"),
        (b"[" * 4000, "(recursion|Expecting value)"),
        (b" " * 5000, "longer than 4096 bytes"),
        ({**GOOD_ENCLAVE, "Debug": 1}, "Debug is neither true nor false"),
        ({**GOOD_ENCLAVE, "UniqueID": "ab"}, "UniqueID is not 64 hexadecimal digits"),
        ({**GOOD_ENCLAVE, "SignerID": "g" * 64}, "SignerID is not 64 hexadecimal digits"),
        ({**GOOD_ENCLAVE, "ProductID": True}, "ProductID is not a number"),
        ({**GOOD_ENCLAVE, "SecurityVersion": 65536}, "from 0 to 65535"),
        ({**GOOD_ENCLAVE, "Extra": 1}, "unknown Extra"),
        ({**GOOD_ENCLAVE, **GOOD_DOMAIN}, "unknown ProductID, SecurityVersion, SignerID, UniqueID"),
        ({"TDX": []}, "TDX is not a JSON object"),
        (with_register("00" * 32), "RTMR2 is not 96 hexadecimal digits"),
        (with_register(None), "RTMR2 is not 96 hexadecimal digits"),
    ],
)
def test_a_file_that_is_no_enclave(content: object, reason: str, directory: Path) -> None:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    (directory / "enclaves/hello.json").write_bytes(raw)
    with pytest.raises(
        PlatformError, match=f"hello.json is no enclave of a software TEE.*{reason}"
    ):
        runtime(directory).issue_evidence(REPORT_DATA)


def test_launches_as_on_linux(directory: Path) -> None:
    request = LaunchRequest(("named", "-v"), {"A": "1"}, ("python3",), ("/bin/sh",))
    spec = runtime(directory).launch_spec(request)
    assert spec == LaunchSpec("/bin/sh", ("named", "-v"), {"A": "1"})


def test_the_command_makes_a_tee(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = tmp_path / "tee"
    assert main(["init", str(directory)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert Path(told["root"]).read_bytes() == open_software_tee(directory).root_ca.pem
    assert len(list(Path(told["collateral"]).iterdir())) == 4
    seed = (directory / "seed").read_bytes()
    assert stat.S_IMODE(os.stat(directory / "seed").st_mode) == 0o600
    assert main(["init", str(directory)]) == 0
    assert (directory / "seed").read_bytes() == seed


def test_the_command_registers_enclaves(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--signer", "acme", "--product-id", "3", "--security-version", "4", "--debug"]
    assert main(["enclave", str(directory), "shop", *options]) == 0
    told = json.loads(capsys.readouterr().out)
    identity = read_identity(directory, "shop")
    assert isinstance(identity, Enclave)
    assert packages(identity) == told
    assert told["measurement"] == {"Debug": True, "UniqueID": identity.unique_id.hex()}
    assert told["product"] == {
        "Debug": True,
        "SignerID": identity.signer_id.hex(),
        "ProductID": 3,
        "SecurityVersion": 4,
    }
    assert main(["enclave", str(directory), "shop"]) == 0
    other = json.loads(capsys.readouterr().out)
    assert other["measurement"] == {**told["measurement"], "Debug": False}
    assert other["product"]["SignerID"] != told["product"]["SignerID"]


def test_the_command_registers_trust_domains(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["enclave", str(directory), "shop", "--tdx"]) == 0
    told = json.loads(capsys.readouterr().out)
    identity = read_identity(directory, "shop")
    assert isinstance(identity, TrustDomain)
    assert told == {"measurement": properties(identity)}
    assert len(set(told["measurement"]["TDX"].values())) == 5


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["enclave", "{}/absent", "shop"], "there is no software TEE in"),
        (["enclave", "{}", "a/b"], "cannot be the name of an enclave"),
        (["init", "{}/enclaves/hello.json"], "cannot keep a software TEE in"),
    ],
)
def test_the_command_fails(arguments: list[str], told: str, directory: Path) -> None:
    command = [argument.format(directory) for argument in arguments]
    ran = subprocess.run(
        [sys.executable, "-m", "ringtaw_softtee", *command], capture_output=True, text=True
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    assert told in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


@pytest.mark.parametrize("number", ["65536", "-1", "x"])
def test_a_number_out_of_bounds(
    number: str, directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["enclave", str(directory), "shop", f"--product-id={number}"])
    assert "--product-id" in capsys.readouterr().err


def test_a_coordinator_warns_of_it(directory: Path, tmp_path: Path) -> None:
    settings = {
        "RINGTAW_ADAPTER": "softtee",
        "RINGTAW_SOFTTEE_DIR": str(directory),
        "RINGTAW_SOFTTEE_ENCLAVE": "hello",
    }
    environ = environment(tmp_path / "state", settings)
    with subprocess.Popen(COMMAND, env=environ, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        warnings = (line for line in process.stderr if "the evidence is a software TEE's" in line)
        assert '"warning"' in next(warnings, "")
        process.terminate()
        process.communicate(timeout=30)
