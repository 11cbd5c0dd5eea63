"""``ringtaw inspect``: what is in a file, without any statement about its being genuine."""

from __future__ import annotations

from ringtaw_cli.command import LazyGroup
from ringtaw_cli.table import Entry

inspect = LazyGroup(
    "inspect",
    entries={
        "quote": Entry(f"{__name__}.quote:quote", "Show the fields of an SGX or TDX quote."),
        "certificate": Entry(
            f"{__name__}.certificate:certificate", "Show a certificate, and what a Marble's says."
        ),
        "sealed-state": Entry(
            f"{__name__}.sealed_state:sealed_state", "Show the form of a Coordinator's state."
        ),
    },
    examples=("quote quote.bin", "certificate marble.example:8443", "sealed-state DIR"),
    help="Look at quotes, certificates and sealed states.",
)
"""The group ``ringtaw inspect``. Nothing in it verifies, and nothing needs a key."""
