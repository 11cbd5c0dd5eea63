"""From what an operator writes in a setting to a source of collateral."""

from __future__ import annotations

import ssl
from pathlib import Path

from ringtaw_attestation.collateral.cache import CollateralCache
from ringtaw_attestation.collateral.files import CollateralFiles
from ringtaw_attestation.collateral.model import CollateralSource
from ringtaw_attestation.collateral.service import CertificationService
from ringtaw_attestation.errors import ConfigurationError
from ringtaw_attestation.trust import TrustedRoot


def open_source(
    location: str,
    cache: Path,
    roots: tuple[TrustedRoot, ...],
    *,
    timeout: float = 10.0,
    tls_ca: Path | None = None,
    accept_any_certificate: bool = False,
) -> CollateralSource:
    """Return the source at a location: a URL of a PCCS or PCS, or the path of collateral files.

    What a service gives is kept in the directory ``cache``. ``timeout`` is in seconds per request.
    ``tls_ca`` is a PEM file with the CA of a PCCS that no public CA has certified. With
    ``accept_any_certificate`` nobody's certificate matters, so that anyone on the way can hold back
    news for as long as older collateral lasts.

    Raises:
        ConfigurationError: It is neither a usable URL nor an existing path.
    """
    if "://" in location:
        tls = _tls(tls_ca, accept_any_certificate=accept_any_certificate)
        service = CertificationService(location, timeout=timeout, tls=tls)
        return CollateralCache(service, cache, roots)
    path = Path(location)
    if not path.exists():
        raise ConfigurationError(
            f"there is no collateral at {location}",
            hint="give the URL of a PCCS, or the path of a collateral file or directory",
        )
    return CollateralFiles(path)


def _tls(ca: Path | None, *, accept_any_certificate: bool) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca)
    except OSError as error:  # ssl.SSLError too
        raise ConfigurationError(f"cannot use {ca} as CA of the PCCS: {error}") from error
    if accept_any_certificate:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
