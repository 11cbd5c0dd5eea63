"""A stand-in for Linux in a TDX guest: a kernel whose configfs makes TDX quotes.

    with tdx_guest(build_shim(directory), state) as guest:
        subprocess.run([...], env=guest.environment())

Without another ``make_quote`` the quotes are a software TEE's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ringtaw_attestation.softtee import SoftwareTee, TrustDomain

from tests.standins.libos import shim_environment
from tests.standins.quote_provider import QuoteProvider


@dataclass(frozen=True)
class TdxGuest:
    """A guest whose configfs is kept in ``state`` and whose quotes ``provider`` makes."""

    shim: Path
    provider: QuoteProvider
    state: Path

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return this process's environment with what the shim needs."""
        return shim_environment("tdx", self.shim, self.provider, self.state, extra)

    @property
    def entries(self) -> list[Path]:
        """The report entries that exist."""
        return list((self.state / "report").iterdir())

    def load_driver(self, name: str) -> None:
        """Let another TEE's driver make the reports."""
        (self.state / "provider").write_text(f"{name}\n")

    def unload_driver(self) -> None:
        """Have no driver: the guest is an ordinary one."""
        (self.state / "provider").unlink()

    def deny(self) -> None:
        """Be another user than root."""
        (self.state / "report").chmod(0o555)

    def interfere(self) -> None:
        """Write into all entries, as another process of root's might."""
        for entry in self.entries:
            (entry / "inblob").write_bytes(b"\xee" * 64)
            generation = int((entry / "generation").read_text())
            (entry / "generation").write_text(f"{generation + 1}\n")


@contextmanager
def tdx_guest(shim: Path, state: Path, tee: SoftwareTee, domain: TrustDomain) -> Iterator[TdxGuest]:
    """Run a guest that is this trust domain, in an existing empty directory."""
    (state / "report").mkdir()
    with QuoteProvider(lambda report_data: tee.tdx_quote(domain, report_data)) as provider:
        guest = TdxGuest(shim, provider, state)
        guest.load_driver("tdx_guest")
        yield guest
