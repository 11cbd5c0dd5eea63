"""Packages that stand for TDX trust domains."""

from __future__ import annotations

import json

import pytest
from ringtaw_coordinator.manifest.model import TrustDomain

from tests.manifest.samples import (
    JSON,
    SIGNER_ID,
    UNIQUE_ID,
    accepted,
    load,
    minimal,
    problem,
    problems,
    warning,
)

ALL = ("MRTD", "RTMR0", "RTMR1", "RTMR2", "RTMR3", "MRCONFIGID", "MROWNER", "MROWNERCONFIG")
MEASUREMENTS: JSON = {
    name: f"{number:x}{number:X}" * 48 for number, name in enumerate(ALL[:4], start=10)
}


def package(measurements: JSON, **fields: object) -> JSON:
    return minimal(Packages={"p": {"TDX": measurements, **fields}})


def without(*names: str) -> JSON:
    return {name: value for name, value in MEASUREMENTS.items() if name not in names}


def test_measurements_are_lower_case_or_absent() -> None:
    loaded = accepted(package(MEASUREMENTS)).packages["p"]
    assert loaded.trust_domain == TrustDomain(
        mr_td="aa" * 48,
        rtmrs=("bb" * 48, "cc" * 48, "dd" * 48, ""),
        mr_config_id="",
        mr_owner="",
        mr_owner_config="",
    )
    assert (loaded.unique_id, loaded.signer_id, loaded.debug) == ("", "", False)


def test_all_measurements() -> None:
    measurements = {name: f"{number:02x}" * 48 for number, name in enumerate(ALL)}
    loaded = accepted(package(measurements)).packages["p"].trust_domain
    assert loaded is not None
    found = (loaded.mr_td, *loaded.rtmrs, loaded.mr_config_id, loaded.mr_owner)
    assert (*found, loaded.mr_owner_config) == tuple(measurements.values())


def test_keys_in_any_letter_case() -> None:
    manifest = json.dumps(package(MEASUREMENTS)).replace('"TDX"', '"tdx"').replace("RTMR", "rtmr")
    loaded = accepted(manifest.encode()).packages["p"].trust_domain
    assert loaded is not None
    assert loaded.rtmrs[2] == "dd" * 48


def test_a_key_that_is_not_known() -> None:
    found = problem(package({**MEASUREMENTS, "RTMR4": "00" * 48}))
    assert (found.pointer, found.message) == ("/Packages/p/TDX/RTMR4", '"RTMR4" is not known here')
    assert "did you mean" in found.hint


def test_status_and_advisories_as_for_enclaves() -> None:
    loaded = accepted(package(MEASUREMENTS, AcceptedTCBStatuses=["OutOfDate"])).packages["p"]
    assert loaded.accepted_tcb_statuses == ("OutOfDate",)


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize(
    "identity",
    [
        {"UniqueID": UNIQUE_ID},
        {"SignerID": SIGNER_ID},
        {"ProductID": 0},
        {"SecurityVersion": 0},
        {"SignerID": SIGNER_ID, "ProductID": 1, "SecurityVersion": 1},
    ],
)
def test_nothing_of_an_enclave_beside_it(identity: JSON, debug: bool) -> None:
    found = problem(package(MEASUREMENTS, Debug=debug, **identity))
    assert found.pointer == "/Packages/p"
    assert found.message == f"names both TDX and {', '.join(identity)}"


def test_nor_in_a_package_that_no_marble_uses() -> None:
    mixed = {"TDX": MEASUREMENTS, "UniqueID": UNIQUE_ID}
    found = problem(minimal(Packages={"p": {"UniqueID": UNIQUE_ID}, "later": mixed}))
    assert found.pointer == "/Packages/later"


@pytest.mark.parametrize("missing", [("MRTD",), ("RTMR1",), ("RTMR2",), ("MRTD", "RTMR2")])
def test_what_runs_must_be_named(missing: tuple[str, ...]) -> None:
    found = problem(package(without(*missing)))
    assert found.pointer == "/Packages/p/TDX"
    assert found.message.endswith(f"it lacks {', '.join(missing)}")
    assert warning(package(without(*missing), Debug=True)) == found


def test_an_open_choice_of_the_host_is_a_warning() -> None:
    found = warning(package(without("RTMR0")))
    assert found.pointer == "/Packages/p/TDX"
    assert found.message.startswith("lacks RTMR0")


def test_a_package_that_no_marble_uses_may_be_vague() -> None:
    packages = {"p": {"UniqueID": UNIQUE_ID}, "later": {"TDX": {"MRTD": "00" * 48}}}
    assert accepted(minimal(Packages=packages)).packages["later"].trust_domain is not None


@pytest.mark.parametrize("text", ["<replace with MRTD>", "aa" * 47, "aa" * 49, "gg" * 48])
def test_placeholder_is_refused_without_and_a_warning_with_debug(text: str) -> None:
    found = problem(package({**MEASUREMENTS, "MRTD": text}))
    assert found.pointer == "/Packages/p/TDX/MRTD"
    expected = "must be 96 hexadecimal digits; only with Debug: true may it be a placeholder"
    assert found.message == expected
    doubtful = warning(package({**MEASUREMENTS, "MRTD": text}, Debug=True))
    assert doubtful.pointer == "/Packages/p/TDX/MRTD"
    assert doubtful.message == "is a placeholder that matches no trust domain"
    loaded = load(package({**MEASUREMENTS, "MRTD": text}, Debug=True)).manifest.packages["p"]
    assert loaded.trust_domain is not None
    assert loaded.trust_domain.mr_td == text.lower()


@pytest.mark.parametrize("value", [1, [], "x", True])
def test_measurements_of_another_type(value: object) -> None:
    found = problems(minimal(Packages={"p": {"TDX": value}}))
    assert found
    assert all(one.pointer in ("/Packages/p/TDX", "/Packages/p") for one in found)


@pytest.mark.parametrize("nothing", [{}, None, {"MRTD": ""}, {"RTMR0": None}])
def test_no_measurements_are_no_trust_domain(nothing: object) -> None:
    assert "lacks UniqueID" in problem(minimal(Packages={"p": {"TDX": nothing}})).message
    packages = {"p": {"TDX": nothing, "UniqueID": UNIQUE_ID}}
    assert accepted(minimal(Packages=packages)).packages["p"].trust_domain is None


def test_there_is_no_security_version_to_update() -> None:
    role = {
        "ResourceType": "Packages",
        "ResourceNames": ["p"],
        "Actions": ["UpdateSecurityVersion"],
    }
    found = problem({**package(MEASUREMENTS), "Roles": {"r": role}})
    assert found.pointer == "/Roles/r/ResourceNames/0"
    assert found.message == "trust domains have no SecurityVersion to update"
