"""The software TEE of the demo, and what a process needs to be an enclave of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from ringtaw_attestation.softtee import Enclave, open_software_tee, write_software_collateral
from ringtaw_attestation.softtee.keys import measurement
from ringtaw_softtee.identity import write_identity

NAMES: Final = ("coordinator", "hello", "impostor")


@dataclass(frozen=True, slots=True)
class Platform:
    """A directory with a software TEE, its collateral and its enclaves."""

    directory: Path
    collateral: Path

    @property
    def roots(self) -> Path:
        """PEM file with the root to trust."""
        return self.directory / "root.pem"

    def settings(self, enclave: str) -> dict[str, str]:
        """Return what makes a process this enclave."""
        return {
            "RINGTAW_ADAPTER": "softtee",
            "RINGTAW_SOFTTEE_DIR": str(self.directory),
            "RINGTAW_SOFTTEE_ENCLAVE": enclave,
        }

    def trust(self) -> dict[str, str]:
        """Return by what a Coordinator judges evidence."""
        return {
            "RINGTAW_TRUSTED_ROOTS": str(self.roots),
            "RINGTAW_COLLATERAL": str(self.collateral),
        }


def make_platform(directory: Path) -> Platform:
    """Make a software TEE, with an enclave for each name."""
    tee = open_software_tee(directory)
    collateral = write_software_collateral(tee, directory, datetime.now(UTC))
    for name in NAMES:
        write_identity(directory, name, Enclave(unique_id=unique_id(name)))
    return Platform(directory, collateral)


def unique_id(name: str) -> bytes:
    """Return the measurement of an enclave."""
    return measurement(f"ringtaw demo {name}")


def era_config() -> bytes:
    """Return which Coordinator is wanted."""
    return json.dumps({"UniqueID": unique_id("coordinator").hex()}, indent=2).encode() + b"\n"


def manifest(argv: list[str]) -> bytes:
    """Return a manifest with one Marble, which receives a greeting, a secret and a certificate."""
    parameters: dict[str, Any] = {
        "Argv": argv,
        "Env": {"GREETING": "welcome to the mesh", "DISK_KEY": "{{ hex .Secrets.DiskKey }}"},
    }
    document = {
        "Packages": {"hello": {"UniqueID": unique_id("hello").hex()}},
        "Marbles": {"hello": {"Package": "hello", "Parameters": parameters}},
        "Secrets": {"DiskKey": {"Type": "symmetric-key", "Size": 128}},
    }
    return json.dumps(document, indent=2).encode() + b"\n"
