"""Policy: which trust domains a package stands for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ringtaw_attestation import (
    PackagePolicy,
    PolicyError,
    Report,
    TrustDomainPolicy,
    check_package,
    check_trust_domain,
    package_properties,
)
from ringtaw_attestation.quote.tdx import TdReport
from ringtaw_attestation.softtee import Enclave, SoftwarePlatform, TrustDomain
from ringtaw_attestation.status import TcbStatus

from tests.support.evidence import (
    PLATFORM,
    REPORT_DATA,
    SGX_COLLATERAL,
    TDX_COLLATERAL,
    TEE,
    verify,
)

DOMAIN = TrustDomain(b"\xaa" * 48, (b"\0" * 48, b"\x11" * 48, b"\x22" * 48, b"\x33" * 48))
MEASUREMENTS = TrustDomainPolicy("aa" * 48, ("00" * 48, "11" * 48, "22" * 48, "33" * 48))
LEAST = replace(MEASUREMENTS, rtmrs=("", "11" * 48, "22" * 48, ""))
PACKAGE = PackagePolicy(trust_domain=MEASUREMENTS)


def report_of(domain: TrustDomain, platform: SoftwarePlatform = PLATFORM) -> Report:
    return verify(TEE.tdx_quote(domain, REPORT_DATA, platform), TDX_COLLATERAL)


REPORT = report_of(DOMAIN)
assert isinstance(REPORT.body, TdReport)
BODY = replace(REPORT.body, mr_config_id=b"\x44" * 48, mr_owner=b"\x55" * 48)


def refusal(report: Report, package: PackagePolicy) -> str:
    with pytest.raises(PolicyError) as caught:
        check_package(report, package)
    return caught.value.field


@pytest.mark.parametrize(
    "measurements", [MEASUREMENTS, LEAST, replace(MEASUREMENTS, mr_td="AA" * 48)]
)
def test_accepted(measurements: TrustDomainPolicy) -> None:
    check_package(REPORT, PackagePolicy(trust_domain=measurements))


def test_both_versions_of_quotes() -> None:
    quote = TEE.tdx_quote(DOMAIN, REPORT_DATA, version=5)
    check_package(verify(quote, TDX_COLLATERAL), PACKAGE)


@pytest.mark.parametrize("number", range(4))
def test_another_rtmr(number: int) -> None:
    registers = list(MEASUREMENTS.rtmrs)
    registers[number] = "ee" * 48
    first, second, third, fourth = registers
    other = replace(MEASUREMENTS, rtmrs=(first, second, third, fourth))
    assert refusal(REPORT, replace(PACKAGE, trust_domain=other)) == f"TDX.RTMR{number}"


def test_another_firmware() -> None:
    other = replace(MEASUREMENTS, mr_td="ee" * 48)
    with pytest.raises(PolicyError, match=f"the trust domain's is {'aa' * 48}, not {'ee' * 48}"):
        check_package(REPORT, replace(PACKAGE, trust_domain=other))


def test_a_placeholder_matches_nothing() -> None:
    domain = report_of(replace(DOMAIN, debug=True))
    measurements = TrustDomainPolicy(mr_td="<replace with MRTD>")
    assert refusal(domain, PackagePolicy(debug=True, trust_domain=measurements)) == "TDX.MRTD"


@pytest.mark.parametrize(
    "measurements",
    [
        TrustDomainPolicy(),
        replace(LEAST, mr_td=""),
        replace(LEAST, rtmrs=("", "", "22" * 48, "")),
        replace(LEAST, rtmrs=("00" * 48, "11" * 48, "", "33" * 48)),
    ],
)
def test_measurements_that_leave_open_what_runs(measurements: TrustDomainPolicy) -> None:
    assert refusal(REPORT, PackagePolicy(trust_domain=measurements)) == "TDX"
    domain = report_of(replace(DOMAIN, debug=True))
    check_package(domain, PackagePolicy(debug=True, trust_domain=measurements))


def test_debug_must_be_equal() -> None:
    assert refusal(REPORT, replace(PACKAGE, debug=True)) == "Debug"
    assert refusal(report_of(replace(DOMAIN, debug=True)), PACKAGE) == "Debug"


def test_values_of_the_host() -> None:
    named = replace(MEASUREMENTS, mr_config_id="44" * 48, mr_owner="55" * 48)
    check_trust_domain(BODY, False, named)


@pytest.mark.parametrize(
    ("measurements", "field"),
    [
        (replace(MEASUREMENTS, mr_config_id="45" * 48), "TDX.MRCONFIGID"),
        (replace(MEASUREMENTS, mr_owner="44" * 48), "TDX.MROWNER"),
        (replace(MEASUREMENTS, mr_owner_config="44" * 48), "TDX.MROWNERCONFIG"),
    ],
)
def test_other_values_of_the_host(measurements: TrustDomainPolicy, field: str) -> None:
    with pytest.raises(PolicyError) as caught:
        check_trust_domain(BODY, False, measurements)
    assert caught.value.field == field


def test_properties_of_what_a_quote_is_of() -> None:
    """What the host sets is told only where it set something."""
    assert package_properties(BODY) == {
        "TDX": {
            "MRTD": "aa" * 48,
            "RTMR0": "00" * 48,
            "RTMR1": "11" * 48,
            "RTMR2": "22" * 48,
            "RTMR3": "33" * 48,
            "MRCONFIGID": "44" * 48,
            "MROWNER": "55" * 48,
        },
        "Debug": False,
    }


def test_the_kinds_do_not_mix() -> None:
    enclave = verify(TEE.sgx_quote(Enclave(), REPORT_DATA), SGX_COLLATERAL)
    by_measurement = PackagePolicy(unique_id=Enclave().unique_id.hex())
    check_package(enclave, by_measurement)
    assert refusal(enclave, replace(by_measurement, trust_domain=MEASUREMENTS)) == "TDX"
    assert refusal(REPORT, by_measurement) == "Packages"
    assert refusal(replace(REPORT, body=None), PACKAGE) == "TDX"


def test_nor_do_they_in_debug_mode() -> None:
    enclave = verify(TEE.sgx_quote(Enclave(debug=True), REPORT_DATA), SGX_COLLATERAL)
    anything = PackagePolicy(debug=True)
    check_package(enclave, anything)
    assert refusal(report_of(replace(DOMAIN, debug=True)), anything) == "Packages"
    assert refusal(enclave, replace(anything, trust_domain=TrustDomainPolicy())) == "TDX"


def test_the_status_counts_as_for_enclaves() -> None:
    outdated = SoftwarePlatform(tdx_module_status=TcbStatus.OUT_OF_DATE)
    report = report_of(DOMAIN, outdated)
    assert refusal(report, PACKAGE) == "AcceptedTCBStatuses"
    check_package(report, replace(PACKAGE, accepted_tcb_statuses=("OutOfDate",)))
