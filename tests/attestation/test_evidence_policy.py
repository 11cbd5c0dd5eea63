"""Policy: which genuine evidence a manifest accepts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from ringtaw_attestation import (
    INTEL_SGX_ROOT_CA,
    EnclaveIdentity,
    InfrastructurePolicy,
    PackagePolicy,
    PolicyError,
    Report,
    TcbAssessment,
    TcbStatus,
    check_identity,
    check_infrastructures,
    check_package,
)
from ringtaw_attestation.softtee import Enclave, SoftwarePlatform

from tests.support.evidence import (
    NOW,
    PLATFORM,
    REPORT_DATA,
    ROOTS,
    SGX_COLLATERAL,
    SGX_QUOTE,
    TEE,
    verify,
)

ENCLAVE = Enclave(b"\xaa" * 32, b"\xbb" * 32, product_id=7, security_version=5)
IDENTITY = EnclaveIdentity(b"\xaa" * 32, b"\xbb" * 32, 7, 5)
BY_SIGNER = PackagePolicy(signer_id="bb" * 32, product_id=7, security_version=5)
REPORT = verify(TEE.sgx_quote(ENCLAVE, REPORT_DATA), SGX_COLLATERAL)


def with_status(status: TcbStatus, *advisories: str) -> Report:
    return replace(REPORT, tcb=TcbAssessment(status, advisories))


def refusal(report: Report, package: PackagePolicy) -> str:
    with pytest.raises(PolicyError) as caught:
        check_package(report, package)
    return caught.value.field


@pytest.mark.parametrize(
    "package",
    [
        BY_SIGNER,
        PackagePolicy(unique_id="aa" * 32),
        PackagePolicy(unique_id="AA" * 32),
        replace(BY_SIGNER, unique_id="aa" * 32),
        replace(BY_SIGNER, signer_id="BB" * 32),
        replace(BY_SIGNER, security_version=0),
        replace(BY_SIGNER, product_id=None, security_version=None),
    ],
)
def test_accepted(package: PackagePolicy) -> None:
    check_package(REPORT, package)


@pytest.mark.parametrize(
    ("package", "field"),
    [
        (replace(BY_SIGNER, debug=True), "Debug"),
        (replace(BY_SIGNER, unique_id="ab" * 32), "UniqueID"),
        (replace(BY_SIGNER, unique_id="<replace with MRENCLAVE>"), "UniqueID"),
        (replace(BY_SIGNER, signer_id="bc" * 32), "SignerID"),
        (replace(BY_SIGNER, product_id=8), "ProductID"),
        (replace(BY_SIGNER, product_id=0), "ProductID"),
        (replace(BY_SIGNER, security_version=6), "SecurityVersion"),
        (PackagePolicy(), "UniqueID"),
        (PackagePolicy(product_id=7, security_version=1), "UniqueID"),
    ],
)
def test_refused(package: PackagePolicy, field: str) -> None:
    assert refusal(REPORT, package) == field


def test_debug_enclaves_need_a_debug_package() -> None:
    report = verify(TEE.sgx_quote(replace(ENCLAVE, debug=True), REPORT_DATA), SGX_COLLATERAL)
    assert refusal(report, BY_SIGNER) == "Debug"
    check_package(report, replace(BY_SIGNER, debug=True))
    check_package(report, PackagePolicy(debug=True))


def test_identity_alone() -> None:
    check_identity(IDENTITY, False, BY_SIGNER)
    with pytest.raises(PolicyError):
        check_identity(replace(IDENTITY, security_version=4), False, BY_SIGNER)


def test_statuses_by_default() -> None:
    accepted = {TcbStatus.UP_TO_DATE, TcbStatus.SW_HARDENING_NEEDED}
    for status in TcbStatus:
        if status in accepted:
            check_package(with_status(status, "INTEL-SA-00615"), BY_SIGNER)
        else:
            assert refusal(with_status(status), BY_SIGNER) == "AcceptedTCBStatuses"


@pytest.mark.parametrize("named", TcbStatus)
def test_named_statuses_replace_the_default(named: TcbStatus) -> None:
    package = replace(BY_SIGNER, accepted_tcb_statuses=(named.value,))
    for status in TcbStatus:
        if status in {named, TcbStatus.UP_TO_DATE}:
            check_package(with_status(status), package)
        else:
            assert refusal(with_status(status), package) == "AcceptedTCBStatuses"


def test_advisories() -> None:
    package = replace(BY_SIGNER, accepted_advisories=("intel-sa-00615", "INTEL-SA-00828"))
    needed = TcbStatus.SW_HARDENING_NEEDED
    check_package(with_status(needed), package)
    check_package(with_status(needed, "INTEL-SA-00615"), package)
    check_package(with_status(needed, "INTEL-SA-00615", "Intel-SA-00828"), package)
    unknown = with_status(needed, "INTEL-SA-00615", "INTEL-SA-00001")
    assert refusal(unknown, package) == "AcceptedAdvisories"
    check_package(unknown, BY_SIGNER)
    with pytest.raises(
        PolicyError, match=r"00001 not accepted, only intel-sa-00615, INTEL-SA-00828"
    ):
        check_package(unknown, package)


def test_refused_status_is_shown_beside_the_accepted_ones() -> None:
    old = with_status(TcbStatus.OUT_OF_DATE, "INTEL-SA-00615")
    words = (
        "OutOfDate is not accepted, only UpToDate, SWHardeningNeeded; advisories: INTEL-SA-00615"
    )
    with pytest.raises(PolicyError, match=words):
        check_package(old, BY_SIGNER)


def test_advisories_only_count_where_hardening_is_needed() -> None:
    package = replace(
        BY_SIGNER,
        accepted_advisories=("INTEL-SA-00615",),
        accepted_tcb_statuses=("OutOfDate",),
    )
    check_package(with_status(TcbStatus.OUT_OF_DATE, "INTEL-SA-00001"), package)
    check_package(with_status(TcbStatus.UP_TO_DATE, "INTEL-SA-00001"), package)


def test_refusal_lists_the_advisories() -> None:
    with pytest.raises(PolicyError, match=r"OutOfDate.*INTEL-SA-00001"):
        check_package(with_status(TcbStatus.OUT_OF_DATE, "INTEL-SA-00001"), BY_SIGNER)


@pytest.mark.parametrize("status", TcbStatus)
def test_statuses_of_real_verification(status: TcbStatus) -> None:
    platform = SoftwarePlatform(status=status)
    report = verify(TEE.sgx_quote(ENCLAVE, REPORT_DATA, platform), SGX_COLLATERAL)
    check_package(report, replace(BY_SIGNER, accepted_tcb_statuses=(status.value,)))
    if status not in {TcbStatus.UP_TO_DATE, TcbStatus.SW_HARDENING_NEEDED}:
        assert refusal(report, BY_SIGNER) == "AcceptedTCBStatuses"


EXACT = InfrastructurePolicy(PLATFORM.components, qe_svn=8, pce_svn=11, root_ca=TEE.root.der)


def raised(cpu_svn: bytes, place: int, by: int) -> bytes:
    return cpu_svn[:place] + bytes([cpu_svn[place] + by]) + cpu_svn[place + 1 :]


@pytest.mark.parametrize(
    "infrastructure",
    [
        InfrastructurePolicy(),
        EXACT,
        replace(EXACT, cpu_svn=bytes(16)),
        replace(EXACT, cpu_svn=raised(PLATFORM.components, 0, -1)),
        replace(EXACT, qe_svn=0, pce_svn=0),
        replace(EXACT, root_ca=TEE.root.certificate.public_bytes(Encoding.PEM)),
    ],
)
def test_platform_is_in_the_infrastructure(infrastructure: InfrastructurePolicy) -> None:
    report = verify(SGX_QUOTE, SGX_COLLATERAL)
    assert check_infrastructures(report, {"ours": infrastructure}) == "ours"


@pytest.mark.parametrize(
    ("infrastructure", "words"),
    [
        *((replace(EXACT, cpu_svn=raised(PLATFORM.components, n, 1)), "CPUSVN") for n in range(16)),
        (replace(EXACT, cpu_svn=b"\x00"), "CPUSVN"),
        (replace(EXACT, cpu_svn=bytes(17)), "CPUSVN"),
        (replace(EXACT, qe_svn=9), "QESVN"),
        (replace(EXACT, pce_svn=12), "PCESVN"),
        (replace(EXACT, root_ca=INTEL_SGX_ROOT_CA.der), "RootCA is .*, not 'Intel SGX Root CA'"),
        (replace(EXACT, root_ca=b"\x03\x03\x03"), "RootCA is .* the manifest has is no root"),
    ],
)
def test_platform_is_not_in_the_infrastructure(
    infrastructure: InfrastructurePolicy, words: str
) -> None:
    report = verify(SGX_QUOTE, SGX_COLLATERAL)
    with pytest.raises(PolicyError, match=f"theirs: {words}") as caught:
        check_infrastructures(report, {"theirs": infrastructure})
    assert caught.value.field == "Infrastructures"


def test_one_matching_infrastructure_is_enough() -> None:
    report = verify(SGX_QUOTE, SGX_COLLATERAL)
    newer, stricter = replace(EXACT, pce_svn=12), replace(EXACT, qe_svn=9)
    assert check_infrastructures(report, {"newer": newer, "ours": EXACT}) == "ours"
    with pytest.raises(PolicyError, match=r"newer: PCESVN.*stricter: QESVN"):
        check_infrastructures(report, {"newer": newer, "stricter": stricter})


def test_without_infrastructures_all_are_welcome() -> None:
    assert check_infrastructures(REPORT, {}) is None


def test_formats_without_intel_platform() -> None:
    report = Report(
        format="other",
        identity=None,
        debug=False,
        report_data=REPORT_DATA,
        tcb=TcbAssessment(TcbStatus.UP_TO_DATE),
        root=ROOTS[0],
        valid_from=NOW,
        valid_until=NOW,
    )
    root_only = InfrastructurePolicy(root_ca=TEE.root.der)
    assert check_infrastructures(report, {"root": root_only}) == "root"
    with pytest.raises(PolicyError):
        check_infrastructures(report, {"intel": EXACT})
