"""How the suite gets into the runtimes of the in-tree adapters: stand-ins, and a software TEE."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache
from pathlib import Path

from ringtaw_attestation import parse_quote
from ringtaw_attestation.softtee import Enclave, SoftwareTee, TrustDomain, open_software_tee
from ringtaw_softtee.identity import write_identity
from ringtaw_testkit.harness import Harness, Inside, Sample

from tests.standins.libos import COMPILER, build_shim, gramine_device, occlum_device
from tests.standins.quote_provider import QuoteProvider
from tests.standins.tdx import tdx_guest
from tests.testkit import in_tree_samples

UNSIGNED_REPORT_DATA = slice(368, 432)
REPORT_DATA_SIZE = 64


@lru_cache(maxsize=1)
def shim() -> Path:
    """The stand-ins' shared object, built once in a test process."""
    return build_shim(Path(tempfile.mkdtemp(prefix="shim-")))


def standin_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Only what puts a process inside: the rest of the tests' environment stays outside."""
    inside = ("LD_PRELOAD", "RINGTAW_STANDIN")
    return {name: value for name, value in environ.items() if name.startswith(inside)}


@contextmanager
def replaying(provider: QuoteProvider) -> Iterator[None]:
    """Have the platform give one old quote for ever."""
    genuine = provider.make_quote
    old = genuine(b"old".ljust(REPORT_DATA_SIZE, b"\0"))
    provider.make_quote = lambda _: old
    try:
        yield
    finally:
        provider.make_quote = genuine


class GramineHarness(Harness):
    """A process in the stand-in of Gramine, with one key declared."""

    def inside(self, directory: Path) -> AbstractContextManager[Inside] | None:
        return self._inside(directory) if COMPILER else None

    def sample(self, directory: Path) -> Sample:
        return in_tree_samples.gramine(directory)

    @contextmanager
    def _inside(self, directory: Path) -> Iterator[Inside]:
        with gramine_device(shim(), directory) as device:
            yield Inside(
                environ=standin_environment(device.environment()),
                report_data=lambda quote: quote[UNSIGNED_REPORT_DATA],
                replaying=lambda: replaying(device.provider),
                program_in_argv=False,
                devices={"/dev/attestation/keys/default": bytes(range(16))},
            )


class OcclumHarness(Harness):
    """A process in the stand-in of Occlum."""

    def inside(self, directory: Path) -> AbstractContextManager[Inside] | None:
        return self._inside() if COMPILER else None

    def sample(self, directory: Path) -> Sample:
        return in_tree_samples.occlum(directory)

    @contextmanager
    def _inside(self) -> Iterator[Inside]:
        with occlum_device(shim()) as device:
            yield Inside(
                environ=standin_environment(device.environment()),
                report_data=lambda quote: quote[UNSIGNED_REPORT_DATA],
                replaying=lambda: replaying(device.provider),
            )


class TdxHarness(Harness):
    """A process in the stand-in of a TDX guest, with a software TEE's quotes."""

    def inside(self, directory: Path) -> AbstractContextManager[Inside] | None:
        return self._inside(directory) if COMPILER else None

    @contextmanager
    def _inside(self, directory: Path) -> Iterator[Inside]:
        with tdx_guest(shim(), directory, SoftwareTee(bytes(32)), TrustDomain()) as guest:
            yield Inside(
                environ=standin_environment(guest.environment()),
                report_data=lambda quote: parse_quote(quote).body.report_data,
                replaying=lambda: replaying(guest.provider),
            )


class SoftteeHarness(Harness):
    """A process that is an enclave of a software TEE."""

    detects = False

    @contextmanager
    def inside(self, directory: Path) -> Iterator[Inside]:
        open_software_tee(directory)
        write_identity(directory, "frontend", Enclave())
        environ = {
            "RINGTAW_SOFTTEE_DIR": str(directory),
            "RINGTAW_SOFTTEE_ENCLAVE": "frontend",
        }
        yield Inside(environ, report_data=lambda quote: parse_quote(quote).body.report_data)


class SimulationHarness(Harness):
    """Any process."""

    detects = False

    def inside(self, directory: Path) -> AbstractContextManager[Inside] | None:
        return nullcontext(Inside({}))


class EgoHarness(Harness):
    """Nothing to get into: EGo has a premain of its own."""

    def sample(self, directory: Path) -> Sample:
        return in_tree_samples.ego(directory)
