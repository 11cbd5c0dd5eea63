"""Collateral in files: for verification without network, and for the cache."""

from __future__ import annotations

from pathlib import Path

from ringtaw_attestation._files import write_atomically
from ringtaw_attestation.collateral.json_form import (
    MAX_SIZE,
    collateral_from_json,
    collateral_to_json,
)
from ringtaw_attestation.collateral.model import Collateral, PlatformKind
from ringtaw_attestation.errors import CollateralUnavailableError, ConfigurationError


class CollateralFiles:
    """A file with collateral, or a directory with one per kind of platform.

    Files in a directory are called ``<tee>-<ca>-<fmspc>.json``, for example
    ``sgx-platform-00606A000000.json``.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def fetch(self, platform: PlatformKind) -> Collateral:
        """Read collateral; see :class:`.CollateralSource`. Nothing is verified here."""
        path = self._path / f"{platform}.json" if self._path.is_dir() else self._path
        try:
            return read_collateral(path)
        except ConfigurationError as error:
            raise CollateralUnavailableError(str(error)) from error


def read_collateral(path: Path) -> Collateral:
    """Read one file.

    Raises:
        CollateralUnavailableError: It cannot be read.
        ConfigurationError: It is malformed.
    """
    try:
        with path.open("rb") as file:
            text = file.read(MAX_SIZE + 1)
    except OSError as error:
        raise CollateralUnavailableError(
            f"cannot read collateral from {path}: {error.strerror}"
        ) from error
    try:
        return collateral_from_json(text)
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error.message}") from error


def write_collateral(directory: Path, platform: PlatformKind, collateral: Collateral) -> Path:
    """Write one file of a directory, atomically and durably; the directory is made if needed.

    Raises:
        OSError: It cannot be written.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = directory / f"{platform}.json"
    write_atomically(target, collateral_to_json(collateral))
    return target
