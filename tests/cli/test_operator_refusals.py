"""What a Coordinator refuses comes with a next step, in whosever words it refuses."""

from __future__ import annotations

import pytest
from ringtaw_cli.session.refusals import next_steps
from ringtaw_client import RefusedError

WHERE = "https://localhost:4433"


@pytest.mark.parametrize(
    ("message", "step"),
    [
        ("server is not in expected state: Ready to accept a manifest.", "ringtaw status"),
        ("no manifest is set yet", "ringtaw status"),
        ("no update in progress", "ringtaw manifest log"),
        ("update already in progress. Acknowledge the update", "ringtaw manifest update get"),
        ("another update of the manifest is pending: acknowledge", "ringtaw manifest update get"),
        ("provided manifest does not match the pending manifest", "ringtaw manifest update get"),
        ('the manifest has no secret "x"', "ringtaw manifest get"),
    ],
)
def test_a_refusal_has_a_next_step(message: str, step: str) -> None:
    assert step in hint_of(RefusedError(f"POST /api/v2/x: {message}", where=WHERE, status=500))


def test_what_is_known_better_stays() -> None:
    error = RefusedError("no update in progress", where=WHERE, status=404, hint="another step")
    assert hint_of(error) == "another step"


def test_other_refusals_stay_as_they_are() -> None:
    assert hint_of(RefusedError("out of order", where=WHERE, status=500)) == ""


def hint_of(error: RefusedError) -> str:
    with pytest.raises(RefusedError) as refused, next_steps():
        raise error
    return refused.value.hint
