"""The command ``python -m ringtaw_softtee``: makes software TEEs and what runs in them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from ringtaw_attestation import ConfigurationError
from ringtaw_attestation.softtee import (
    Enclave,
    TrustDomain,
    open_software_tee,
    write_software_collateral,
)
from ringtaw_attestation.softtee.keys import measurement
from ringtaw_attestation.softtee.store import ROOT_FILE
from ringtaw_premain.errors import PlatformError, PremainError

from ringtaw_softtee.identity import Identity, packages, write_identity


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0, 1 if it failed, 2 for wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        result = _init(options) if options.command == "init" else _enclave(options)
    except (ConfigurationError, PremainError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    json.dump(result, sys.stdout, indent=2)
    print()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ringtaw_softtee",
        description="Software TEEs, for tests and development: they protect nothing.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    init = commands.add_parser(
        "init", help="make a software TEE, or collateral anew for one that exists"
    )
    enclave = commands.add_parser(
        "enclave",
        help="register an enclave and print the packages that can stand for it in a manifest",
    )
    for command in (init, enclave):
        command.add_argument("directory", type=Path, metavar="DIRECTORY")
    enclave.add_argument("name", metavar="NAME")
    enclave.add_argument("--tdx", action="store_true", help="a TDX trust domain, no SGX enclave")
    enclave.add_argument("--debug", action="store_true", help="one that the host can look into")
    enclave.add_argument("--signer", default="signer", help="SignerID follows from this name")
    enclave.add_argument("--product-id", type=_u16, default=1, metavar="NUMBER")
    enclave.add_argument("--security-version", type=_u16, default=1, metavar="NUMBER")
    return parser


def _u16(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 0xFFFF:
        raise argparse.ArgumentTypeError(f"{number} is not from 0 to 65535")
    return number


def _init(options: argparse.Namespace) -> dict[str, object]:
    directory = options.directory
    tee = open_software_tee(directory)
    collateral = write_software_collateral(tee, directory, datetime.now(UTC))
    return {"root": str(directory / ROOT_FILE), "collateral": str(collateral)}


def _enclave(options: argparse.Namespace) -> dict[str, object]:
    if not options.directory.is_dir():
        raise PlatformError(
            f"there is no software TEE in {options.directory}",
            hint=f"make one: python -m ringtaw_softtee init {options.directory}",
        )
    identity = _identity(options)
    write_identity(options.directory, options.name, identity)
    return dict(packages(identity))


def _identity(options: argparse.Namespace) -> Identity:
    """Return an identity whose measurements follow from its name."""
    name = options.name
    if options.tdx:
        registers = (measurement(f"{name} RTMR{number}", 48) for number in range(4))
        first, second, third, fourth = registers
        return TrustDomain(measurement(name, 48), (first, second, third, fourth), options.debug)
    return Enclave(
        unique_id=measurement(name),
        signer_id=measurement(options.signer),
        product_id=options.product_id,
        security_version=options.security_version,
        debug=options.debug,
    )


if __name__ == "__main__":
    sys.exit(main())
