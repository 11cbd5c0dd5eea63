"""Single values changed in JSON text, and enclaves merged into manifests."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ringtaw_buildkit.document import DocumentError, parse_json
from ringtaw_buildkit.json_edit import remove_key, set_value
from ringtaw_buildkit.packages import Identity, merge_package, package
from ringtaw_premain.build_hookspecs import PackageProperties
from ringtaw_premain.errors import PlatformError

TEXT = '{\n\t"a": {"b": 1, "ü": "é"},\n\t"c": {\n\t\t"x": [1,\n\t\t2]\n\t},"e": {}\n}\n'
Q = '\n\t\t\t"q": [\n\t\t\t\t1\n\t\t\t]'
PROPERTIES = PackageProperties("ab" * 32, "cd" * 32, 3, 2, debug=False)


@pytest.mark.parametrize(
    ("keys", "value", "before", "after"),
    [
        (("a", "b"), 2, '"b": 1,', '"b": 2,'),
        (("a", "ü"), "ö", '"é"', '"ö"'),
        (("a", "n"), {"q": 1}, '"é"}', '"é", "n": {"q": 1}}'),
        (("c", "n"), 5, "2]\n", '2],\n\t\t"n": 5\n'),
        (
            ("c", "n"),
            {"q": [1]},
            "2]\n",
            '2],\n\t\t"n": {\n\t\t\t"q": [\n\t\t\t\t1\n\t\t\t]\n\t\t}\n',
        ),
        (("c", "x", 1), 3, "2]", "3]"),
        (("e", "n"), 1, "{}", '{\n\t\t"n": 1\n\t}'),
        (("n", "m"), 1, '"e": {}', '"e": {},\n\t"n": {\n\t\t"m": 1\n\t}'),
    ],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_one_value_changes_and_no_other_byte(
    keys: tuple[str, ...], value: object, before: str, after: str, ends: str
) -> None:
    edited = set_value(TEXT.replace("\n", ends), keys, value)
    assert edited == TEXT.replace(before, after, 1).replace("\n", ends)


@pytest.mark.parametrize(
    ("keys", "before", "after"),
    [
        (("a", "b"), '"b": 1, ', ""),
        (("a", "ü"), ', "ü": "é"', ""),
        (("c",), '"c": {\n\t\t"x": [1,\n\t\t2]\n\t},', ""),
        (("e",), ',"e": {}', ""),
        (("n",), "", ""),
        (("e", "n"), "", ""),
    ],
)
def test_a_member_is_removed_with_its_comma(keys: tuple[str, ...], before: str, after: str) -> None:
    assert remove_key(TEXT, keys) == TEXT.replace(before, after, 1)


def test_a_path_through_something_else_is_refused() -> None:
    with pytest.raises(KeyError):
        set_value(TEXT, ("a", "b", "c"), 1)


MEMBERS = st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=3), max_size=4)


@settings(deadline=None)
@given(
    st.dictionaries(st.text(max_size=3), MEMBERS, max_size=4),
    st.sampled_from([None, 1, "\t"]),
    st.tuples(st.text(max_size=3), st.text(max_size=3)),
)
def test_the_data_is_what_it_would_be_without_care_for_the_text(
    data: dict[str, dict[str, Any]], indent: int | str | None, keys: tuple[str, str]
) -> None:
    text = json.dumps(data, indent=indent)
    expected = {key: dict(members) for key, members in data.items()}
    expected.setdefault(keys[0], {})[keys[1]] = True
    assert json.loads(set_value(text, keys, True)) == expected
    del expected[keys[0]][keys[1]]
    assert json.loads(remove_key(set_value(text, keys, True), keys)) == expected


def merged(
    known: object, identity: Identity | None = None, properties: PackageProperties = PROPERTIES
) -> Any:
    """Return the package after merging into a manifest that has this one."""
    manifest = parse_json("m.json", json.dumps({"Packages": {"p": known}, "Marbles": {}}))
    return json.loads(merge_package(manifest, "p", properties, identity))["Packages"]["p"]


UNIQUE = {"UniqueID": "ab" * 32}
SIGNER = {"SignerID": "cd" * 32, "ProductID": 3, "SecurityVersion": 2}


@pytest.mark.parametrize(
    ("known", "identity", "expected"),
    [
        ({}, None, UNIQUE),
        ({}, Identity.SIGNER, SIGNER),
        ({"UniqueID": "00"}, None, UNIQUE),
        ({"UniqueID": "00"}, Identity.SIGNER, SIGNER),
        ({"SignerID": "00"}, None, SIGNER),
        ({"ProductID": 0}, None, SIGNER),
        ({"UniqueID": "", "SignerID": "x", "ProductID": 1}, None, SIGNER),
        ({"UniqueID": "x", "SignerID": "x"}, Identity.UNIQUE_ID, UNIQUE),
        ({"UniqueID": "x", "Debug": True}, None, UNIQUE | {"Debug": False}),
        ({"UniqueID": "x", "AcceptedTCBStatuses": []}, None, UNIQUE | {"AcceptedTCBStatuses": []}),
    ],
)
def test_a_package_keeps_its_kind_unless_told_otherwise(
    known: dict[str, object], identity: Identity | None, expected: dict[str, object]
) -> None:
    assert merged(known, identity) == expected


def test_a_debug_enclave_is_marked() -> None:
    debug = PackageProperties("ab" * 32, "cd" * 32, 3, 2, debug=True)
    assert merged({"UniqueID": "x"}, properties=debug) == UNIQUE | {"Debug": True}
    assert package(debug, Identity.SIGNER) == SIGNER | {"Debug": True}


def test_keys_are_found_in_any_letter_case_and_stay_as_they_are() -> None:
    text = '{"packages": {"p": {"uniqueid": "%s", "debug": false}}}' % ("AB" * 32)
    assert merge_package(parse_json("m", text), "p", PROPERTIES) == text
    assert '"uniqueid": "ab' in merge_package(
        parse_json("m", text.replace("AB" * 32, "")), "p", PROPERTIES
    )


def test_a_new_package_and_new_packages() -> None:
    for text in ('{"Packages": {"q": {}}}', "{}"):
        after = json.loads(merge_package(parse_json("m", text), "p", PROPERTIES))
        assert after["Packages"]["p"] == UNIQUE


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ("[]", "it is not a JSON object"),
        ('{"Packages": 1}', "Packages is not a JSON object"),
        ('{"Packages": {"p": []}}', "Packages.p is not a JSON object"),
        ('{"Packages": {"p": {"UniqueID": "x", "SignerID": "y"}}}', "has both a UniqueID"),
        ('{"Packages": {"p": {"TDX": {"MRTD": "x"}}}}', "stands for TDX trust domains"),
    ],
)
def test_what_cannot_be_merged_is_refused(manifest: str, message: str) -> None:
    with pytest.raises(PlatformError, match=message) as caught:
        merge_package(parse_json("m.json", manifest), "p", PROPERTIES)
    assert caught.value.hint
    assert isinstance(caught.value, DocumentError) is ("object" in message)
