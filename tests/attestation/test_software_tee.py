"""The software TEE: one seed, one TEE; shared by processes; honest about what it is."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from ringtaw_attestation import (
    CollateralFiles,
    ConfigurationError,
    PckCa,
    Tee,
    TrustedRoot,
    add_open_enclave_header,
    claims_software_tee,
    verify_quote,
)
from ringtaw_attestation.certificates.chain import load_chain
from ringtaw_attestation.certificates.pck import parse_pck_extension
from ringtaw_attestation.errors import Step
from ringtaw_attestation.softtee import (
    FMSPC,
    Enclave,
    SealingBinding,
    SoftwarePlatform,
    SoftwareTee,
    TrustDomain,
    open_software_tee,
    write_software_collateral,
)

from tests.support.evidence import (
    NOW,
    PLATFORM,
    REPORT_DATA,
    SGX_KIND,
    SGX_QUOTE,
    TDX_QUOTE,
    TEE,
)


def test_seed_determines_everything() -> None:
    twin, stranger = SoftwareTee(TEE.seed), SoftwareTee()
    assert twin.root == TEE.root
    assert twin.collateral(SGX_KIND, NOW) == TEE.collateral(SGX_KIND, NOW)
    assert twin.sgx_quote(Enclave(), REPORT_DATA) == TEE.sgx_quote(Enclave(), REPORT_DATA)
    assert stranger.root != TEE.root
    assert SoftwareTee().seed != SoftwareTee().seed


def test_all_certificates_say_what_they_are() -> None:
    chains = TEE.quoting_enclave(PLATFORM, Tee.SGX).pck_chain, TEE.tcb_signer.pem
    for chain in chains:
        for certificate in load_chain(chain, Step.PCK_CHAIN, "chain"):
            assert "software TEE" in certificate.subject.rfc4514_string()


@pytest.mark.parametrize("quote", [SGX_QUOTE, TDX_QUOTE, add_open_enclave_header(SGX_QUOTE)])
def test_quotes_say_whose_they_are(quote: bytes) -> None:
    assert claims_software_tee(quote)


@pytest.mark.parametrize("other", [b"", SGX_QUOTE[:1000], b"software TEE"])
def test_what_is_no_quote_claims_nothing(other: bytes) -> None:
    assert not claims_software_tee(other)


def test_names_are_not_intels() -> None:
    root = TEE.root.certificate
    assert "Intel" not in root.subject.rfc4514_string()


@pytest.mark.parametrize("ca", PckCa)
def test_extension_says_what_the_platform_is(ca: PckCa) -> None:
    platform = SoftwarePlatform(ca=ca)
    extension = parse_pck_extension(TEE.pck(platform).certificate)
    assert (extension.fmspc, extension.components) == (FMSPC, platform.components)
    assert extension.cpu_svn == platform.components
    assert (extension.platform_instance_id is None) == (ca is PckCa.PROCESSOR)
    assert extension.smt_enabled == (None if ca is PckCa.PROCESSOR else False)


def test_platforms_have_keys_of_their_own() -> None:
    one, other = TEE.pck(SoftwarePlatform("one")), TEE.pck(SoftwarePlatform("other"))
    assert one.certificate.serial_number != other.certificate.serial_number
    assert one.key.private_numbers() != other.key.private_numbers()


def test_report_data_must_have_64_bytes() -> None:
    with pytest.raises(ValueError, match="64"):
        TEE.sgx_quote(Enclave(), b"short")
    with pytest.raises(ValueError, match="64"):
        TEE.tdx_quote(TrustDomain(), bytes(65))


def test_seed_must_have_32_bytes() -> None:
    with pytest.raises(ValueError, match="32"):
        SoftwareTee(b"short")


def test_product_keys_survive_an_update() -> None:
    enclave = Enclave()
    update = replace(enclave, unique_id=b"\x01" * 32, security_version=9)
    product, measurement = SealingBinding.PRODUCT, SealingBinding.MEASUREMENT
    assert TEE.sealing_key(update, product) == TEE.sealing_key(enclave, product)
    assert TEE.sealing_key(update, measurement) != TEE.sealing_key(enclave, measurement)


def test_sealing_keys_differ_where_they_must() -> None:
    enclave = Enclave()
    others = [
        replace(enclave, signer_id=b"\x01" * 32),
        replace(enclave, product_id=9),
        replace(enclave, debug=True),
    ]
    keys = {TEE.sealing_key(one, SealingBinding.PRODUCT) for one in [enclave, *others]}
    keys |= {TEE.sealing_key(enclave, SealingBinding.MEASUREMENT)}
    keys |= {SoftwareTee().sealing_key(enclave, SealingBinding.PRODUCT)}
    assert len(keys) == 6
    assert {len(key) for key in keys} == {16}


def test_directory_is_shared(tmp_path: Path) -> None:
    directory = tmp_path / "tee"
    tee = open_software_tee(directory)
    assert open_software_tee(directory).root == tee.root
    assert TrustedRoot.from_bytes((directory / "root.pem").read_bytes()) == tee.root
    assert (directory / "seed").stat().st_mode & 0o777 == 0o600
    assert directory.stat().st_mode & 0o777 == 0o700


def test_processes_that_start_together_share_one(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from ringtaw_attestation.softtee import *;"
        "print(open_software_tee(Path(sys.argv[1])).root.fingerprint)"
    )

    def run(_: int) -> str:
        command = [sys.executable, "-c", code, str(tmp_path / "tee")]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(run, range(4)))) == 1
    assert sorted(path.name for path in (tmp_path / "tee").iterdir()) == ["root.pem", "seed"]


def test_directory_serves_a_verifier_without_network(tmp_path: Path) -> None:
    tee = open_software_tee(tmp_path)
    source = CollateralFiles(write_software_collateral(tee, tmp_path, NOW))
    root = TrustedRoot.from_bytes((tmp_path / "root.pem").read_bytes())
    for ca in PckCa:
        platform = SoftwarePlatform(ca=ca)
        for quote, kind in (
            (tee.sgx_quote(Enclave(), REPORT_DATA, platform), Tee.SGX),
            (tee.tdx_quote(TrustDomain(), REPORT_DATA, platform), Tee.TDX),
        ):
            collateral = source.fetch(platform.kind(kind))
            assert verify_quote(quote, collateral, NOW, (root,)).is_software_tee


def test_damaged_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "seed").write_bytes(b"short")
    with pytest.raises(ConfigurationError, match="seed"):
        open_software_tee(tmp_path)
    with pytest.raises(ConfigurationError, match="cannot keep"):
        open_software_tee(tmp_path / "seed" / "below")


def test_verification_does_not_need_it() -> None:
    code = (
        "import sys, ringtaw_attestation; ringtaw_attestation.Verifiers.installed();"
        "sys.exit(any('softtee' in name for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
