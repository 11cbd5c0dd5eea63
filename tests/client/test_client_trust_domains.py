"""Coordinators in TDX trust domains are known by their measurements."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ringtaw_attestation import (
    TcbStatus,
    TrustDomainPolicy,
    check_package,
    collateral_from_json,
    coordinator_report_data,
    package_properties,
    verify_quote,
)
from ringtaw_attestation.softtee import SoftwarePlatform, TrustDomain
from ringtaw_client import (
    CoordinatorPolicy,
    InputError,
    PolicyMismatchError,
    Trust,
    verify,
    verify_offline,
)
from ringtaw_testkit.identities import self_signed

from tests.client.fake_coordinator import POLICY, FakeCoordinator, serving
from tests.support.evidence import TEE, real_quotes

MEASURED = ("MRTD", "RTMR0", "RTMR1", "RTMR2", "RTMR3")
HOSTS = ("MRCONFIGID", "MROWNER", "MROWNERCONFIG")
DOMAIN = TrustDomain(b"\xaa" * 48, (b"\xbb" * 48, b"\xcc" * 48, b"\xdd" * 48, bytes(48)))
ERA: dict[str, str] = {
    name: f"{number:x}{number:X}" * 48 for number, name in enumerate(MEASURED[:4], start=10)
} | {"RTMR3": "00" * 48}
ENCLAVES = [
    {"UniqueID": "ab" * 32},
    {"SignerID": "ab" * 32},
    {"ProductID": 0},
    {"SecurityVersion": 0},
    {"SignerID": "ab" * 32, "ProductID": 1, "SecurityVersion": 2},
]


def policy(measurements: object = ERA, **members: object) -> CoordinatorPolicy:
    return CoordinatorPolicy.from_json(json.dumps({"TDX": measurements, **members}).encode())


def without(*names: str) -> dict[str, str]:
    return {name: value for name, value in ERA.items() if name not in names}


def domain_of(
    domain: TrustDomain = DOMAIN, platform: SoftwarePlatform | None = None, version: int = 4
) -> FakeCoordinator:
    """A Coordinator in a trust domain."""
    on = platform or SoftwarePlatform()
    return FakeCoordinator(quote=lambda data: TEE.tdx_quote(domain, data, on, version=version))


def mismatch(fake: FakeCoordinator, policy: CoordinatorPolicy, trust: Trust) -> PolicyMismatchError:
    with serving(fake), pytest.raises(PolicyMismatchError) as caught:
        verify(fake.address, policy, trust)
    return caught.value


def failed(error: PolicyMismatchError) -> list[str]:
    return [check.name for check in error.checks if not check.ok]


@pytest.mark.parametrize("version", [4, 5])
def test_one_check_for_each_measurement(version: int, trust: Trust) -> None:
    with serving(domain_of(version=version)) as fake:
        verified = verify(fake.address, policy(), trust)
    checks = {check.name: check for check in verified.checks}
    assert [*checks] == ["quote", "hardware", "binding", "tls", *MEASURED, "Debug", "TCB status"]
    assert checks["RTMR1"].expected == checks["RTMR1"].found == "cc" * 48


def test_names_and_digits_in_any_letter_case() -> None:
    text = json.dumps({"TDX": ERA}).replace("TDX", "tdx").replace("MR", "mR").upper()
    found = CoordinatorPolicy.from_json(text.encode()).trust_domain
    assert found is not None
    lower = {name: value.lower() for name, value in found.measurements.items() if value}
    assert lower == {name: value.lower() for name, value in ERA.items()}


@pytest.mark.parametrize("name", MEASURED)
def test_each_measurement_counts(name: str, trust: Trust) -> None:
    changed = {**ERA, name: f"ee{ERA[name][2:]}"}
    error = mismatch(domain_of(), policy(changed), trust)
    assert failed(error) == [name]
    (check,) = (check for check in error.checks if not check.ok)
    assert (check.expected, check.found) == (changed[name].lower(), ERA[name].lower())
    assert f"{name}: FAILED: expected {changed[name].lower()}, found" in str(error)


@pytest.mark.parametrize("name", HOSTS)
def test_what_the_host_sets_counts_where_it_is_named(name: str, trust: Trust) -> None:
    with serving(domain_of()) as fake:
        verify(fake.address, policy({**ERA, name: "00" * 48}), trust)
    assert failed(mismatch(domain_of(), policy({**ERA, name: "01" * 48}), trust)) == [name]


def test_a_trust_domain_where_an_enclave_is_wanted(trust: Trust) -> None:
    error = mismatch(domain_of(), POLICY, trust)
    assert failed(error) == ["TEE"]
    assert "expected an SGX enclave, found a TDX trust domain" in str(error)
    assert "TDX with MRTD" in error.hint


def test_an_enclave_where_a_trust_domain_is_wanted(trust: Trust) -> None:
    error = mismatch(FakeCoordinator(), policy(), trust)
    assert failed(error) == ["TEE"]
    assert "expected a TDX trust domain, found an SGX enclave" in str(error)
    assert "UniqueID, or SignerID" in error.hint


def test_debug_domains_only_if_debug_is_admitted(trust: Trust) -> None:
    debug = replace(DOMAIN, debug=True)
    assert failed(mismatch(domain_of(debug), policy(), trust)) == ["Debug"]
    for domain in (debug, DOMAIN):
        with serving(domain_of(domain)) as fake:
            verify(fake.address, policy(Debug=True), trust)


def test_status_and_advisories_as_for_enclaves(trust: Trust) -> None:
    old = SoftwarePlatform(tdx_module_status=TcbStatus.OUT_OF_DATE)
    assert failed(mismatch(domain_of(platform=old), policy(), trust)) == ["TCB status"]
    with serving(domain_of(platform=old)) as fake:
        verify(fake.address, policy(AcceptedTCBStatuses=["OutOfDate"]), trust)
    hardened = SoftwarePlatform(status=TcbStatus.SW_HARDENING_NEEDED)
    strict = policy(AcceptedAdvisories=["INTEL-SA-99999"])
    assert failed(mismatch(domain_of(platform=hardened), strict, trust)) == ["TCB status"]


def test_an_open_choice_of_the_host_is_a_warning(
    trust: Trust, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(domain_of()) as fake:
        verify(fake.address, policy(), trust)
        assert "RTMR0" not in caplog.text
        verify(fake.address, policy(without("RTMR0")), trust)
    assert "TDX lacks RTMR0, so the host may choose" in caplog.text


@pytest.mark.parametrize("enclave", ENCLAVES)
def test_nothing_of_an_enclave_beside_it(enclave: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=f"both TDX and {', '.join(enclave)} ") as caught:
        policy(**enclave)
    assert "name one" in caught.value.hint


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("missing", [("MRTD",), ("RTMR1",), ("RTMR2",), ("MRTD", "RTMR2")])
def test_what_runs_must_be_named(missing: tuple[str, ...], debug: bool) -> None:
    with pytest.raises(InputError, match=f"it lacks {', '.join(missing)}") as caught:
        policy(without(*missing), Debug=debug)
    assert "96 zeros" in caught.value.hint


@pytest.mark.parametrize(
    ("measurements", "message"),
    [
        ({**ERA, "MRTD": "aa" * 47}, "TDX.MRTD is not 96 hex digits"),
        ({**ERA, "RTMR2": "gg" * 48}, "TDX.RTMR2 is not 96 hex digits"),
        ({**ERA, "RTMR2": "aa" * 48 + "\n"}, "TDX.RTMR2 is not 96 hex digits"),
        ({**ERA, "MROWNER": "aa"}, "TDX.MROWNER is not 96 hex digits"),
        ({**ERA, "MRTD": 7}, "TDX.MRTD is not a string"),
        ({**ERA, "RTMR4": "00" * 48}, "TDX has no measurement 'RTMR4'"),
        ({**ERA, "mrtd": "00" * 48}, "given twice"),
        ("aa" * 48, "TDX is not an object"),
        ([], "TDX is not an object"),
        (False, "TDX is not an object"),
    ],
)
def test_measurements_that_are_none(measurements: object, message: str, tmp_path: Path) -> None:
    (tmp_path / "era.json").write_text(json.dumps({"TDX": measurements}))
    with pytest.raises(InputError, match=message) as caught:
        CoordinatorPolicy.from_file(tmp_path / "era.json")
    assert "era.json: " in str(caught.value)


@pytest.mark.parametrize("nothing", [{}, None, {"MRTD": ""}, {"RTMR0": None}])
def test_no_measurements_are_no_trust_domain(nothing: object) -> None:
    with pytest.raises(InputError, match="do not say which Coordinator"):
        policy(nothing)
    assert policy(nothing, UniqueID="ab" * 32) == CoordinatorPolicy(unique_id="ab" * 32)


def test_saved_evidence_is_judged_by_measurements(trust: Trust, tmp_path: Path) -> None:
    with serving(domain_of()) as fake:
        verified = verify(fake.address, policy(), trust)
    verified.save_evidence(tmp_path / "evidence")
    offline = replace(trust, collateral="http://127.0.0.1:1")
    again = verify_offline(tmp_path / "evidence", policy(), offline)
    assert again.checks[-len(verified.checks) :] == verified.checks
    for other, name in ((policy({**ERA, "RTMR2": "00" * 48}), "RTMR2"), (POLICY, "TEE")):
        with pytest.raises(PolicyMismatchError) as caught:
            verify_offline(tmp_path / "evidence", other, offline)
        assert failed(caught.value) == [name]


def test_a_replayed_quote_of_the_right_domain(trust: Trust) -> None:
    root = self_signed()
    old = TEE.tdx_quote(DOMAIN, coordinator_report_data(root.der, b"an old nonce"))
    with (
        serving(FakeCoordinator(root, quote=lambda _: old)) as fake,
        pytest.raises(Exception, match="not for this root certificate and this nonce"),
    ):
        verify(fake.address, policy(), trust)


def test_a_real_trust_domain() -> None:
    directory = real_quotes()
    quote = (directory / "tdx-v4-phala.bin").read_bytes()
    collateral = collateral_from_json((directory / "tdx-v4-phala.collateral.json").read_bytes())
    report = verify_quote(quote, collateral, datetime(2025, 6, 21, tzinfo=UTC))
    assert report.body is not None
    properties = package_properties(report.body)
    wanted = CoordinatorPolicy.from_json(json.dumps(properties).encode())
    checks = wanted.check(report)
    assert [check.name for check in checks] == [*MEASURED, "Debug", "TCB status"]
    assert all(check.ok for check in checks)
    check_package(report, wanted.as_package())
    measurements = properties["TDX"]
    assert isinstance(measurements, dict)
    for name, value in measurements.items():
        other = policy({**measurements, name: f"{value[:-1]}{int(value[-1], 16) ^ 1:x}"})
        assert [check.name for check in other.check(report) if not check.ok] == [name]
    (enclave,) = POLICY.check(report)
    assert (enclave.name, enclave.ok) == ("TEE", False)


def test_it_is_made_in_a_program_as_well() -> None:
    measurements = TrustDomainPolicy("aa" * 48, ("", "bb" * 48, "cc" * 48, ""))
    assert CoordinatorPolicy(trust_domain=measurements).warnings
    with pytest.raises(InputError, match="it lacks RTMR1"):
        CoordinatorPolicy(trust_domain=replace(measurements, rtmrs=("", "", "cc" * 48, "")))
