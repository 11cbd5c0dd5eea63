"""What evidence is judged by: trusted roots, and where collateral comes from."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ringtaw_client.errors import InputError

if TYPE_CHECKING:
    from ringtaw_attestation import CollateralSource, TrustedRoot

INTEL_PCS: Final = "https://api.trustedservices.intel.com"


@dataclass(frozen=True, slots=True)
class Trust:
    """Where trust in evidence comes from; the default is Intel's root and Intel's own service."""

    collateral: str = INTEL_PCS
    """URL of a PCCS or PCS, or the path of a collateral file or of a directory of them."""
    collateral_ca: Path | None = None
    """PEM file with the CA of a PCCS that no public CA has certified."""
    collateral_timeout: float = 10.0
    """Seconds for each request to the service."""
    roots: Path | None = None
    """PEM file with the roots to trust in place of Intel's."""
    accept_software_tee: bool = False
    """Whether evidence of a software TEE, which protects nothing, is good enough."""
    cache: Path | None = None
    """Directory in which collateral is kept; by default the user's cache directory."""

    def open_roots(self) -> tuple[TrustedRoot, ...]:
        """Return the trusted roots.

        Raises:
            InputError: The file cannot be used.
        """
        from ringtaw_attestation import INTEL_SGX_ROOT_CA, AttestationError, read_trusted_roots

        if self.roots is None:
            return (INTEL_SGX_ROOT_CA,)
        try:
            return read_trusted_roots(self.roots)
        except AttestationError as error:
            raise InputError(error.message, hint=error.hint) from None

    def open_source(self, roots: tuple[TrustedRoot, ...]) -> CollateralSource:
        """Return where collateral comes from.

        Raises:
            InputError: The location cannot be used.
        """
        from ringtaw_attestation import AttestationError, open_source

        try:
            return open_source(
                self.collateral,
                self.cache or _default_cache(),
                roots,
                timeout=self.collateral_timeout,
                tls_ca=self.collateral_ca,
            )
        except AttestationError as error:
            raise InputError(error.message, hint=error.hint) from None


def _default_cache() -> Path:
    """Return the directory of the XDG Base Directory Specification."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    try:
        root = Path(base) if base.startswith("/") else Path.home() / ".cache"
    except RuntimeError:
        raise InputError("there is no home directory", hint="name a cache directory") from None
    return root / "ringtaw" / "collateral"
