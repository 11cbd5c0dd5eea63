"""Which manifests are updates of packages, and what they may say."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ringtaw_coordinator.errors import ManifestError
from ringtaw_coordinator.manifest.package_update import load_package_update

from tests.support.deployments import manifest


def load(**sections: Any) -> dict[str, int] | None:
    return load_package_update(json.dumps(sections).encode())


def test_versions_by_package() -> None:
    assert load(Packages={"a": {"SecurityVersion": 5}}) == {"a": 5}
    assert load(packages={"a": {"securityversion": 0}, "b": {"SecurityVersion": 2**64 - 1}}) == {
        "a": 0,
        "b": 2**64 - 1,
    }


def test_what_go_programs_send_with_it_does_not_count() -> None:
    package = {
        "Debug": False,
        "UniqueID": "",
        "SignerID": "",
        "ProductID": None,
        "SecurityVersion": 7,
        "AcceptedTCBStatuses": None,
        "AcceptedAdvisories": None,
    }
    config = {
        "SealMode": "",
        "FeatureGates": None,
        "UpdateThreshold": 0,
        "RecoveryThreshold": 0,
        "RotateRootSecret": False,
    }
    empty = dict.fromkeys(["Infrastructures", "Marbles", "Users", "Roles", "RecoveryKeys", "TLS"])
    found = load(Packages={"a": package}, Secrets={}, Config=config, **empty)
    assert found == {"a": 7}


def test_any_other_manifest_is_none() -> None:
    assert load_package_update(manifest()) is None
    assert load() is None
    assert load(Packages={}) is None
    assert load(Packages=[1]) is None
    assert load_package_update(b"[]") is None
    assert load(Packages={"a": {"SecurityVersion": 5}}, Marbles={"m": {}}) is None
    assert load(Packages={"a": {"SecurityVersion": 5}}, Secrets={"s": {}}) is None


OTHERS = [
    {"Debug": True},
    {"UniqueID": "aa" * 32},
    {"SignerID": "aa" * 32},
    {"ProductID": 1},
    {"AcceptedTCBStatuses": ["OutOfDate"]},
    {"AcceptedAdvisories": ["INTEL-SA-1"]},
    {"TDX": {"MRTD": "aa" * 48}},
    {"Debugg": True},
]


@pytest.mark.parametrize("other", OTHERS)
def test_nothing_but_the_version_can_be_updated(other: dict[str, Any]) -> None:
    with pytest.raises(ManifestError, match=next(iter(other))) as caught:
        load(Packages={"fine": {"SecurityVersion": 1}, "a": {"SecurityVersion": 5, **other}})
    assert all(problem.pointer.startswith("/Packages/a") for problem in caught.value.problems)


@pytest.mark.parametrize("version", [None, "5", -1, 2**64, 1.5, True, [5]])
def test_there_has_to_be_a_version(version: object) -> None:
    with pytest.raises(ManifestError, match='the package "a" has no SecurityVersion'):
        load(Packages={"a": {"SecurityVersion": version}})


@pytest.mark.parametrize("package", [None, 5, "text", [], {}])
def test_a_package_is_an_object_with_it(package: object) -> None:
    with pytest.raises(ManifestError, match='the package "a" has no SecurityVersion'):
        load(Packages={"a": package})


def test_unknown_sections_are_pointed_out() -> None:
    with pytest.raises(ManifestError, match="/Marbels"):
        load(Packages={"a": {"SecurityVersion": 5}}, Marbels={})


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"[" * 100])
def test_rubbish_is_refused(raw: bytes) -> None:
    with pytest.raises(ManifestError):
        load_package_update(raw)
