"""Keys: letter case, duplicates, unknown ones; and what counts as absent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.manifest.samples import (
    JSON,
    accepted,
    complete,
    minimal,
    problem,
    problems,
    user,
    warning,
    with_cert,
    with_marble,
    with_secret,
)

UNIQUE_ID = "5e" * 32


def fold_keys(value: Any, names: bool) -> Any:
    """Return a manifest with the keys of objects in another letter case, but not names."""
    if isinstance(value, list):
        return [fold_keys(element, names) for element in value]
    if not isinstance(value, dict):
        return value
    return {
        (key if names else key.swapcase()): fold_keys(child, _maps_names(key) and not names)
        for key, child in value.items()
    }


def _maps_names(key: str) -> bool:
    return key in {
        *("Packages", "Infrastructures", "Marbles", "Users", "Roles", "Secrets", "RecoveryKeys"),
        *("Files", "Env"),
    }


def test_known_keys_in_any_letter_case() -> None:
    manifest = complete()
    tls = manifest.pop("TLS")
    manifest["Marbles"]["server"].pop("TLS")
    folded = fold_keys(manifest, names=False)
    assert "pACKAGES" in folded
    assert "uNIQUEid" in folded["pACKAGES"]["backend"]
    assert accepted(folded) == accepted(manifest)
    swapped = {"tls": {"web": {k.lower(): v for k, v in tls["web"].items()}}}
    assert accepted(manifest | swapped) == accepted(manifest | {"TLS": tls})


@pytest.mark.parametrize("key", ["Pac\N{KELVIN SIGN}ages", "Package\N{LATIN SMALL LETTER LONG S}"])
def test_letters_that_go_folds_to_ascii(key: str) -> None:
    manifest = minimal()
    manifest[key] = manifest.pop("Packages")
    assert accepted(manifest) == accepted(minimal())


@pytest.mark.parametrize("key", ["Certi\N{LATIN SMALL LIGATURE FI}cate", "Roleß"])
def test_letters_that_go_does_not_fold(key: str) -> None:
    assert problem(minimal(Users={"u": user("u") | {key: "x"}})).pointer == f"/Users/u/{key}"


def test_names_keep_their_letter_case() -> None:
    manifest = minimal(Marbles={"m": {"Package": "p"}, "M": {"Package": "P"}})
    assert problem(manifest).pointer == "/Marbles/M/Package"
    assert problem(manifest).hint == 'did you mean "p"?'


def test_pointers_have_the_keys_as_they_were_sent() -> None:
    raw = b'{"PACKAGES": {"a/b~": {"debug": 1}}, "marbles": {"m": {"package": "a/b~"}}}'
    assert [found.pointer for found in problems(raw)] == [
        "/PACKAGES/a~1b~0/debug",
        "/PACKAGES/a~1b~0",
    ]


def test_pointers_of_templates_have_the_keys_as_they_were_sent() -> None:
    marble = {"package": "p", "PARAMETERS": {"env": {"A": "{{"}}}
    assert problem(minimal(Marbles={"m": marble})).pointer == "/Marbles/m/PARAMETERS/env/A"


@pytest.mark.parametrize(
    ("manifest", "pointer", "hint"),
    [
        (minimal(Packagees={}), "/Packagees", 'did you mean "Packages"?'),
        (minimal(foo=1), "/foo", ""),
        (
            minimal(Packages={"p": {"UniqueID": UNIQUE_ID, "AcceptedAdivsories": ["x"]}}),
            "/Packages/p/AcceptedAdivsories",
            'did you mean "AcceptedAdvisories"?',
        ),
        (
            with_marble(maxActivation=1),
            "/Marbles/m/maxActivation",
            'did you mean "MaxActivations"?',
        ),
        (with_marble(Parameters={"File": {}}), "/Marbles/m/Parameters/File", '"Files"?'),
        (
            with_marble(Parameters={"Env": {"E": {"Daten": "x"}}}),
            "/Marbles/m/Parameters/Env/E/Daten",
            'did you mean "Data"?',
        ),
        (with_secret(Type="cert-ed25519", Publik=""), "/Secrets/s/Publik", '"Public"?'),
        (minimal(Users={"u": user("u") | {"Role": []}}), "/Users/u/Role", '"Roles"?'),
        (minimal(TLS={"t": {"Incomming": []}}), "/TLS/t/Incomming", 'did you mean "Incoming"?'),
        (minimal(Config={"SealModus": ""}), "/Config/SealModus", 'did you mean "SealMode"?'),
        (
            minimal(TLS={"t": {"Incoming": [{"Port": "1", "Prot": 2}]}}),
            "/TLS/t/Incoming/0/Prot",
            'did you mean "Port"?',
        ),
        (minimal(**{"$schema": "manifest.schema.json"}), "/$schema", ""),
    ],
)
def test_unknown_keys_are_refused_with_the_nearest(manifest: JSON, pointer: str, hint: str) -> None:
    found = problem(manifest)
    assert found.pointer == pointer
    assert "is not known here" in found.message
    assert hint in found.hint


@pytest.mark.parametrize(
    ("cert", "pointer"),
    [
        ({"Stray": 1.5}, "/Secrets/s/Cert/Stray"),
        ({"Subject": {"DNSNames": ["localhost"]}}, "/Secrets/s/Cert/Subject/DNSNames"),
        ({"URIs": [{"Scheme": "a", "Opaque": "b", "X": {}}]}, "/Secrets/s/Cert/URIs/0/X"),
        (
            {"Subject": {"ExtraNames": [{"Type": [2, 5, 4, 3], "Value": "v", "X": 1}]}},
            "/Secrets/s/Cert/Subject/ExtraNames/0/X",
        ),
    ],
)
def test_unknown_keys_in_a_certificate_are_a_warning(cert: JSON, pointer: str) -> None:
    found = warning(with_cert(**cert))
    assert found.pointer == pointer
    assert "is not known here and ignored" in found.message


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        ('{"Config": {}, "Config": {}, %s}', "/Config"),
        ('{"Config": null, "CONFIG": null, %s}', "/CONFIG"),
        ('{"Config": {"SealMode": "", "sealmode": ""}, %s}', "/Config/sealmode"),
        ('{"Secrets": {"s": {"Type": "cert-ed25519"}, "s": {}}, %s}', "/Secrets/s"),
        ('{"TLS": {"t": {"Outgoing": [], "outgoing": null}}, %s}', "/TLS/t/outgoing"),
    ],
)
def test_duplicate_keys_are_refused(raw: str, pointer: str) -> None:
    found = problems((raw % json.dumps(minimal())[1:-1]).encode())
    assert pointer in [each.pointer for each in found if "is there twice" in each.message]


def test_duplicate_keys_are_refused_even_where_nothing_is_known() -> None:
    secret = '{"Type": "cert-ed25519", "Cert": {"Stray": {"a": 1, "a": 2}}}'
    raw = json.dumps(with_secret(Type="X")).replace('{"Type": "X"}', secret).encode()
    assert problem(raw).pointer == "/Secrets/s/Cert/Stray/a"


def test_names_that_differ_by_letter_case_are_no_duplicates() -> None:
    env = {"PATH": "a", "path": "b", "Path": "c"}
    assert len(accepted(with_marble(Parameters={"Env": env})).marbles["m"].parameters.env) == 3


ZEROES: JSON = {
    "Packages": {
        "p": {
            **{"Debug": False, "UniqueID": UNIQUE_ID, "SignerID": "", "ProductID": None},
            **{"SecurityVersion": None, "AcceptedTCBStatuses": None, "AcceptedAdvisories": []},
        }
    },
    "Infrastructures": None,
    "Marbles": {
        "m": {
            **{"Package": "p", "MaxActivations": 0, "TLS": None, "DisableSecretBinding": False},
            "Parameters": {"Files": None, "Env": {}, "Argv": None},
        }
    },
    "Users": {},
    "Secrets": {
        "s": {
            **{"Type": "cert-ed25519", "Size": 0, "Shared": False, "UserDefined": False},
            **{"Cert": None, "ValidFor": 0, "Private": None, "Public": ""},
        }
    },
    "RecoveryKeys": None,
    "Roles": None,
    "TLS": {
        "t": {
            "Outgoing": [{"Addr": "a", "Port": "1", "Cert": "", "DisableClientAuth": False}],
            "Incoming": [{"Port": "1", "Addr": "", "Cert": "", "DisableClientAuth": False}],
        }
    },
    "Config": {
        **{"SealMode": "", "FeatureGates": None, "UpdateThreshold": 0, "RecoveryThreshold": 0},
        "RotateRootSecret": False,
    },
}


def test_zero_values_mean_absent() -> None:
    tls = {"t": {"Outgoing": [{"Addr": "a", "Port": "1"}], "Incoming": [{"Port": "1"}]}}
    bare = minimal(Secrets={"s": {"Type": "cert-ed25519"}}, TLS=tls)
    assert accepted(ZEROES) == accepted(bare)


def test_null_means_absent_everywhere() -> None:
    tags = {"t": None, "u": {"Outgoing": None, "Incoming": None}}
    manifest = ZEROES | {"TLS": tags, "Config": None, "Secrets": {"s": None}}
    assert problem(manifest).message == '"Type" is missing'
    assert problem(manifest).pointer == "/Secrets/s"


def test_null_among_names_and_elements_is_the_zero_value() -> None:
    manifest = with_marble(Parameters={"Env": {"E": None}, "Files": {"/f": None}, "Argv": [None]})
    parameters = accepted(manifest).marbles["m"].parameters
    assert parameters.env["E"].data == parameters.files["/f"].data == b""
    assert parameters.argv == ("",)


def test_empty_entries_and_elements_are_kept() -> None:
    manifest = with_marble(Parameters={"Env": {"E": ""}, "Files": {"/f": {}}, "Argv": ["a", ""]})
    parameters = accepted(manifest).marbles["m"].parameters
    assert (list(parameters.env), list(parameters.files)) == (["E"], ["/f"])
    assert parameters.argv == ("a", "")


def test_zero_counts_for_version_numbers() -> None:
    package = {"SignerID": UNIQUE_ID, "ProductID": 0, "SecurityVersion": 0}
    cloud = {"QESVN": 0, "PCESVN": 0}
    manifest = accepted(minimal(Packages={"p": package}, Infrastructures={"c": cloud, "d": {}}))
    assert (manifest.packages["p"].product_id, manifest.packages["p"].security_version) == (0, 0)
    assert (manifest.infrastructures["c"].qe_svn, manifest.infrastructures["c"].pce_svn) == (0, 0)
    assert manifest.infrastructures["d"].qe_svn is None


def test_zero_of_another_type_is_a_mistake() -> None:
    assert problem(with_marble(MaxActivations="")).pointer == "/Marbles/m/MaxActivations"


def test_top_level_null_is_an_empty_manifest() -> None:
    assert [found.message for found in problems(b"null")] == [
        '"Packages" is missing',
        '"Marbles" is missing',
    ]
