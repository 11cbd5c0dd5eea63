"""Verifiers are plugins: found, checked, and chosen by the evidence."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from ringtaw_attestation import (
    Collateral,
    CollateralUnavailableError,
    EvidenceError,
    PlatformKind,
    Step,
    VerificationContext,
    VerifierError,
    Verifiers,
)
from ringtaw_attestation.dcap.plugins import SGX, TDX
from ringtaw_attestation.quote.parse import add_open_enclave_header
from ringtaw_attestation.softtee import Enclave, SoftwareTee, TrustDomain

from tests.attestation.third_party_verifier import PREFIX, VERIFIER
from tests.support.evidence import NOW, REPORT_DATA, ROOTS, SGX_QUOTE, TDX_QUOTE, TEE

PROJECT = Path(__file__).parents[2]
MODULE = "tests.attestation.third_party_verifier"


class Source:
    """Gives what the software TEE says, and remembers for whom."""

    def __init__(self) -> None:
        self.asked: list[PlatformKind] = []

    def fetch(self, platform: PlatformKind) -> Collateral:
        self.asked.append(platform)
        return TEE.collateral(platform, NOW)


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def context(source: Source) -> VerificationContext:
    return VerificationContext(ROOTS, source, lambda: NOW)


def test_built_in_verifiers_are_installed() -> None:
    assert Verifiers.installed().names == ("sgx-dcap", "tdx-dcap")


def test_evidence_chooses_its_verifier(context: VerificationContext) -> None:
    verifiers = Verifiers([SGX, TDX, VERIFIER])
    tdx_5 = TEE.tdx_quote(TrustDomain(), REPORT_DATA, version=5)
    for evidence, name in (
        (SGX_QUOTE, "sgx-dcap"),
        (add_open_enclave_header(SGX_QUOTE), "sgx-dcap"),
        (TDX_QUOTE, "tdx-dcap"),
        (tdx_5, "tdx-dcap"),
        (PREFIX + b"hello", "third-party"),
    ):
        assert verifiers.verify(evidence, context).format == name


def test_collateral_is_asked_for_by_kind(context: VerificationContext, source: Source) -> None:
    Verifiers([SGX]).verify(SGX_QUOTE, context)
    assert [str(platform) for platform in source.asked] == ["sgx-platform-534F46540001"]


def test_collateral_may_be_issued_while_it_is_fetched() -> None:
    time = NOW

    class Slow:
        def fetch(self, platform: PlatformKind) -> Collateral:
            nonlocal time
            time += timedelta(seconds=5)
            return TEE.collateral(platform, time)

    context = VerificationContext(ROOTS, Slow(), lambda: time)
    assert Verifiers([SGX]).verify(SGX_QUOTE, context).valid_from == time


def test_strangers_cannot_make_us_ask(context: VerificationContext, source: Source) -> None:
    quote = SoftwareTee(bytes(32)).sgx_quote(Enclave(), REPORT_DATA)
    with pytest.raises(EvidenceError) as caught:
        Verifiers([SGX]).verify(quote, context)
    assert caught.value.step == Step.PCK_CHAIN
    assert source.asked == []


def test_missing_collateral_is_not_the_evidences_fault() -> None:
    class Empty:
        def fetch(self, platform: PlatformKind) -> Collateral:
            raise CollateralUnavailableError(f"none for {platform}")

    with pytest.raises(CollateralUnavailableError):
        Verifiers([SGX]).verify(SGX_QUOTE, VerificationContext(ROOTS, Empty(), lambda: NOW))


@pytest.mark.parametrize("evidence", [b"", b"\x03\x00", b"hello", bytes(100), b"\xff" * 5000])
def test_unknown_evidence_lists_what_is_installed(
    evidence: bytes, context: VerificationContext
) -> None:
    with pytest.raises(EvidenceError, match="sgx-dcap, tdx-dcap") as caught:
        Verifiers([SGX, TDX]).verify(evidence, context)
    assert caught.value.step == Step.QUOTE_FORMAT


def test_steps_of_third_parties_get_through(context: VerificationContext) -> None:
    with pytest.raises(EvidenceError) as caught:
        Verifiers([VERIFIER]).verify(PREFIX, context)
    assert caught.value.step == "third-party-step"


def test_two_that_recognise_the_same_are_an_error(context: VerificationContext) -> None:
    verifiers = Verifiers([VERIFIER, replace(VERIFIER, name="copy")])
    with pytest.raises(VerifierError, match="third-party and copy"):
        verifiers.verify(PREFIX + b"hello", context)


def test_defects_refuse_the_evidence(context: VerificationContext) -> None:
    with pytest.raises(VerifierError, match=r"verifier\(third-party\): verify failed: KeyError"):
        Verifiers([VERIFIER]).verify(PREFIX + b"crash", context)
    silent = replace(VERIFIER, hooks=f"{MODULE}:Silent")
    with pytest.raises(VerifierError, match="no report"):
        Verifiers([silent]).verify(PREFIX + b"hello", context)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"api_version": 0}, "upgrade the verifier"),
        ({"api_version": 99}, "upgrade ringtaw-attestation"),
        ({"hooks": "no.such.module:Hooks"}, "no.such.module"),
        ({"hooks": f"{MODULE}:Nothing"}, "Nothing"),
        ({"hooks": f"{MODULE}:Incomplete"}, "lacks verify"),
        ({"hooks": f"{MODULE}:Misspelt"}, "recognizes"),
    ],
)
def test_verifiers_are_checked_when_loaded(change: dict[str, object], words: str) -> None:
    broken = replace(VERIFIER, **change)  # type: ignore[arg-type]  # fields by name
    with pytest.raises(VerifierError, match=r"verifier\(third-party\)") as caught:
        Verifiers([broken])
    assert words in str(caught.value)


def in_new_process(site: Path, code: str) -> str:
    """Run code where one more distribution is on the path."""
    script = f"import sys; sys.path.append({str(site)!r})\n{code}"
    command = [sys.executable, "-c", script]
    result = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT)
    return result.stdout + result.stderr


def distribution(directory: Path, entry_point: str) -> Path:
    """Write the metadata of a distribution that declares a verifier."""
    metadata = directory / "third_party-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: third-party\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[ringtaw.verifiers]\n{entry_point}\n")
    return directory


INSTALLED = "from ringtaw_attestation import Verifiers; print(Verifiers.installed().names)"


def test_installed_distribution_is_found(tmp_path: Path) -> None:
    site = distribution(tmp_path, f"third-party = {MODULE}:VERIFIER")
    assert "('sgx-dcap', 'tdx-dcap', 'third-party')" in in_new_process(site, INSTALLED)


@pytest.mark.parametrize(
    ("entry_point", "words"),
    [
        (f"other-name = {MODULE}:VERIFIER", "calls itself 'third-party'"),
        (f"third-party = {MODULE}:PREFIX", "is not a Verifier"),
        ("third-party = no.such.module:VERIFIER", "cannot be imported"),
        (f"sgx-dcap = {MODULE}:VERIFIER", "uninstall one"),
    ],
)
def test_bad_distributions_are_named(tmp_path: Path, entry_point: str, words: str) -> None:
    output = in_new_process(distribution(tmp_path, entry_point), INSTALLED)
    assert "VerifierError" in output
    assert words in output
