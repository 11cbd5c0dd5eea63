"""``ringtaw manifest``: the group. A command more is a line here."""

from __future__ import annotations

from typing import Final

from ringtaw_cli.command import LazyGroup
from ringtaw_cli.table import Entry

_HERE: Final = "ringtaw_cli.operator"

MANIFEST_COMMANDS: Final[dict[str, Entry]] = {
    "check": Entry(
        "ringtaw_cli.manifest_check:check", "Find what is wrong or doubtful in a manifest."
    ),
    "diff": Entry(
        "ringtaw_cli.manifest_diff:diff", "Show what an update of a manifest would mean."
    ),
    "get": Entry(f"{_HERE}.manifest_get:get", "Get the manifest in force."),
    "log": Entry(f"{_HERE}.manifest_log:log", "Get the log of updates."),
    "new": Entry("ringtaw_cli.manifest_new:new", "Write a first manifest."),
    "set": Entry(f"{_HERE}.manifest_set:set_manifest", "Set the manifest."),
    "signature": Entry(f"{_HERE}.manifest_verify:signature", "Print the SHA-256 of a manifest."),
    "update": Entry(
        f"{_HERE}.manifest_update:update", "Update the manifest, if need be by several users."
    ),
    "verify": Entry(
        f"{_HERE}.manifest_verify:verify", "Make sure which manifest a Coordinator has."
    ),
}

manifest = LazyGroup(
    "manifest",
    entries=MANIFEST_COMMANDS,
    examples=(
        "set manifest.json coordinator.example:4433 --era-config coordinator-era.json",
        "verify manifest.json coordinator.example:4433",
    ),
    help="Set, get, verify and update manifests.",
)
"""The group ``ringtaw manifest``."""
