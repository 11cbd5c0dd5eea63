"""``ringtaw status``."""

from __future__ import annotations

import click
from ringtaw_client import State

from ringtaw_cli.command import Command, format_option
from ringtaw_cli.output import data, json_data, printable, say
from ringtaw_cli.session.opening import session
from ringtaw_cli.session.options import Access, coordinator_argument, coordinator_options

_NEXT = {
    State.RECOVERY: "next: what it asks for; if that is recovery: ringtaw recover, by each owner",
    State.ACCEPTING_MANIFEST: "next: ringtaw manifest set",
}


@click.command(
    cls=Command,
    examples=(
        "coordinator.example:4433 --era-config coordinator-era.json",
        "coordinator.example:4433 --format json",
    ),
)
@coordinator_argument
@format_option()
@coordinator_options
def status(address: str, output_format: str, access: Access) -> None:
    """Show the state of a Coordinator.

    0 is not initialised, 1 waits for recovery, 2 waits for a manifest, 3 accepts Marbles. A
    Coordinator that waits for recovery has another certificate: give --era-config then.
    """
    with session(access, address, recovering=True) as coordinator:
        found = coordinator.status()
    if output_format == "json":
        name = found.state.name.lower().replace("_", "-")
        json_data(code=found.state.value, state=name, message=found.message)
        return
    data(f"{found.state.value}: {printable(found.message)}")
    if found.state in _NEXT:
        say(_NEXT[found.state])
