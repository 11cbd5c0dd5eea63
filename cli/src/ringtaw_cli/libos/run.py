"""``ringtaw ADAPTER run``: starts an enclave on this machine and stands aside."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import click
from ringtaw_buildkit import process
from ringtaw_buildkit.adapters import BuildSide
from ringtaw_premain.build_hookspecs import RunRequest

from ringtaw_cli.command import Command
from ringtaw_cli.libos.group import pass_side
from ringtaw_cli.libos.pairs import pairs


@click.command(
    cls=Command,
    context_settings={"allow_interspersed_args": False},
    examples=(
        "--coordinator coordinator:2001 --marble-type frontend -- ARGS",
        "--direct --env EDG_LOG_FORMAT=json -- ARGS",
    ),
)
@click.option("--direct", is_flag=True, help="Without SGX, where the libOS has such a mode.")
@click.option("--marble-type", metavar="NAME", help="Sets EDG_MARBLE_TYPE.")
@click.option("--coordinator", metavar="HOST:PORT", help="Sets EDG_MARBLE_COORDINATOR_ADDR.")
@click.option("--uuid-file", metavar="FILE", help="Sets EDG_MARBLE_UUID_FILE.")
@click.option("--dns-names", metavar="NAMES", help="Sets EDG_MARBLE_DNS_NAMES, comma-separated.")
@click.option(
    "--env",
    "variables",
    metavar="NAME=VALUE",
    multiple=True,
    callback=pairs,
    help="A variable for the libOS. Everybody on this machine can read it here: pass on a secret "
    "in your own environment instead, all of which the libOS receives. May be repeated.",
)
@click.argument("arguments", metavar="[--] ARGS...", nargs=-1, type=click.UNPROCESSED)
@pass_side
def run(
    side: BuildSide,
    direct: bool,
    marble_type: str | None,
    coordinator: str | None,
    uuid_file: str | None,
    dns_names: str | None,
    variables: Mapping[str, str],
    arguments: Sequence[str],
) -> int:
    """Start an enclave on this machine.

    ARGS are the libOS's own arguments. Input, output, signals and the exit code are the enclave's;
    127 says that the libOS is not installed, 126 that it cannot be executed.
    """
    marble = {
        "EDG_MARBLE_TYPE": marble_type,
        "EDG_MARBLE_COORDINATOR_ADDR": coordinator,
        "EDG_MARBLE_UUID_FILE": uuid_file,
        "EDG_MARBLE_DNS_NAMES": dns_names,
    }
    given = {name: value for name, value in marble.items() if value is not None}
    environment = {**os.environ, **variables, **given}
    return process.run(side.host_command(RunRequest(tuple(arguments), environment, direct)))
