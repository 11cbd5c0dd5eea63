"""Remembered identities of Coordinators: one file of certificates for each host and port.

They are in the configuration folder of the XDG Base Directory Specification: whoever can write
there decides whom this user's commands trust.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ringtaw_client import ClientError, InputError

from ringtaw_cli.session.files import OutputFile
from ringtaw_cli.session.planted import read_trusted

if TYPE_CHECKING:
    from ringtaw_client import Address, CoordinatorIdentity

_MAX_SIZE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Pin:
    """Where the identity of one Coordinator is remembered; ``own`` if the user named the file."""

    path: Path
    own: bool

    def read(self) -> CoordinatorIdentity | None:
        """Return the identity, or None if there is none yet.

        Raises:
            InputError: The file is there and cannot be used, or somebody else may have written it.
        """
        try:
            pem = read_trusted(self.path, _MAX_SIZE, named=self.own)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InputError(f"cannot read {self.path}: {error.strerror}") from None
        from ringtaw_client import CoordinatorIdentity

        try:
            return CoordinatorIdentity.from_pem(pem)
        except ClientError as error:
            raise InputError(
                f"{self.path}, which should say whom to trust, cannot be used: {error.message}",
                hint="restore it, or remove it and verify the Coordinator anew",
            ) from None

    def write(self, identity: CoordinatorIdentity) -> None:
        """Remember an identity: the whole file is there or the former one, for its owner alone.

        Raises:
            InputError: It cannot be written.
        """
        try:
            _make(self.path.parent)
        except OSError as error:
            raise InputError(f"cannot make {self.path.parent}: {error.strerror}") from None
        with OutputFile(self.path) as file:
            file.fill(identity.chain_pem.encode())


def _make(folder: Path) -> None:
    """Make a folder and those above it, each for this user alone."""
    for one in reversed([folder, *folder.parents]):
        if not one.exists():
            one.mkdir(mode=0o700, exist_ok=True)


def pin_of(address: Address, own: Path | None) -> Pin:
    """Return where the identity of the Coordinator at an address is, or shall be, remembered."""
    if own is not None:
        return Pin(own, own=True)
    return Pin(_folder() / f"{address}.pem", own=False)


def _folder() -> Path:
    base = os.environ.get("XDG_CONFIG_HOME", "")
    try:
        root = Path(base) if base.startswith("/") else Path.home() / ".config"
    except RuntimeError:
        raise InputError("there is no home directory", hint="give --coordinator-cert") from None
    return root / "ringtaw" / "coordinators"
