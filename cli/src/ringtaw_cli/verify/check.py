"""``ringtaw check``: wait until a Coordinator is there, and is the wanted one."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import click
import ringtaw_client as client

from ringtaw_cli.command import Command, Seconds, format_option
from ringtaw_cli.output import data, json_data, printable
from ringtaw_cli.verify.basis import Basis, basis_options

if TYPE_CHECKING:
    from ringtaw_client import Status, VerifiedCoordinator

_PAUSE: Final = 0.5
_SHORTEST: Final = 5.0
"""Seconds that an answer may take at least, even where nothing is to be waited for."""
_KUBERNETES: Final = (
    "missing argument 'HOST:PORT': marblerun check waits for pods of Kubernetes, as kubectl "
    "rollout status does; this waits for a Coordinator"
)


@click.command(
    cls=Command,
    examples=(
        "coordinator.example:4433 --era-config coordinator-era.json",
        "coordinator.example:4433 --wait 300 --format json",
    ),
)
@click.argument("address", metavar="HOST:PORT", required=False)
@click.option(
    "--wait",
    metavar="SECONDS",
    type=Seconds(0, 86_400),
    default=60.0,
    show_default=True,
    help="How long it may take until the Coordinator answers.",
)
@basis_options
@format_option()
def check(address: str | None, wait: float, basis: Basis, output_format: str) -> None:
    """Wait until a Coordinator answers and is verified.

    Only silence is waited for: a Coordinator that is not the wanted one is an error at once. The
    exit code is 12 if none answered in time.
    """
    from ringtaw_cli.session.opening import show_warnings

    if address is None:
        raise click.UsageError(_KUBERNETES)
    show_warnings()
    verified, status = _wait(address, basis, time.monotonic() + wait)
    if output_format == "json":
        json_data(
            address=str(verified.address),
            certificate_sha256=verified.identity.fingerprint,
            code=status.state.value,
            message=status.message,
        )
    else:
        data(f"{verified.address} is verified and answers: {printable(status.message)}")


def _wait(address: str, basis: Basis, deadline: float) -> tuple[VerifiedCoordinator, Status]:
    policy, trust, usual = basis.policy(address), basis.trust(), basis.limits()
    while True:
        left = max(deadline - time.monotonic(), _SHORTEST)
        limits = replace(usual, total_timeout=min(usual.total_timeout, left))
        try:
            verified = client.verify(address, policy, trust, limits=limits)
            return verified, verified.connect(limits=limits).status()
        except client.UnreachableError:
            if time.monotonic() + _PAUSE > deadline:
                raise
        time.sleep(_PAUSE)
