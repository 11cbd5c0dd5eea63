"""Stand-ins for Gramine and Occlum: the environment in which a process takes itself to be in one.

The shim (``libos_shim/``) is preloaded into the process; production code runs unchanged. Linux with
glibc and a C compiler::

    with gramine_device(build_shim(directory), state) as device:
        subprocess.run([...], env=device.environment())
    assert device.key("default") == ...
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from tests.standins.quote_provider import QuoteProvider

SOURCES: Final = Path(__file__).parent / "libos_shim"
COMPILER: Final = shutil.which("cc")
WITHOUT_COMPILER: Final = "no C compiler (cc): the libOS stand-ins cannot be built"

SEALING_KEYS: Final = {"_sgx_mrenclave": b"E" * 16, "_sgx_mrsigner": b"S" * 16}


def build_shim(directory: Path) -> Path:
    """Compile the shim into ``directory`` and return its path."""
    shim = directory / "libos_shim.so"
    options = ["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror"]
    sources = sorted(str(source) for source in SOURCES.glob("*.c"))
    subprocess.run([str(COMPILER), *options, "-o", str(shim), *sources], check=True)
    return shim


def shim_environment(
    name: str,
    shim: Path,
    provider: QuoteProvider,
    state: Path | None,
    extra: Mapping[str, str] | None,
) -> dict[str, str]:
    """Return this process's environment with what the shim needs; ``extra`` comes on top."""
    return {
        **os.environ,
        "LD_PRELOAD": str(shim),
        "RINGTAW_STANDIN": name,
        "RINGTAW_STANDIN_QUOTES": str(provider.path),
        **({"RINGTAW_STANDIN_STATE": str(state)} if state else {}),
        **(extra or {}),
    }


class Device(Protocol):
    """What every stand-in is."""

    @property
    def provider(self) -> QuoteProvider:
        """Who makes the quotes."""

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return this process's environment with what the shim needs."""


@dataclass(frozen=True)
class OcclumDevice:
    """An Occlum whose quotes come from ``provider``."""

    shim: Path
    provider: QuoteProvider

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return this process's environment with what the shim needs."""
        return shim_environment("occlum", self.shim, self.provider, None, extra)


@dataclass(frozen=True)
class GramineDevice:
    """A Gramine whose /dev/attestation is kept in ``state`` and whose quotes ``provider`` makes."""

    shim: Path
    provider: QuoteProvider
    state: Path

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return this process's environment with what the shim needs."""
        return shim_environment("gramine", self.shim, self.provider, self.state, extra)

    def key(self, name: str) -> bytes:
        """Return the key of an encrypted mount; empty until it is set."""
        return (self.state / "keys" / name).read_bytes()

    def deny(self, name: str) -> None:
        """Make every way of opening a pseudo-file fail with EACCES."""
        (self.state / name).chmod(0)

    def remove(self, name: str) -> None:
        """Make a pseudo-file not exist."""
        (self.state / name).unlink()


@contextmanager
def occlum_device(shim: Path) -> Iterator[OcclumDevice]:
    """Run an Occlum in hardware mode."""
    with QuoteProvider() as provider:
        yield OcclumDevice(shim, provider)


@contextmanager
def gramine_device(
    shim: Path, state: Path, *, attestation: str | None = "dcap", keys: Sequence[str] = ("default",)
) -> Iterator[GramineDevice]:
    """Run a Gramine with these keys declared, in an existing empty directory.

    ``attestation`` is ``sgx.remote_attestation``: "dcap", or "none", which leaves out only the
    quote. None is gramine-direct, which has nothing but the keys.
    """
    lay_out(state, attestation=attestation, keys=keys)
    with QuoteProvider() as provider:
        yield GramineDevice(shim, provider, state)


def lay_out(state: Path, *, attestation: str | None, keys: Sequence[str]) -> None:
    """Write the files of /dev/attestation as Gramine 1.9 has them before anything was written."""
    (state / "keys").mkdir()
    for name in keys:
        _pseudo_file(state / "keys" / name, b"", 0o644)
    if attestation is None:
        return
    for name, key in SEALING_KEYS.items():
        _pseudo_file(state / "keys" / name, key, 0o444)
    _pseudo_file(state / "attestation_type", attestation.encode(), 0o444)
    _pseudo_file(state / "user_report_data", bytes(64), 0o644)
    _pseudo_file(state / "target_info", bytes(512), 0o644)
    if attestation != "none":
        _pseudo_file(state / "quote", b"", 0o444)


def _pseudo_file(path: Path, content: bytes, mode: int) -> None:
    path.write_bytes(content)
    path.chmod(mode)
