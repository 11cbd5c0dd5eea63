"""``ringtaw certificate``: the group and its commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from ringtaw_client import CoordinatorIdentity

from ringtaw_cli.command import Command, LazyGroup, format_option
from ringtaw_cli.output import json_data
from ringtaw_cli.session.files import write_output
from ringtaw_cli.session.opening import session
from ringtaw_cli.session.options import (
    Access,
    OptionalPath,
    coordinator_argument,
    coordinator_options,
)
from ringtaw_cli.table import Entry

Pem = Callable[[CoordinatorIdentity], str]


def _command(name: str, default: str, summary: str, note: str, pem: Pem) -> click.Command:
    """Return the command that writes one kind of certificates."""

    @click.command(
        name,
        cls=Command,
        examples=("coordinator.example:4433", "coordinator.example:4433 -o -"),
        help=f"{summary}\n\n{note}",
    )
    @coordinator_argument
    @click.option(
        "-o",
        "--output",
        type=OptionalPath(),
        metavar="FILE",
        help=f"Write to this file; - is stdout. [default: {default}; with --format json, none]",
    )
    @format_option()
    @coordinator_options
    def command(address: str, output: Path | None, output_format: str, access: Access) -> None:
        with session(access, address) as coordinator:
            identity = coordinator.certificate_chain()
        text = pem(identity)
        is_json = output_format == "json"
        if output is not None or not is_json:
            write_output(output or Path(default), text.encode(), public=True)
        if is_json:
            json_data(certificates=text, root=identity.fingerprint)

    return command


def _root(identity: CoordinatorIdentity) -> str:
    return identity.root_pem


def _intermediate(identity: CoordinatorIdentity) -> str:
    return identity.chain_pem.removesuffix(identity.root_pem)


def _chain(identity: CoordinatorIdentity) -> str:
    return identity.chain_pem


_SUMMARIES = {
    "root": "Get the root certificate.",
    "intermediate": "Get the intermediate certificate.",
    "chain": "Get intermediate and root certificate.",
}
_COMMANDS: dict[str, tuple[str, str, Any]] = {
    "root": (
        "marblerunRootCA.crt",
        "The Coordinator proves with it who it is. It stays the same for the life of a deployment.",
        _root,
    ),
    "intermediate": (
        "marblerunIntermediateCA.crt",
        "Its issuer is the root. Every update of the manifest makes a new one.",
        _intermediate,
    ),
    "chain": (
        "marblerunChainCA.crt",
        "The intermediate certificate comes first. All Marbles lead to the root.",
        _chain,
    ),
}
root, intermediate, chain = (
    _command(name, default, _SUMMARIES[name], note, pem)
    for name, (default, note, pem) in _COMMANDS.items()
)

certificate = LazyGroup(
    "certificate",
    entries={name: Entry(f"{__name__}:{name}", summary) for name, summary in _SUMMARIES.items()},
    examples=("root coordinator.example:4433 --era-config coordinator-era.json -o root.pem",),
    help="Get the certificates of a Coordinator.",
)
"""The group ``ringtaw certificate``."""
