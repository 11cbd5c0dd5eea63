"""The commands of ``ringtaw``, without loading any of them. A new command is a line here."""

from __future__ import annotations

import sys
from functools import cache
from typing import Final, NamedTuple

SUMMARY: Final = "Bring up confidential applications, verified, with their secrets."

OPTIONS: Final[dict[str, str]] = {
    "--version": "Show the version and exit.",
    "--debug": "Show tracebacks of errors.",
    "--trace-hooks": "Log each call of an adapter's hook to stderr, secrets masked. "
    "[env var: RINGTAW_TRACE_HOOKS]",
    "-h, --help": "Show this message and exit.",
}
"""The options that stand before a command."""

EXAMPLES: Final = (
    "status coordinator.example:4433",
    "help manifest update",
    "gramine check app.manifest.template",
)

ADAPTERS: Final = "ringtaw.adapters"
"""The contract's ENTRY_POINT_GROUP, whose module would load pluggy here."""


class Entry(NamedTuple):
    """Where a command is, and its summary in ``ringtaw --help``."""

    reference: str
    """``module:attribute`` of a click command or group."""
    summary: str
    """Equal to the command's own first line of help."""
    hook: str = ""
    """The hook that a command of an adapter needs."""


COMMANDS: Final[dict[str, Entry]] = {
    "adapter": Entry(
        "ringtaw_cli.adapter:adapter", "Make an adapter of one's own, try it and check it."
    ),
    "certificate": Entry(
        "ringtaw_cli.operator.certificate:certificate", "Get the certificates of a Coordinator."
    ),
    "completion": Entry(
        "ringtaw_cli.completion:completion",
        "Print the script that completes commands in a shell.",
    ),
    "help": Entry("ringtaw_cli.help:help_command", "Show the help of a command."),
    "man": Entry("ringtaw_cli.man:man", "Write the manual pages."),
    "check": Entry(
        "ringtaw_cli.verify.check:check", "Wait until a Coordinator answers and is verified."
    ),
    "demo": Entry("ringtaw_cli.demo.command:demo", "Bring up a deployment on this machine."),
    "doctor": Entry(
        "ringtaw_cli.doctor.command:doctor", "Look at this machine, and say what is wrong."
    ),
    "inspect": Entry(
        "ringtaw_cli.inspect:inspect", "Look at quotes, certificates and sealed states."
    ),
    "manifest": Entry(
        "ringtaw_cli.operator.manifest:manifest", "Set, get, verify and update manifests."
    ),
    "package-info": Entry(
        "ringtaw_cli.package_info:package_info", "Show what identifies an enclave."
    ),
    "plugins": Entry("ringtaw_cli.plugins:plugins", "List the installed adapters."),
    "recover": Entry(
        "ringtaw_cli.operator.recover:recover",
        "Give a recovery secret to a Coordinator that waits for it.",
    ),
    "recover-with-signature": Entry(
        "ringtaw_cli.operator.recover_with_signature:recover_with_signature",
        "Give a recovery secret that its owner has signed.",
    ),
    "runtime": Entry(
        "ringtaw_cli.runtime:runtime",
        "Make the premain's own Python, with what an activation needs.",
    ),
    "secret": Entry("ringtaw_cli.operator.secret:secret", "Get and set secrets."),
    "status": Entry("ringtaw_cli.operator.status:status", "Show the state of a Coordinator."),
    "verify": Entry(
        "ringtaw_cli.verify.command:verify", "Verify a Coordinator, its manifest, and Marbles."
    ),
    "version": Entry("ringtaw_cli.operator.version:version", "Show the version of this command."),
}

SECTIONS: Final[dict[str, tuple[str, ...]]] = {
    "Operators": (
        "status",
        "check",
        "manifest",
        "secret",
        "certificate",
        "recover",
        "recover-with-signature",
    ),
    "Auditors": ("verify", "inspect"),
    "Developers": ("doctor", "demo", "package-info", "plugins", "runtime", "adapter"),
    "About ringtaw": ("help", "version", "completion", "man"),
}
"""The sections of ``ringtaw --help``, and the commands in each. All are in one."""

ADAPTER_COMMANDS: Final[dict[str, Entry]] = {
    "prepare": Entry(
        "ringtaw_cli.libos.prepare:prepare",
        "Add the premain to an existing configuration.",
        hook="prepare_config",
    ),
    "check": Entry(
        "ringtaw_cli.libos.check:check",
        "Find what is wrong or doubtful in configurations.",
        hook="validate_config",
    ),
    "package-properties": Entry(
        "ringtaw_cli.libos.package_properties:package_properties",
        "Show what identifies a built enclave.",
        hook="package_properties",
    ),
    "run": Entry(
        "ringtaw_cli.libos.run:run",
        "Start an enclave on this machine.",
        hook="host_command",
    ),
}
"""The commands in the group of an adapter, each there if the adapter's build side has its hook."""


@cache
def adapter_summaries() -> dict[str, str]:
    """Return the installed adapters that no command's name hides. None of them is loaded."""
    from ringtaw_premain._entry_points import entry_points

    names = {entry.name for entry in entry_points(ADAPTERS, sys.path)} - COMMANDS.keys()
    return {name: adapter_summary(name) for name in sorted(names)}


def adapter_summary(name: str) -> str:
    """Return what the group of an adapter is for."""
    return f"Prepare, check, run enclaves: the adapter for {name}."
