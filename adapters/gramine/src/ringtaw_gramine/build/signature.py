"""Reads what identifies a signed Gramine enclave from its ``.sig`` file."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ringtaw_buildkit import sigstruct
from ringtaw_buildkit.sigstruct import SigstructError
from ringtaw_premain.build_hookspecs import PackageProperties
from ringtaw_premain.errors import PlatformError

_BESIDE: Final = (".manifest.sgx", ".manifest.template", ".manifest", "")
_SIGN: Final = "sign the manifest with gramine-sgx-sign, which writes the .sig file"


def package_properties(artefact: str) -> PackageProperties:
    """Return the properties; ``artefact`` is the ``.sig`` file, a manifest beside it, or its name.

    Raises:
        PlatformError: There is no such file, or it is no valid SIGSTRUCT.
    """
    path = _signature_path(artefact)
    try:
        with path.open("rb") as file:
            content = file.read(sigstruct.SIZE + 1)
    except OSError as error:
        raise PlatformError(f"cannot read {path}: {error.strerror}", hint=_SIGN) from error
    if len(content) > sigstruct.SIZE:
        raise PlatformError(f"{path}: larger than a SIGSTRUCT's {sigstruct.SIZE} bytes", hint=_SIGN)
    try:
        return sigstruct.parse(content).package_properties()
    except SigstructError as error:
        raise PlatformError(f"{path}: {error.message}", hint=error.hint or _SIGN) from error


def _signature_path(artefact: str) -> Path:
    if artefact.endswith(".sig"):
        return Path(artefact)
    suffix = next(suffix for suffix in _BESIDE if artefact.endswith(suffix))
    return Path(f"{artefact.removesuffix(suffix)}.sig")
