"""The small strict readers below verification: DER, PEM, JSON, statuses, validity."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from ringtaw_attestation import (
    INTEL_SGX_ROOT_CA,
    CollateralCache,
    CollateralFiles,
    ConfigurationError,
    TcbAssessment,
    TcbStatus,
    Tee,
    TrustedRoot,
    open_source,
    read_trusted_roots,
)
from ringtaw_attestation.certificates import der
from ringtaw_attestation.certificates.pck import SGX_EXTENSION, parse_pck_extension
from ringtaw_attestation.certificates.pem import split_chain
from ringtaw_attestation.collateral.qe_identity import parse_qe_identity
from ringtaw_attestation.collateral.strict_json import parse_object, raw_members
from ringtaw_attestation.collateral.tcb_info import parse_tcb_info
from ringtaw_attestation.errors import CollateralError, EvidenceError, Step
from ringtaw_attestation.softtee import documents
from ringtaw_attestation.validity import Validity, check_validity

from tests.support.evidence import NOW, PLATFORM, ROOTS, SGX_COLLATERAL, TEE

LATER = NOW + timedelta(days=1)
PEM = TEE.root_ca.pem


@pytest.mark.parametrize(
    "malformed",
    [
        "",
        "30",
        "3081",
        "300100",
        "30 80 00 00",
        "3081 05 0201010500",
        "30820005 0201010500",
        "3f01 00",
        "0200 00",
        "3003020200",
    ],
)
def test_malformed_der_is_refused(malformed: str) -> None:
    with pytest.raises(ValueError):
        der.parse_element(bytes.fromhex(malformed)).children()[0].unsigned(der.INTEGER, 255)


@pytest.mark.parametrize("number", ["0200", "02020001", "020200ff00", "0201ff", "02020100"])
def test_numbers_are_in_shortest_form_and_range(number: str) -> None:
    with pytest.raises(ValueError):
        der.parse_element(bytes.fromhex(number)).unsigned(der.INTEGER, 255)


def test_der_numbers() -> None:
    for encoded, number in (("020100", 0), ("02017f", 127), ("020200ff", 255)):
        assert der.parse_element(bytes.fromhex(encoded)).unsigned(der.INTEGER, 255) == number


@given(st.binary(max_size=300))
def test_der_never_fails_otherwise(data: bytes) -> None:
    try:
        element = der.parse_element(data)
    except ValueError:
        return
    assert len(element.content) < len(data)


def test_extension_is_required() -> None:
    with pytest.raises(ValueError, match="no SGX extension"):
        parse_pck_extension(TEE.root.certificate)
    found = TEE.pck(PLATFORM).certificate.extensions.get_extension_for_oid(SGX_EXTENSION)
    assert not found.critical


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\0\0",
        b"\n" + PEM,
        b"comment\n" + PEM,
        PEM + b"comment",
        PEM.replace(b"CERTIFICATE", b"X509 CRL"),
        PEM.replace(b"\n", b"\r"),
        PEM.replace(b"\n", b" \n"),
        PEM * 5,
        PEM[:-30],
        b"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\nAAA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\nAB==\n-----END CERTIFICATE-----\n",
        PEM + bytes(70_000) + PEM,
    ],
)
def test_malformed_chains_are_refused(text: bytes) -> None:
    with pytest.raises(ValueError):
        split_chain(text)


@pytest.mark.parametrize(
    "text",
    [PEM, PEM + b"\0", PEM + bytes(100), PEM.rstrip(), PEM.replace(b"\n", b"\r\n"), PEM + b"\n\n"],
)
def test_chains_may_end_as_they_do_in_the_field(text: bytes) -> None:
    assert split_chain(text) == (TEE.root.der,)


def test_one_line_of_base64() -> None:
    line = base64.b64encode(TEE.root.der)
    text = b"-----BEGIN CERTIFICATE-----\n" + line + b"\n-----END CERTIFICATE-----\n"
    assert split_chain(text) == (TEE.root.der,)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "1", "{", '{"a":1,"a":2}', '{"a":{"b":1,"b":2}}', '{"a":NaN}', '{"a":Infinity}',
     '{"a":1.0}', '{"a":1e2}', "{} {}", '\ufeff{}',
     '{"a":' + "[" * 50_000, '{"a":' + "9" * 5000 + "}"],
)  # fmt: skip
def test_malformed_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_object(text.encode())
    with pytest.raises(ValueError):
        raw_members(text.encode())


def test_json_has_a_size_limit() -> None:
    with pytest.raises(ValueError, match="longer than"):
        parse_object(b'{"a":"' + b" " * 600_000 + b'"}')


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), JSON, max_size=4), st.sampled_from([None, 1, "\t", " \n"]))
def test_raw_members_are_the_bytes_as_written(value: dict[str, object], indent: str) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False).encode("utf-8", "surrogatepass")
    try:
        text.decode()
    except UnicodeDecodeError:
        return
    members = raw_members(text)
    assert {key: json.loads(raw) for key, raw in members.items()} == value
    assert all(raw in text for raw in members.values())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("id", "TDX"), ("id", 1), ("version", 2), ("version", True), ("version", "3"),
        ("tcbType", 1), ("fmspc", "00"), ("fmspc", "zz" * 6),
        ("fmspc", "\N{ARABIC-INDIC DIGIT ZERO}" * 12),
        ("issueDate", "yesterday"), ("issueDate", "2026-03-01T12:00:00"),
        ("nextUpdate", "2026-13-01T12:00:00Z"), ("tcbLevels", {}), ("tcbLevels", [1]),
        ("tcbLevels", [{}]), ("tcbEvaluationDataNumber", -1), ("pceId", None),
    ],
)  # fmt: skip
def test_malformed_tcb_info_is_refused(key: str, value: object) -> None:
    document = documents.tcb_info(Tee.SGX, NOW, LATER) | {key: value}
    with pytest.raises(ValueError):
        parse_tcb_info(json.dumps(document).encode())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("sgxtcbcomponents", []), ("sgxtcbcomponents", [{"svn": 1}] * 17),
        ("sgxtcbcomponents", [{"svn": 256}] * 16), ("sgxtcbcomponents", [{"svn": True}] * 16),
        ("pcesvn", 65536), ("pcesvn", None), ("tdxtcbcomponents", None),
    ],
)  # fmt: skip
def test_malformed_levels_are_refused(key: str, value: object) -> None:
    document = documents.tcb_info(Tee.TDX, NOW, LATER)
    document["tcbLevels"][0]["tcb"][key] = value
    with pytest.raises(ValueError):
        parse_tcb_info(json.dumps(document).encode())


def test_unknown_statuses_are_refused() -> None:
    document = documents.tcb_info(Tee.SGX, NOW, LATER)
    document["tcbLevels"][0]["tcbStatus"] = "Perfect"
    with pytest.raises(ValueError, match="Perfect"):
        parse_tcb_info(json.dumps(document).encode())


@pytest.mark.parametrize("name", ["TDX_1", "TDX_0G", "SGX_01", "TDX01", ""])
def test_malformed_module_ids_are_refused(name: str) -> None:
    document = documents.tcb_info(Tee.TDX, NOW, LATER)
    document["tdxModuleIdentities"][0]["id"] = name
    with pytest.raises(ValueError):
        parse_tcb_info(json.dumps(document).encode())


@pytest.mark.parametrize(
    ("key", "value"),
    [("id", "QVE"), ("version", 3), ("miscselect", "00"), ("mrsigner", "00"), ("isvprodid", -1)],
)
def test_malformed_qe_identities_are_refused(key: str, value: object) -> None:
    document = documents.qe_identity(Tee.SGX, NOW, LATER) | {key: value}
    with pytest.raises(ValueError):
        parse_qe_identity(json.dumps(document).encode())


def test_unknown_keys_are_ignored() -> None:
    document = documents.tcb_info(Tee.SGX, NOW, LATER) | {"news": [{"a": None}]}
    parsed = parse_tcb_info(json.dumps(document).encode())
    assert parsed.levels == parse_tcb_info(SGX_COLLATERAL.tcb_info.content).levels


def test_combined_statuses_are_at_least_as_bad() -> None:
    order = list(TcbStatus)
    for one, other in product(TcbStatus, repeat=2):
        combined = one.combined_with(other)
        assert order.index(combined) >= max(order.index(one), order.index(other))
        assert combined is other.combined_with(one)
        assert combined.combined_with(one) is combined
    assert all(one.combined_with(one) is one for one in TcbStatus)


def test_combined_statuses_lose_nothing() -> None:
    outdated, configuration = TcbStatus.OUT_OF_DATE, TcbStatus.CONFIGURATION_NEEDED
    both = TcbStatus.OUT_OF_DATE_CONFIGURATION_NEEDED
    assert outdated.combined_with(configuration) is both
    first = TcbAssessment(outdated, ("A", "B"))
    second = TcbAssessment(configuration, ("B", "C"))
    assert first.combined_with(second) == TcbAssessment(both, ("A", "B", "C"))


def test_both_ends_of_a_period_belong_to_it() -> None:
    period = Validity(Step.TCB_INFO, "TCB info", NOW, LATER)
    second = timedelta(seconds=1)
    check_validity([period], NOW)
    check_validity([period], LATER)
    with pytest.raises(CollateralError, match="not valid before"):
        check_validity([period], NOW - second)
    with pytest.raises(CollateralError, match="expired"):
        check_validity([period], LATER + second)


def test_expired_platform_is_not_the_collaterals_fault() -> None:
    period = Validity(Step.PCK_CHAIN, "PCK certificate", NOW, LATER)
    with pytest.raises(EvidenceError) as caught:
        check_validity([period], datetime(2030, 1, 1, tzinfo=UTC))
    assert not isinstance(caught.value, CollateralError)


def test_roots_in_pem_and_der() -> None:
    assert TrustedRoot.from_bytes(PEM) == TrustedRoot.from_bytes(TEE.root.der) == TEE.root
    leaf = TEE.pck(PLATFORM).certificate
    for other in (b"", b"\x03\x03\x03", leaf.public_bytes(Encoding.DER), PEM[:100]):
        with pytest.raises(ConfigurationError):
            TrustedRoot.from_bytes(other)


def test_roots_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "roots.pem"
    intel = INTEL_SGX_ROOT_CA.certificate.public_bytes(Encoding.PEM)
    file.write_bytes(b"two roots\n" + PEM + intel)
    assert read_trusted_roots(file) == (TEE.root, INTEL_SGX_ROOT_CA)
    leaf = TEE.pck(PLATFORM).certificate.public_bytes(Encoding.PEM)
    for other in (b"", b"\x03\x03\x03", PEM + leaf, PEM[:100]):
        file.write_bytes(other)
        with pytest.raises(ConfigurationError, match=r"roots\.pem"):
            read_trusted_roots(file)
    with pytest.raises(ConfigurationError, match="No such file"):
        read_trusted_roots(tmp_path / "missing")


def test_sources_are_opened_by_location(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    url = open_source("https://pccs.example:8081", cache, ROOTS)
    assert isinstance(url, CollateralCache)
    assert isinstance(open_source(str(tmp_path), cache, ROOTS), CollateralFiles)
    with pytest.raises(ConfigurationError, match="no collateral"):
        open_source(str(tmp_path / "missing"), cache, ROOTS)
    with pytest.raises(ConfigurationError, match="URL"):
        open_source("ftp://pccs.example", cache, ROOTS)
    with pytest.raises(ConfigurationError, match="CA of the PCCS"):
        open_source("https://pccs.example", cache, ROOTS, tls_ca=tmp_path / "missing")
