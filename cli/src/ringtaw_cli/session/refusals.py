"""What to do after a Coordinator has refused: a next step for what it says.

The words are those of MarbleRun's Coordinator and of Ringtaw's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ringtaw_client import RefusedError

WRONG_STATE: Final = "server is not in expected state"
_PENDING: Final = "ringtaw manifest update get prints the update that is pending"
_SECRETS: Final = "ringtaw manifest get prints the manifest, with the secrets that there are"
_STATUS: Final = "ringtaw status says what the Coordinator waits for"
_NEXT_STEPS: Final = {
    WRONG_STATE: _STATUS,
    "no manifest is set yet": _STATUS,
    "no update in progress": "ringtaw manifest log says what became of the last update",
    "update already in progress": _PENDING,
    "another update of the manifest is pending": _PENDING,
    "provided manifest does not match the pending manifest": _PENDING,
    "this is not the manifest that waits for acknowledgements": _PENDING,
    "specifies a secret which the original manifest does not contain": _SECRETS,
    "the manifest has no secret": _SECRETS,
}


@contextmanager
def next_steps() -> Iterator[None]:
    """Add what to do to a refusal that says nothing about it."""
    try:
        yield
    except RefusedError as error:
        steps = (step for words, step in _NEXT_STEPS.items() if words in error.message)
        error.hint = error.hint or next(steps, "")
        raise
