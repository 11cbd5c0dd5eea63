"""The command that starts an enclave on the host: gramine-sgx, or gramine-direct without SGX."""

from __future__ import annotations

from typing import Final

from ringtaw_premain.build_hookspecs import HostCommand, RunRequest
from ringtaw_premain.errors import PlatformError

_SUFFIXES: Final = (".manifest.sgx", ".manifest", ".sig")
_HINT: Final = (
    "install the package gramine from https://packages.gramineproject.io, with apt on Debian and "
    "Ubuntu, with dnf on AlmaLinux and its kin"
)


def host_command(request: RunRequest) -> HostCommand:
    """Return the command for the application whose name, or manifest, is the first argument.

    Further arguments reach the application only where its manifest lets the host choose them.

    Raises:
        PlatformError: No application is named, or a template in place of a manifest.
    """
    if not request.arguments or not request.arguments[0]:
        raise PlatformError(
            "no application is named", hint="name it, or its manifest: hello, hello.manifest.sgx"
        )
    program = "gramine-direct" if request.direct else "gramine-sgx"
    name = _application(request.arguments[0])
    return HostCommand((program, name, *request.arguments[1:]), request.environ, _HINT)


def _application(name: str) -> str:
    """Return the name to which Gramine adds ``.manifest`` or ``.manifest.sgx``."""
    if name.endswith(".template"):
        raise PlatformError(
            f"{name} is a template",
            hint="render it with gramine-manifest, sign it with gramine-sgx-sign, and name that",
        )
    for suffix in _SUFFIXES:
        if name.endswith(suffix):
            return name.removesuffix(suffix)
    return name
