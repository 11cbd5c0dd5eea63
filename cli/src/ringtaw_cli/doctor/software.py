"""Python, OpenSSL, libOSes and plugins."""

from __future__ import annotations

import platform
import re
import ssl
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Final

from ringtaw_cli.doctor.findings import Finding, ok, problem, warn
from ringtaw_cli.doctor.machine import Machine

_LIBOSES: Final = {
    "gramine": ("gramine-sgx", "gramine-direct"),
    "occlum": ("occlum",),
    "ego": ("ego",),
}
_VERSION: Final = re.compile(r"\bv?(\d{1,4}\.\d{1,4}(?:\.\d{1,4})?)\b")
_OPENSSL: Final = (3, 0)


def look_at_python(machine: Machine) -> Iterator[Finding]:
    """Tell which Python and OpenSSL run this."""
    yield ok("python", f"{platform.python_implementation()} {platform.python_version()}")
    if ssl.OPENSSL_VERSION_INFO[:2] >= _OPENSSL:
        yield ok("openssl", ssl.OPENSSL_VERSION)
    else:
        yield warn(
            "openssl",
            ssl.OPENSSL_VERSION,
            "this version gets no security updates any more",
            "use a Python that is built with OpenSSL 3",
        )


def look_at_liboses(machine: Machine) -> Iterator[Finding]:
    """Tell which libOSes are installed."""
    found = False
    for libos, names in _LIBOSES.items():
        programs = [path for path in map(machine.program, names) if path]
        if programs:
            found = True
            match = _VERSION.search(machine.output(programs[0], "--version"))
            version = match[1] if match else "of an unknown version"
            yield ok("libos", f"{libos} {version}: {', '.join(programs)}")
    if not found:
        yield warn(
            "libos",
            "no libOS is installed: neither Gramine nor Occlum nor EGo",
            "enclaves can be neither built nor started here",
            "nothing, if this machine is not for that; else install one",
        )


def look_at_plugins(machine: Machine) -> Iterator[Finding]:
    """Tell which adapters are installed, and which of them conflict."""
    if find_spec("ringtaw_buildkit") is None:
        return
    from ringtaw_buildkit.inspection import inspect_adapters

    adapters = inspect_adapters()
    for adapter in adapters:
        for wrong in adapter.problems:
            yield problem("plugin", wrong.message, "the adapter cannot be relied on", wrong.cure)
    good = [adapter.name for adapter in adapters if not adapter.problems]
    yield ok("plugin", f"adapters: {', '.join(good) or 'none'}")
