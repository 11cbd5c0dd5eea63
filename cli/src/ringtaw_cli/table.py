"""The commands of ``ringtaw``, without loading any of them. A new command is a line here."""

from __future__ import annotations

from typing import Final, NamedTuple


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
    "manifest": Entry(
        "ringtaw_cli.operator.manifest:manifest", "Set, get, verify and update manifests."
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
