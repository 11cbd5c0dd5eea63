"""The state as bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from ringtaw_coordinator.secrets.value import SecretValue
from ringtaw_coordinator.state import codec
from ringtaw_coordinator.state.model import Deployment, ProposedManifest, new_deployment


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    return replace(
        new_deployment(["localhost"]),
        manifest=b'{"bytes": "\xff\x00 as they came"}',
        manifest_signature=b"signature",
        secrets={"größe": SecretValue(b"certificate", b"public", b"private")},
        activations={"frontend": 3},
        update_log=('{"update": "Initial manifest set"}', "second"),
        previous_root_secret=b"old",
        previous_secrets={"größe": SecretValue(private=b"older")},
        package_versions={"backend": 2**64 - 1},
        proposal=ProposedManifest(b"\xff as they came", ("alice", "bob")),
        counters={"00000000-0000-0000-0000-000000000001 größe": {"name": 2**64 - 1}},
    )


def test_what_is_encoded_is_decoded(deployment: Deployment) -> None:
    assert codec.decode(codec.encode(deployment)) == deployment


def test_a_new_deployment_is_encoded() -> None:
    deployment = new_deployment(["localhost", "192.0.2.1"])
    assert codec.decode(codec.encode(deployment)) == deployment


def test_a_state_from_before_updates_is_read() -> None:
    deployment = codec.decode((Path(__file__).parent / "state_version_1.json").read_bytes())
    assert deployment.activations == {"frontend": 1}
    assert len(deployment.secrets["key"].private) == 16
    assert len(deployment.update_log) == 1
    assert (deployment.package_versions, deployment.proposal, deployment.counters) == ({}, None, {})
    assert codec.decode(codec.encode(deployment)) == deployment


def changed(deployment: Deployment, members: Mapping[str, object]) -> bytes:
    return json.dumps(json.loads(codec.encode(deployment)) | members).encode()


def without(deployment: Deployment, name: str) -> bytes:
    document = json.loads(codec.encode(deployment))
    del document[name]
    return json.dumps(document).encode()


def test_another_version_is_refused_by_number(deployment: Deployment) -> None:
    data = changed(deployment, {"version": 4})
    with pytest.raises(ValueError, match=r"version 4; this Coordinator reads up to 3"):
        codec.decode(data)


def test_every_missing_member_is_named(deployment: Deployment) -> None:
    for name in json.loads(codec.encode(deployment)):
        data = without(deployment, name)
        with pytest.raises(ValueError, match=f"has no {name}"):
            codec.decode(data)


FINE: list[tuple[str, object]] = [("proposal", None), ("counters", {"a": {}})]


@pytest.mark.parametrize("value", [None, -1, True, 1.5, "not base64!", [1], {"a": {}}, [["x"]]])
def test_every_malformed_member_is_named(deployment: Deployment, value: object) -> None:
    for name in json.loads(codec.encode(deployment)):
        if (name, value) in FINE:
            continue
        data = changed(deployment, {name: value})
        with pytest.raises(ValueError, match=f"the state's {name} is malformed"):
            codec.decode(data)


def test_unknown_members_are_refused(deployment: Deployment) -> None:
    data = changed(deployment, {"future": 1})
    with pytest.raises(ValueError, match="unknown members: future"):
        codec.decode(data)


@pytest.mark.parametrize("data", [b"", b"\xff", b"[]", b"1", b"[" * 200_000])
def test_rubbish_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="state"):
        codec.decode(data)


def test_errors_show_no_value(deployment: Deployment) -> None:
    data = changed(deployment, {"rootSecret": "c2VjcmV0!"})
    with pytest.raises(ValueError, match="rootSecret") as caught:
        codec.decode(data)
    assert "c2VjcmV0" not in str(caught.value)
    assert caught.value.__cause__ is None
