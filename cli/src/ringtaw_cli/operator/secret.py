"""``ringtaw secret``: the group."""

from __future__ import annotations

from ringtaw_cli.command import LazyGroup
from ringtaw_cli.table import Entry

secret = LazyGroup(
    "secret",
    entries={
        "get": Entry("ringtaw_cli.operator.secret_get:get", "Get secrets that a user may read."),
        "set": Entry("ringtaw_cli.operator.secret_set:set_secret", "Set user-defined secrets."),
    },
    examples=("get apiKey coordinator.example:4433 -c alice.pem -k alice.key",),
    help="Get and set secrets.",
)
"""The group ``ringtaw secret``."""
