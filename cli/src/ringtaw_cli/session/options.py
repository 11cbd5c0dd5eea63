"""The options of every command that talks to a Coordinator. Names and letters are MarbleRun's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from ringtaw_cli.command import Seconds, SharedOption
from ringtaw_cli.leading import FLAGS, GLOBAL
from ringtaw_cli.output import say

if TYPE_CHECKING:
    from ringtaw_client import Limits, Trust

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
SECTION: Final = "Options on the Coordinator"
TIMEOUT: Final = 120.0
LONGEST_TIMEOUT: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Access:
    """Which Coordinator is wanted, and how it is reached and judged."""

    era_config: Path | None = None
    insecure: bool = False
    accepted_tcb_statuses: tuple[str, ...] = ()
    accepted_advisories: tuple[str, ...] = ()
    nonce: str = ""
    save_sgx_quote: Path | None = None
    coordinator_cert: Path | None = None
    accept_new_identity: bool = False
    server_name: str = ""
    collateral: str = ""
    pccs_ca: Path | None = None
    trusted_roots: Path | None = None
    accept_software_tee: bool = False
    timeout: float = TIMEOUT

    def limits(self) -> Limits:
        """Return how long a call may take."""
        from ringtaw_client import Limits

        usual = Limits()
        return Limits(
            connect_timeout=min(usual.connect_timeout, self.timeout),
            silence_timeout=min(usual.silence_timeout, self.timeout),
            total_timeout=self.timeout,
        )

    def trust(self) -> Trust:
        """Return what evidence is judged by."""
        from ringtaw_client import Trust

        usual = Trust()
        return Trust(
            collateral=self.collateral or usual.collateral,
            collateral_ca=self.pccs_ca,
            collateral_timeout=min(usual.collateral_timeout, self.timeout),
            roots=self.trusted_roots,
            accept_software_tee=self.accept_software_tee,
        )


def comma_separated(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> Any:
    """Split what may be repeated, and may be separated by commas as well."""
    return tuple(part for value in values for part in value.split(",") if part)


def gathered(kind: type[Any], name: str, *options: Any) -> Callable[[Decorated], Decorated]:
    """Return a decorator that gives a command options and the values in one object.

    The object is of the dataclass ``kind``, whose fields are the options' names; the command gets
    it as the argument ``name``.
    """

    def decorate(function: Decorated) -> Decorated:
        @wraps(function)
        def command(*arguments: Any, **settings: Any) -> Any:
            values = {field.name: settings.pop(field.name) for field in fields(kind)}
            return function(*arguments, **settings, **{name: kind(**values)})

        result: Any = command
        for option in reversed(options):
            result = option(result)
        decorated: Decorated = result
        return decorated

    return decorate


def _of_kubernetes(_: click.Context, __: click.Parameter, value: str) -> None:
    if value:
        say("--namespace is about Kubernetes, and has no effect here")


_namespace = click.option(
    "-n",
    "--namespace",
    default="",
    hidden=True,
    expose_value=False,
    callback=_of_kubernetes,
)
"""MarbleRun's CLI takes it with every command, and so do scripts that were written for it."""


def without_coordinator(function: Decorated) -> Decorated:
    """Give a command that talks to no Coordinator the options on one, without effect.

    MarbleRun's CLI takes them with every command.
    """
    for name in (FLAGS | GLOBAL) - {"-n", "--namespace"}:
        function = click.option(name, is_flag=name in FLAGS, hidden=True, expose_value=False)(
            function
        )
    return _namespace(function)


class OptionalPath(click.Path):
    """A path; an empty one is as good as none, for scripts with variables that are not set."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path, or None."""
        return super().convert(value, param, ctx) if value else None


output_option = click.option(
    "-o",
    "--output",
    type=OptionalPath(),
    metavar="FILE",
    help="Write to this file. [default: stdout]",
)
"""Where the data of a command goes: its argument ``output``, for ``write_output``."""


def _address(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    """Refuse what is no address before anything is read or asked for."""
    from ringtaw_client import Address, InputError

    if not ctx.resilient_parsing:
        try:
            Address.parse(value)
        except InputError as error:
            raise click.BadParameter(f"{error.message}: {error.hint}", ctx, parameter) from None
    return value


_option = partial(click.option, cls=SharedOption, section=SECTION)

coordinator_options = gathered(
    Access,
    "access",
    _option(
        "-e",
        "--era-config",
        type=OptionalPath(),
        metavar="FILE",
        help="Properties of the Coordinator's enclave or trust domain, JSON. Needed to verify the "
        "Coordinator: the first time, and whenever it is given. [default: coordinator-era.json or "
        "era-config.json in this folder]",
    ),
    _option(
        "-i",
        "--insecure",
        is_flag=True,
        help="Take whoever answers for the Coordinator, WITHOUT ANY PROOF. For simulations.",
    ),
    _option(
        "--accepted-tcb-statuses",
        metavar="NAMES",
        multiple=True,
        callback=comma_separated,
        help="TCB statuses of the Coordinator's platform that are accepted, separated by commas. "
        "[default: those of the era config, else UpToDate,SWHardeningNeeded]",
    ),
    _option(
        "--accepted-advisories",
        metavar="NAMES",
        multiple=True,
        callback=comma_separated,
        help="Advisories that are accepted with SWHardeningNeeded, separated by commas. [default: "
        "those of the era config, else all]",
    ),
    _option("--nonce", default="", help="Nonce for the evidence. [default: fresh, random]"),
    _option(
        "--save-sgx-quote",
        type=OptionalPath(),
        metavar="FILE",
        help="Save the Coordinator's quote.",
    ),
    _option(
        "--coordinator-cert",
        type=OptionalPath(),
        metavar="FILE",
        help="Where the verified Coordinator's certificate is kept: the one in it is trusted. "
        "[default: a file for each host and port in ~/.config/ringtaw/coordinators]",
    ),
    _option(
        "--accept-new-identity",
        is_flag=True,
        help="Verify anew, and trust the Coordinator's new root certificate in place of the former "
        "one.",
    ),
    _option(
        "--server-name",
        metavar="NAME",
        default="",
        help="Name in the Coordinator's certificate, if it is reached by another one.",
    ),
    _option(
        "--collateral",
        metavar="URL|PATH",
        default="",
        envvar="RINGTAW_COLLATERAL",
        show_envvar=True,
        help="PCCS, or file or folder of collateral. [default: Intel's service]",
    ),
    _option(
        "--pccs-ca",
        type=OptionalPath(),
        metavar="FILE",
        envvar="RINGTAW_PCCS_CA",
        show_envvar=True,
        help="CA of the PCCS, PEM.",
    ),
    _option(
        "--trusted-roots",
        type=OptionalPath(),
        metavar="FILE",
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
        type=Seconds(0.1, LONGEST_TIMEOUT),
        metavar="SECONDS",
        default=TIMEOUT,
        show_default=True,
        help="For each call of the Coordinator.",
    ),
    _namespace,
)
"""Gives a command the options of :class:`Access`, as its argument ``access``."""

coordinator_argument = click.argument("address", metavar="HOST:PORT", callback=_address)
"""The Coordinator's client API; the command's argument ``address``."""
