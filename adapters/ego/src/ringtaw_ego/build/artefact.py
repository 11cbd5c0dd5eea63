"""The identity of a signed EGo or Open Enclave executable, from the signature in it.

Source: Open Enclave, include/openenclave/bits/sgx/sgxtypes.h: the ELF section ``.oeinfo`` holds
the enclave's properties, a SIGSTRUCT among them; zeros before it is signed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ringtaw_buildkit.enclave_file import read_sigstruct
from ringtaw_premain.build_hookspecs import PackageProperties

SECTION: Final = ".oeinfo"
_SIGN: Final = "build it with ego-go and sign it: ego sign EXE"


def package_properties(artefact: str) -> PackageProperties:
    """Return the identity of a signed executable.

    Raises:
        PlatformError: It cannot be read, or is no signed enclave.
    """
    return read_sigstruct(Path(artefact), SECTION, _SIGN).package_properties()
