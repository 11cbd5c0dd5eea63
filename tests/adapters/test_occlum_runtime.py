"""Occlum: quotes through its ioctls, and the program from the manifest."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from ringtaw_occlum import _ioctl
from ringtaw_occlum.runtime import OcclumRuntime
from ringtaw_premain.errors import (
    CannotExecuteError,
    EvidenceUnavailableError,
    PolicyError,
    ProgramNotFoundError,
)
from ringtaw_premain.hookspecs import LaunchRequest, LaunchSpec

from tests.standins.hook_process import call_hook
from tests.standins.libos import OcclumDevice
from tests.standins.quotes import unsigned_quote

REPORT_DATA = bytes(range(1, 33)) + bytes(32)
ENVIRON = {"A": "1"}


def failing(number: int) -> Callable[..., int]:
    def fail(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    return fail


def text_of(answer: dict[str, object]) -> str:
    assert answer.get("error") == "EvidenceUnavailableError", answer
    return str(answer["text"])


def test_detects_occlum(occlum: OcclumDevice) -> None:
    assert call_hook("occlum", "detect", device=occlum) == {"result": True}


def test_plain_linux_is_not_occlum() -> None:
    assert OcclumRuntime().detect() is False


def test_request_numbers_are_those_of_the_kernel_macros() -> None:
    read, write = 2 << 30, 1 << 30
    magic = ord("s") << 8
    assert read | 4 << 16 | magic | 7 == _ioctl.GET_DCAP_QUOTE_SIZE
    assert read | write | 24 << 16 | magic | 8 == _ioctl.GEN_DCAP_QUOTE


def test_quote_without_the_padding(occlum: OcclumDevice) -> None:
    answer = call_hook("occlum", "issue_evidence", REPORT_DATA.hex(), device=occlum)
    assert answer == {"result": unsigned_quote(REPORT_DATA).hex()}
    assert occlum.provider.requests == [REPORT_DATA]


def test_quote_that_fills_the_buffer(occlum: OcclumDevice) -> None:
    quote = unsigned_quote(REPORT_DATA)
    occlum.provider.announce = lambda: len(quote)
    answer = call_hook("occlum", "issue_evidence", REPORT_DATA.hex(), device=occlum)
    assert answer == {"result": quote.hex()}


@pytest.mark.parametrize("size", [0, 32, 63, 65])
def test_report_data_of_another_size(size: int) -> None:
    with pytest.raises(EvidenceUnavailableError, match=f"64 bytes of report data, not {size}"):
        OcclumRuntime().issue_evidence(bytes(size))


FAILURES = [
    (errno.EIO, "DCAP is not ready"),
    (errno.EINVAL, "the quoting enclave refused"),
    (errno.ENOSYS, "--sgx-mode SIM"),
    (errno.EBUSY, "aesmd"),
]


@pytest.mark.parametrize(("number", "cure"), FAILURES)
def test_failure_to_size_a_quote(number: int, cure: str, occlum: OcclumDevice) -> None:
    occlum.provider.announce = failing(number)
    text = text_of(call_hook("occlum", "issue_evidence", REPORT_DATA.hex(), device=occlum))
    assert f"Occlum made no quote at /dev/sgx: {os.strerror(number)}" in text
    assert cure in text


@pytest.mark.parametrize(("number", "cure"), FAILURES)
def test_failure_to_make_a_quote(number: int, cure: str, occlum: OcclumDevice) -> None:
    def refuse(_: bytes) -> bytes:
        raise OSError(number, os.strerror(number))

    occlum.provider.make_quote = refuse
    text = text_of(call_hook("occlum", "issue_evidence", REPORT_DATA.hex(), device=occlum))
    assert f"Occlum made no quote at /dev/sgx: {os.strerror(number)}" in text
    assert cure in text


def test_quote_that_grows_between_the_ioctls(occlum: OcclumDevice) -> None:
    sizes = iter([6000, 6001])
    occlum.provider.announce = lambda: next(sizes)
    text = text_of(call_hook("occlum", "issue_evidence", REPORT_DATA.hex(), device=occlum))
    assert os.strerror(errno.EINVAL) in text


@pytest.mark.parametrize("size", [0, 435, 65537, 0xFFFFFFFF])
def test_size_out_of_bounds(size: int, occlum: OcclumDevice) -> None:
    occlum.provider.announce = lambda: size
    text = text_of(call_hook("occlum", "issue_evidence", REPORT_DATA.hex(), device=occlum))
    assert f"announces a quote of {size} bytes" in text


@pytest.mark.parametrize("size", [0, 432, 436])
def test_quote_that_is_cut_short(size: int, occlum: OcclumDevice) -> None:
    occlum.provider.announce = lambda: max(size, 436)
    occlum.provider.make_quote = lambda data: unsigned_quote(data)[:size]
    text = text_of(call_hook("occlum", "issue_evidence", REPORT_DATA.hex(), device=occlum))
    assert "cut short: 436 bytes" in text


def test_quote_over_other_data(occlum: OcclumDevice) -> None:
    occlum.provider.make_quote = lambda _: unsigned_quote(bytes(64))
    text = text_of(call_hook("occlum", "issue_evidence", REPORT_DATA.hex(), device=occlum))
    assert "not over the report data" in text


def test_outside_occlum_there_is_no_device(tmp_path: Path) -> None:
    runtime = OcclumRuntime(device=str(tmp_path / "sgx"))
    with pytest.raises(EvidenceUnavailableError, match="chosen outside Occlum"):
        runtime.issue_evidence(REPORT_DATA)


def test_a_device_that_is_not_occlums() -> None:
    with pytest.raises(EvidenceUnavailableError, match="not Occlum's device"):
        OcclumRuntime(device="/dev/null").issue_evidence(REPORT_DATA)


def launch(*argv: str, arguments: tuple[str, ...] = ()) -> LaunchSpec:
    request = LaunchRequest(argv, ENVIRON, ("/bin/premain",), arguments)
    return OcclumRuntime().launch_spec(request)


@pytest.fixture
def program(tmp_path: Path) -> str:
    path = tmp_path / "app"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


def test_program_is_the_first_of_argv(program: str) -> None:
    assert launch(program, "-v") == LaunchSpec(program, ("app", "-v"), ENVIRON)


@pytest.mark.parametrize("first", ["./marble", "marble", ""])
def test_program_must_be_absolute(first: str) -> None:
    with pytest.raises(PolicyError, match=r"not an absolute path .*Argv"):
        launch(first)


def test_the_host_names_no_program(program: str) -> None:
    with pytest.raises(PolicyError, match=r"/bin/sh .*Argv alone"):
        launch(program, arguments=("/bin/sh",))


def test_missing_program(tmp_path: Path) -> None:
    with pytest.raises(ProgramNotFoundError, match="absent does not exist in the enclave"):
        launch(str(tmp_path / "absent"))


def test_program_without_the_right_to_execute(program: str) -> None:
    Path(program).chmod(0o644)
    with pytest.raises(CannotExecuteError, match=r"not an executable file .*chmod"):
        launch(program)


def test_program_that_is_a_directory(tmp_path: Path) -> None:
    with pytest.raises(CannotExecuteError, match="not an executable file"):
        launch(str(tmp_path))
