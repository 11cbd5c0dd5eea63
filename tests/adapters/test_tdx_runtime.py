"""TDX: quotes through the kernel's configfs, in a stand-in that has a software TEE's quotes."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from ringtaw_attestation.softtee import SoftwareTee, TrustDomain
from ringtaw_premain.errors import EvidenceUnavailableError, PlatformError
from ringtaw_premain.hookspecs import LaunchRequest, LaunchSpec
from ringtaw_tdx.runtime import TdxRuntime

from tests.standins.hook_process import call_hook
from tests.standins.tdx import TdxGuest

REPORT_DATA = bytes(range(1, 33)) + bytes(32)
ATTEMPTS = 5


def ask(guest: TdxGuest) -> dict[str, object]:
    answer = call_hook("tdx", "issue_evidence", REPORT_DATA.hex(), device=guest)
    assert guest.entries == [], "an entry is left"
    return answer


def refusal(guest: TdxGuest) -> str:
    answer = ask(guest)
    assert answer.get("error") == "EvidenceUnavailableError", answer
    return str(answer["text"])


def quote(tee: SoftwareTee, report_data: bytes = REPORT_DATA, version: int = 4) -> bytes:
    return tee.tdx_quote(TrustDomain(), report_data, version=version)


def failing(number: int) -> Callable[[bytes], bytes]:
    def fail(_: bytes) -> bytes:
        raise OSError(number, os.strerror(number))

    return fail


def test_detects_a_tdx_guest(tdx: TdxGuest) -> None:
    assert call_hook("tdx", "detect", device=tdx) == {"result": True}
    assert tdx.entries == []
    assert tdx.provider.requests == []


def test_other_confidential_guests_are_not_tdx(tdx: TdxGuest) -> None:
    tdx.load_driver("sev_guest")
    assert call_hook("tdx", "detect", device=tdx) == {"result": False}
    assert tdx.entries == []


def test_a_kernel_without_driver_is_not_tdx(tdx: TdxGuest) -> None:
    tdx.unload_driver()
    assert call_hook("tdx", "detect", device=tdx) == {"result": False}


def test_a_kernel_without_configfs_is_not_tdx(tmp_path: Path) -> None:
    assert TdxRuntime(directory=str(tmp_path / "report")).detect() is False


def test_another_user_than_root_cannot_tell(tdx: TdxGuest) -> None:
    tdx.deny()
    answer = call_hook("tdx", "detect", device=tdx)
    assert answer["error"] == "PlatformError"
    assert "cannot tell whether this is a TDX guest" in str(answer["text"])
    assert "run the premain as root" in str(answer["text"])


def test_a_directory_that_is_no_configfs(tmp_path: Path) -> None:
    runtime = TdxRuntime(directory=str(tmp_path))
    with pytest.raises(PlatformError, match=r"cannot tell .*provider: No such file"):
        runtime.detect()
    assert list(tmp_path.iterdir()) == []


def test_quote(tdx: TdxGuest, tee: SoftwareTee) -> None:
    assert ask(tdx) == {"result": quote(tee).hex()}
    assert tdx.provider.requests == [REPORT_DATA]


def test_quote_of_version_5(tdx: TdxGuest, tee: SoftwareTee) -> None:
    tdx.provider.make_quote = lambda data: quote(tee, data, version=5)
    assert ask(tdx) == {"result": quote(tee, version=5).hex()}


@pytest.mark.parametrize("version", [4, 5])
def test_quote_without_trailing_bytes(version: int, tdx: TdxGuest, tee: SoftwareTee) -> None:
    tdx.provider.make_quote = lambda data: quote(tee, data, version).ljust(8000, b"\0")
    assert ask(tdx) == {"result": quote(tee, version=version).hex()}


@pytest.mark.parametrize("size", [0, 32, 63, 65])
def test_report_data_of_another_size(size: int) -> None:
    with pytest.raises(EvidenceUnavailableError, match=f"64 bytes of report data, not {size}"):
        TdxRuntime().issue_evidence(bytes(size))


FAILURES = [
    (errno.EINVAL, "see dmesg"),
    (errno.EIO, "qgsd"),
    (errno.ETIMEDOUT, "did not answer in time"),
    (errno.EFBIG, "update the kernel"),
    (errno.ENXIO, "module tdx_guest loaded"),
]


@pytest.mark.parametrize(("number", "cure"), FAILURES)
def test_failure_to_make_a_quote(number: int, cure: str, tdx: TdxGuest) -> None:
    tdx.provider.make_quote = failing(number)
    text = refusal(tdx)
    assert "the kernel gave no TDX quote: /sys/kernel/config/tsm/report/ringtaw-" in text
    assert f"/outblob: {os.strerror(number)}" in text
    assert cure in text
    assert len(tdx.provider.requests) == 1


@pytest.mark.parametrize("number", [errno.EBUSY, errno.EWOULDBLOCK])
def test_a_busy_host_is_asked_again(number: int, tdx: TdxGuest, tee: SoftwareTee) -> None:
    def make(report_data: bytes) -> bytes:
        if len(tdx.provider.requests) < 3:
            raise OSError(number, os.strerror(number))
        return quote(tee, report_data)

    tdx.provider.make_quote = make
    assert ask(tdx) == {"result": quote(tee).hex()}
    assert len(tdx.provider.requests) == 3


def test_a_host_that_stays_busy(tdx: TdxGuest) -> None:
    tdx.provider.make_quote = failing(errno.EBUSY)
    text = refusal(tdx)
    assert os.strerror(errno.EBUSY) in text
    assert "has not answered an earlier request yet" in text
    assert len(tdx.provider.requests) == ATTEMPTS


def test_interference_is_noticed(tdx: TdxGuest, tee: SoftwareTee) -> None:
    """Another process writes while the quote is made; that quote is not used."""
    turns = iter([True, False])

    def make(report_data: bytes) -> bytes:
        if next(turns):
            tdx.interfere()
        return quote(tee, report_data)

    tdx.provider.make_quote = make
    assert ask(tdx) == {"result": quote(tee).hex()}
    assert len(tdx.provider.requests) == 2


def test_interference_that_does_not_end(tdx: TdxGuest, tee: SoftwareTee) -> None:
    def make(report_data: bytes) -> bytes:
        tdx.interfere()
        return quote(tee, report_data)

    tdx.provider.make_quote = make
    assert "another process wrote into the report entry" in refusal(tdx)
    assert len(tdx.provider.requests) == ATTEMPTS


def test_another_provider(tdx: TdxGuest) -> None:
    tdx.load_driver("sev_guest")
    assert "come from 'sev_guest', not from 'tdx_guest'" in refusal(tdx)
    assert tdx.provider.requests == []


def test_without_a_driver(tdx: TdxGuest) -> None:
    tdx.unload_driver()
    assert "module tdx_guest loaded" in refusal(tdx)


def test_without_the_rights(tdx: TdxGuest) -> None:
    tdx.deny()
    assert "run the premain as root" in refusal(tdx)


def test_outside_a_guest(tmp_path: Path) -> None:
    runtime = TdxRuntime(directory=str(tmp_path / "report"))
    with pytest.raises(EvidenceUnavailableError, match=r"No such file .*Linux 6.7 or newer"):
        runtime.issue_evidence(REPORT_DATA)


def test_a_host_without_quoting_service(tdx: TdxGuest) -> None:
    """QEMU without a socket of the quoting service makes the kernel give nothing, and no error."""
    tdx.provider.make_quote = lambda _: b""
    assert "the host gave an empty quote (check on the host" in refusal(tdx)


@pytest.mark.parametrize(
    ("version", "size"), [(4, 1), (4, 48), (4, 632), (4, 2000), (5, 53), (5, 702), (5, 2000)]
)
def test_quote_that_is_cut_short(version: int, size: int, tdx: TdxGuest, tee: SoftwareTee) -> None:
    tdx.provider.make_quote = lambda data: quote(tee, data, version)[:size]
    text = refusal(tdx)
    assert f"cut short: {size} bytes" in text or f"{size} bytes that are no TDX quote" in text


def test_a_quote_that_is_none(tdx: TdxGuest, tee: SoftwareTee) -> None:
    tdx.provider.make_quote = lambda _: bytes(5000)
    assert "5000 bytes that are no TDX quote of version 4 or 5" in refusal(tdx)


def test_more_than_the_kernel_gives(tdx: TdxGuest) -> None:
    tdx.provider.make_quote = lambda _: bytes(32769)
    assert os.strerror(errno.EFBIG) in refusal(tdx)


@pytest.mark.parametrize("version", [4, 5])
def test_quote_over_other_data(version: int, tdx: TdxGuest, tee: SoftwareTee) -> None:
    tdx.provider.make_quote = lambda _: quote(tee, bytes(64), version)
    assert "not over the report data" in refusal(tdx)


def test_launches_as_on_linux() -> None:
    request = LaunchRequest(("named", "-v"), {"A": "1"}, ("python3",), ("/bin/sh",))
    assert TdxRuntime().launch_spec(request) == LaunchSpec("/bin/sh", ("named", "-v"), {"A": "1"})
