"""The identity of a built Occlum image, from the signature in its enclave file.

Source: Intel SGX SDK, sdk/sign_tool: the signing tool keeps the SIGSTRUCT in the ELF section
``.note.sgxmeta``.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Final

from ringtaw_buildkit.enclave_file import read_sigstruct
from ringtaw_premain.build_hookspecs import PackageProperties
from ringtaw_premain.errors import PlatformError

ENCLAVE_FILE: Final = "build/lib/libocclum-libos.signed.so"
"""Where `occlum build` puts it in the folder of the instance."""
DEFAULT_SIGNER: Final = "83d719e77deaca1470f6baf62a4d774303c899db69020f9c70ee1dfc08c7ce9e"
"""MRSIGNER of the key that Occlum signs with by default, etc/template/Enclave.pem of its sources:
everybody has it."""

_SECTION: Final = ".note.sgxmeta"
_SIGN: Final = "build and sign it: occlum build --sign-key KEY.pem"


def package_properties(artefact: str) -> PackageProperties:
    """Return the identity of an instance's folder or of its signed enclave file.

    Raises:
        PlatformError: There is no signed enclave, or it is a production enclave signed with
            Occlum's public key.
    """
    path = Path(artefact)
    properties = read_properties(path / ENCLAVE_FILE if os.path.isdir(path) else path)
    if properties.signer_id == DEFAULT_SIGNER and not properties.debug:
        raise PlatformError(
            f"{artefact}: signed with the public key in Occlum's sources: anybody can make an "
            "enclave with this SignerID, and read what this one keeps on disk",
            hint="sign it with a key of your own: occlum build --sign-key KEY.pem",
        )
    return properties


def read_properties(path: Path) -> PackageProperties:
    """Return the identity of a signed enclave file, whoever signed it.

    Raises:
        PlatformError: It is none.
    """
    sigstruct = read_sigstruct(path, _SECTION, _SIGN)
    # Intel's signing tool never sets the debug flag. It leaves a debuggable enclave's flag open,
    # and `occlum run` starts what may be debugged in debug mode.
    debug = sigstruct.debug or not sigstruct.fixes_debug
    return replace(sigstruct.package_properties(), debug=debug)
