"""What is asked of packages, and of the Marbles that are of them."""

from __future__ import annotations

import pytest

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
    with_marble,
)

SIGNED: JSON = {"SignerID": SIGNER_ID, "ProductID": 1, "SecurityVersion": 1}


def package(**fields: object) -> JSON:
    return minimal(Packages={"p": fields})


def without(key: str) -> JSON:
    return {name: value for name, value in SIGNED.items() if name != key}


@pytest.mark.parametrize("section", ["Packages", "Marbles"])
def test_at_least_one_package_and_marble(section: str) -> None:
    assert f'"{section}" is missing' in [p.message for p in problems(minimal(**{section: {}}))]


def test_package_of_a_marble_exists() -> None:
    found = problem(minimal(Packages={"backend": SIGNED}, Marbles={"m": {"Package": "backnd"}}))
    assert found.pointer == "/Marbles/m/Package"
    assert found.message == 'there is no package "backnd"'
    assert found.hint == 'did you mean "backend"?'
    assert problem(minimal(Marbles={"m": {}})).message == '"Package" is missing'


def test_tls_tags_of_a_marble_exist() -> None:
    manifest = with_marble(TLS=["wep"]) | {"TLS": {"web": {}}}
    found = problem(manifest)
    assert (found.pointer, found.message) == ("/Marbles/m/TLS/0", 'there is no TLS tag "wep"')
    assert found.hint == 'did you mean "web"?'


@pytest.mark.parametrize("identity", [{"UniqueID": UNIQUE_ID}, SIGNED])
def test_package_is_identified_in_one_way(identity: JSON) -> None:
    accepted(package(**identity))
    accepted(package(Debug=True, **identity))


@pytest.mark.parametrize(
    ("identity", "message"),
    [
        ({}, "lacks UniqueID, or SignerID, ProductID, SecurityVersion"),
        (without("SignerID"), "lacks UniqueID, or SignerID"),
        (without("ProductID"), "lacks UniqueID, or ProductID"),
        (without("SecurityVersion"), "lacks UniqueID, or SecurityVersion"),
        ({"UniqueID": UNIQUE_ID, **SIGNED}, "both UniqueID and SignerID, ProductID, SecurityVer"),
        ({"UniqueID": UNIQUE_ID, "SignerID": SIGNER_ID}, "names both UniqueID and SignerID"),
        ({"UniqueID": UNIQUE_ID, "ProductID": 0}, "names both UniqueID and ProductID"),
    ],
)
def test_package_identity_errors_are_warnings_with_debug(identity: JSON, message: str) -> None:
    found = problem(package(**identity))
    assert found.pointer == "/Packages/p"
    assert message in found.message
    assert warning(package(Debug=True, **identity)) == found


def test_package_that_no_marble_uses_may_be_vague() -> None:
    packages = {"p": {"UniqueID": UNIQUE_ID}, "later": {"SignerID": SIGNER_ID}}
    assert accepted(minimal(Packages=packages)).packages["later"].signer_id == SIGNER_ID


@pytest.mark.parametrize("text", ["<replace with MRENCLAVE>", UNIQUE_ID[:-1], UNIQUE_ID + "0"])
@pytest.mark.parametrize("key", ["UniqueID", "SignerID"])
def test_placeholder_is_refused_without_and_a_warning_with_debug(key: str, text: str) -> None:
    identity = {"UniqueID": text} if key == "UniqueID" else {**SIGNED, "SignerID": text}
    found = problem(package(**identity))
    assert found.pointer == f"/Packages/p/{key}"
    assert (
        found.message
        == "must be 64 hexadecimal digits; only with Debug: true may it be a placeholder"
    )
    doubtful = warning(package(Debug=True, **identity))
    assert doubtful.pointer == f"/Packages/p/{key}"
    assert "placeholder" in doubtful.message
    loaded = load(package(Debug=True, **identity)).manifest.packages["p"]
    assert text.lower() in (loaded.unique_id, loaded.signer_id)


@pytest.mark.parametrize("name", ["A=B", "A\0B"])
def test_environment_names(name: str) -> None:
    found = problem(with_marble(Parameters={"Env": {name: "x"}}))
    assert found.message == "no environment variable can have a name with = or NUL"


def test_nul_in_paths_and_arguments() -> None:
    found = problems(with_marble(Parameters={"Files": {"/a\0": ""}, "Argv": ["a", "b\0"]}))
    assert [p.message for p in found] == [
        "no file can have a path with NUL",
        "no argument can contain NUL",
    ]
