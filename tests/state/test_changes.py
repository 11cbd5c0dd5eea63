"""Changes between states: what is written, and made again at the next start."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringtaw_coordinator.pki.authority import create_intermediate
from ringtaw_coordinator.secrets.value import SecretValue
from ringtaw_coordinator.state.changes import Replay, difference
from ringtaw_coordinator.state.members import MEMBERS, Kind
from ringtaw_coordinator.state.model import Deployment, ProposedManifest, new_deployment

BEGINNING = new_deployment(["localhost"])
INTERMEDIATES = [create_intermediate(BEGINNING.root, ["localhost"]) for _ in range(2)]

NAMES = st.sampled_from(["a", "b", "größe"])
COUNTS = st.integers(0, 2**64 - 1)
SECRETS = st.builds(
    SecretValue, st.binary(max_size=4), st.binary(max_size=4), st.binary(max_size=4)
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "intermediate": st.sampled_from(INTERMEDIATES),
    "root_secret": st.binary(min_size=32, max_size=32),
    "previous_root_secret": st.binary(max_size=4),
    "manifest": st.binary(max_size=9),
    "manifest_signature": st.binary(max_size=4),
    "secrets": st.dictionaries(NAMES, SECRETS),
    "previous_secrets": st.dictionaries(NAMES, SECRETS),
    "activations": st.dictionaries(NAMES, COUNTS),
    "package_versions": st.dictionaries(NAMES, COUNTS),
    "proposal": st.none() | st.builds(ProposedManifest, st.binary(max_size=9), st.tuples(NAMES)),
    "counters": st.dictionaries(NAMES, st.dictionaries(NAMES, COUNTS)),
    "update_log": st.tuples(st.text(max_size=9)),
    "generation": COUNTS,
}
STEPS = st.lists(st.fixed_dictionaries({}, optional=VALUES), max_size=6)


def after(deployment: Deployment, step: dict[str, Any]) -> Deployment:
    added = step.get("update_log", ())
    return replace(deployment, **(step | {"update_log": deployment.update_log + added}))


def test_every_member_can_change_but_the_root() -> None:
    assert {member.attribute for member in MEMBERS} == {"root", *VALUES}


@given(STEPS)
def test_changes_made_again_lead_to_the_same_state(steps: list[dict[str, Any]]) -> None:
    deployment, replay = BEGINNING, Replay(BEGINNING)
    for step in steps:
        following = after(deployment, step)
        replay.apply(difference(deployment, following))
        deployment = following
    assert replay.result() == deployment
    assert replay.result().generation == deployment.generation


def test_nothing_is_written_of_what_stayed() -> None:
    secrets = {f"secret {number}": SecretValue(private=b"s" * 100) for number in range(1000)}
    old = replace(BEGINNING, secrets=secrets, activations={"a": 1, "b": 1})
    new = replace(old, secrets=dict(secrets), activations={"a": 1, "b": 2})
    assert json.loads(difference(old, new)) == {"secrets": [{}, []], "activations": [{"b": 2}, []]}
    assert difference(old, old) == b"{}"


def test_what_a_caller_knows_to_be_the_same_is_not_compared() -> None:
    class Untouchable(dict[str, int]):
        def __iter__(self) -> Any:
            raise AssertionError("all entries were looked at")

    old = replace(BEGINNING, activations=Untouchable(a=1, b=1))
    new = replace(old, activations=Untouchable(a=1, b=2))
    written = difference(old, new, {"activations": ["b"]})
    assert json.loads(written) == {"activations": [{"b": 2}, []]}


def test_log_that_does_not_grow_is_a_mistake() -> None:
    old = replace(BEGINNING, update_log=("first", "second"))
    with pytest.raises(ValueError, match="update_log only grows"):
        difference(old, replace(old, update_log=("first",)))


ENTRIES = [member.name for member in MEMBERS if member.kind is Kind.ENTRIES]


@pytest.mark.parametrize(
    "value", [1, [], [{}], [{}, {}], [[], []], [{"a": "x y"}, []], [{}, [], 1]]
)
@pytest.mark.parametrize("name", ENTRIES)
def test_malformed_entries_are_named(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"a change to the state's {name} is malformed"):
        Replay(BEGINNING).apply(json.dumps({name: value}).encode())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (b"{", "a change to the state is not JSON"),
        (b"[]", "a change to the state is not an object"),
        (b'{"colour": 1}', "unknown member: colour"),
        (b'{"updateLog": "x"}', "updateLog is malformed"),
        (b'{"manifest": 1}', "manifest is malformed"),
    ],
)
def test_malformed_change_is_told(change: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Replay(BEGINNING).apply(change)
