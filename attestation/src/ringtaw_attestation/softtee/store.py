"""A software TEE in a directory, so that several processes share one.

``seed`` is its only secret and readable for its owner alone; ``root.pem`` is what a verifier is
configured to trust; ``collateral/`` is what a verifier without a PCCS reads.
"""

from __future__ import annotations

import os
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Final

from ringtaw_attestation._files import write_atomically
from ringtaw_attestation.collateral.files import write_collateral
from ringtaw_attestation.collateral.model import PckCa
from ringtaw_attestation.errors import ConfigurationError
from ringtaw_attestation.quote.parse import Tee
from ringtaw_attestation.softtee.keys import SEED_SIZE
from ringtaw_attestation.softtee.platform import SoftwarePlatform
from ringtaw_attestation.softtee.tee import SoftwareTee

SEED_FILE: Final = "seed"
ROOT_FILE: Final = "root.pem"
COLLATERAL_DIRECTORY: Final = "collateral"


def open_software_tee(directory: Path) -> SoftwareTee:
    """Return the software TEE of a directory; the first to ask makes it.

    Raises:
        ConfigurationError: The directory cannot be used, or holds something else.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = directory / SEED_FILE
        if not path.exists():
            _create(path, os.urandom(SEED_SIZE))
        tee = SoftwareTee(_read_seed(path))
        write_atomically(directory / ROOT_FILE, tee.root_ca.pem)
    except OSError as error:
        raise ConfigurationError(
            f"cannot keep a software TEE in {directory}: {error.strerror}"
        ) from error
    return tee


def write_software_collateral(tee: SoftwareTee, directory: Path, issued: datetime) -> Path:
    """Write collateral for all platforms of a software TEE, current for thirty days from then.

    Returns the directory that :class:`.CollateralFiles` reads.

    Raises:
        ConfigurationError: It cannot be written.
    """
    target = directory / COLLATERAL_DIRECTORY
    try:
        for ca in PckCa:
            for kind in (SoftwarePlatform(ca=ca).kind(tee_kind) for tee_kind in Tee):
                write_collateral(target, kind, tee.collateral(kind, issued))
    except OSError as error:
        raise ConfigurationError(f"cannot write {target}: {error.strerror}") from error
    return target


def _create(path: Path, seed: bytes) -> None:
    """Write the seed so that it is there whole or not at all, and only the first one counts."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(seed)
        os.link(temporary, path)
    except FileExistsError:
        pass  # another process was first: its seed counts
    finally:
        Path(temporary).unlink()


def _read_seed(path: Path) -> bytes:
    with path.open("rb") as file:
        seed = file.read(SEED_SIZE + 1)
    if len(seed) != SEED_SIZE:
        raise ConfigurationError(f"{path} is not the seed of a software TEE")
    return seed
