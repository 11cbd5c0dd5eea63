"""Which Coordinator is wanted, and what evidence is judged by: the options of verification."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ringtaw_cli.command import Seconds, SharedOption
from ringtaw_cli.session.options import TIMEOUT, Access, comma_separated, gathered

if TYPE_CHECKING:
    from ringtaw_client import CoordinatorPolicy, Limits, Trust

_NOBODY_SAID: Final = (
    "nothing says which Coordinator is wanted: give --era-config FILE, --unique-id HEX, or "
    "--signer-id HEX with --product-id and --security-version; for a trust domain, --era-config"
)
_FILE: Final = click.Path(path_type=Path, exists=True, dir_okay=False)


@dataclass(frozen=True, slots=True)
class Basis:
    """What the options say."""

    era_config: Path | None
    unique_id: str
    signer_id: str
    product_id: int | None
    security_version: int | None
    accept_debug: bool
    accepted_tcb_statuses: tuple[str, ...]
    accepted_advisories: tuple[str, ...]
    collateral: str
    pccs_ca: Path | None
    trusted_roots: Path | None
    accept_software_tee: bool
    timeout: float

    def policy(self, subject: str) -> CoordinatorPolicy:
        """Return which Coordinator is wanted; ``subject`` is for the error that nobody said so."""
        from ringtaw_client import CoordinatorPolicy

        from ringtaw_cli.session.opening import ERA_CONFIGS, known_statuses, policy_of

        identity = self._identity()
        if not identity:
            if self.era_config is None and not any(Path(name).exists() for name in ERA_CONFIGS):
                raise click.UsageError(_NOBODY_SAID)
            policy = policy_of(self._access(), subject)
            return replace(policy, debug=policy.debug or self.accept_debug)
        if self.era_config is not None:
            raise click.UsageError("--era-config names the properties: give them in one place")
        return CoordinatorPolicy(
            **identity,
            debug=self.accept_debug,
            accepted_tcb_statuses=known_statuses(self.accepted_tcb_statuses),
            accepted_advisories=self.accepted_advisories,
        )

    def trust(self) -> Trust:
        """Return trusted roots and the source of collateral."""
        return self._access().trust()

    def limits(self) -> Limits:
        """Return how long a peer may take."""
        return self._access().limits()

    def _identity(self) -> dict[str, Any]:
        named = {
            "unique_id": self.unique_id,
            "signer_id": self.signer_id,
            "product_id": self.product_id,
            "security_version": self.security_version,
        }
        return {name: value for name, value in named.items() if value not in (None, "")}

    def _access(self) -> Access:
        return Access(
            era_config=self.era_config,
            accepted_tcb_statuses=self.accepted_tcb_statuses,
            accepted_advisories=self.accepted_advisories,
            collateral=self.collateral,
            pccs_ca=self.pccs_ca,
            trusted_roots=self.trusted_roots,
            accept_software_tee=self.accept_software_tee,
            timeout=self.timeout,
        )


_option = partial(
    click.option, cls=SharedOption, section="Which Coordinator is wanted, and how it is judged"
)

basis_options = gathered(
    Basis,
    "basis",
    _option(
        "-e",
        "--era-config",
        metavar="FILE",
        type=_FILE,
        help="Properties of the wanted Coordinator's enclave or trust domain, JSON. [default: "
        "coordinator-era.json or era-config.json in this folder, where no property is given]",
    ),
    _option("--unique-id", metavar="HEX", default="", help="Its UniqueID (MRENCLAVE)."),
    _option("--signer-id", metavar="HEX", default="", help="Its SignerID (MRSIGNER)."),
    _option("--product-id", metavar="NUMBER", type=click.IntRange(0, 65535), help="Its ProductID."),
    _option(
        "--security-version",
        metavar="NUMBER",
        type=click.IntRange(0, 65535),
        help="Its lowest SecurityVersion.",
    ),
    _option(
        "--debug",
        "accept_debug",
        is_flag=True,
        help="Accept one in debug mode, which protects nothing.",
    ),
    _option(
        "--accepted-tcb-statuses",
        metavar="NAMES",
        multiple=True,
        callback=comma_separated,
        help="TCB statuses to accept, separated by commas. [default: those of the era config, else "
        "UpToDate,SWHardeningNeeded]",
    ),
    _option(
        "--accepted-advisories",
        metavar="NAMES",
        multiple=True,
        callback=comma_separated,
        help="Advisories to accept with SWHardeningNeeded, separated by commas. [default: those of "
        "the era config, else all]",
    ),
    _option(
        "--collateral",
        "--pccs",
        "collateral",
        metavar="URL|PATH",
        default="",
        envvar="RINGTAW_COLLATERAL",
        show_envvar=True,
        help="PCCS, or file or folder of collateral. [default: Intel's service]",
    ),
    _option(
        "--pccs-ca",
        metavar="FILE",
        type=_FILE,
        envvar="RINGTAW_PCCS_CA",
        show_envvar=True,
        help="CA of the PCCS, PEM.",
    ),
    _option(
        "--trusted-roots",
        metavar="FILE",
        type=_FILE,
        envvar="RINGTAW_TRUSTED_ROOTS",
        show_envvar=True,
        help="Roots of evidence to trust in place of Intel's, PEM.",
    ),
    _option(
        "--accept-software-tee",
        is_flag=True,
        help="Accept evidence of a software TEE, which PROTECTS NOTHING. For tests.",
    ),
    _option(
        "--timeout",
        type=Seconds(0.1, 3600),
        metavar="SECONDS",
        default=TIMEOUT,
        show_default=True,
        help="For each answer of a peer.",
    ),
)
"""Gives a command the options of :class:`Basis`, as its argument ``basis``."""
