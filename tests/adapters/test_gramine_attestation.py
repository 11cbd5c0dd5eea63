"""Gramine: evidence and sealing keys, through the hooks, in a process that takes itself for one."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from ringtaw_gramine.runtime import GramineRuntime
from ringtaw_premain.errors import EvidenceUnavailableError, PlatformError
from ringtaw_premain.hookspecs import KeyBinding

from tests.standins.hook_process import call_hook
from tests.standins.libos import SEALING_KEYS, GramineDevice, lay_out
from tests.standins.quotes import unsigned_quote

REPORT_DATA = bytes(range(1, 33)) + bytes(32)
DCAP_HINT = 'set sgx.remote_attestation = "dcap"'


def refuse(_: bytes) -> bytes:
    raise OSError(errno.EIO, "the quoting enclave has no certificate")


def text_of(answer: dict[str, object], error: str) -> str:
    assert answer.get("error") == error, answer
    return str(answer["text"])


def test_detects_gramine(gramine: GramineDevice) -> None:
    assert call_hook("gramine", "detect", device=gramine) == {"result": True}


def test_detects_gramine_direct(gramine_direct: GramineDevice) -> None:
    assert call_hook("gramine", "detect", device=gramine_direct) == {"result": True}


def test_plain_linux_is_not_gramine(tmp_path: Path) -> None:
    assert GramineRuntime(device=str(tmp_path)).detect() is False


def test_the_fingerprint_alone_is_not_gramine(gramine: GramineDevice) -> None:
    gramine.state.rename(gramine.state.with_name("elsewhere"))
    assert call_hook("gramine", "detect", device=gramine) == {"result": False}


def test_quote_is_over_the_report_data(gramine: GramineDevice) -> None:
    answer = call_hook("gramine", "issue_evidence", REPORT_DATA.hex(), device=gramine)
    assert answer == {"result": unsigned_quote(REPORT_DATA).hex()}
    assert gramine.provider.requests == [REPORT_DATA]


def test_quote_of_the_greatest_size(gramine: GramineDevice) -> None:
    small = unsigned_quote(REPORT_DATA)
    padding = 8192 - len(small)
    gramine.provider.make_quote = lambda data: unsigned_quote(data) + bytes(padding)
    answer = call_hook("gramine", "issue_evidence", REPORT_DATA.hex(), device=gramine)
    assert answer == {"result": (small + bytes(padding)).hex()}


@pytest.mark.parametrize("size", [0, 32, 63, 65])
def test_report_data_of_another_size(size: int, tmp_path: Path) -> None:
    with pytest.raises(EvidenceUnavailableError, match=f"64 bytes of report data, not {size}"):
        GramineRuntime(device=str(tmp_path)).issue_evidence(bytes(size))


def test_gramine_direct_has_no_quote(gramine_direct: GramineDevice) -> None:
    answer = call_hook("gramine", "issue_evidence", REPORT_DATA.hex(), device=gramine_direct)
    text = text_of(answer, "EvidenceUnavailableError")
    assert "attestation_type does not exist" in text
    assert "gramine-direct" in text
    assert DCAP_HINT in text


@pytest.mark.parametrize("kind", ["none", "epid", ""])
def test_attestation_that_is_not_dcap(kind: str, gramine: GramineDevice) -> None:
    path = gramine.state / "attestation_type"
    path.chmod(0o644)
    path.write_text(kind)
    answer = call_hook("gramine", "issue_evidence", REPORT_DATA.hex(), device=gramine)
    text = text_of(answer, "EvidenceUnavailableError")
    assert f"{kind!r}, not 'dcap'" in text
    assert DCAP_HINT in text
    assert gramine.provider.requests == []


def test_host_that_makes_no_quote(gramine: GramineDevice) -> None:
    gramine.provider.make_quote = refuse
    answer = call_hook("gramine", "issue_evidence", REPORT_DATA.hex(), device=gramine)
    text = text_of(answer, "EvidenceUnavailableError")
    assert "Gramine made no quote at /dev/attestation/quote: Permission denied" in text
    assert "aesmd" in text


@pytest.mark.parametrize("name", ["attestation_type", "user_report_data", "quote"])
def test_pseudo_file_that_may_not_be_opened(name: str, gramine: GramineDevice) -> None:
    gramine.deny(name)
    answer = call_hook("gramine", "issue_evidence", REPORT_DATA.hex(), device=gramine)
    text = text_of(answer, "EvidenceUnavailableError")
    assert f"/dev/attestation/{name}: Permission denied" in text


@pytest.mark.parametrize("name", ["user_report_data", "quote"])
def test_pseudo_file_that_is_missing(name: str, gramine: GramineDevice) -> None:
    gramine.remove(name)
    answer = call_hook("gramine", "issue_evidence", REPORT_DATA.hex(), device=gramine)
    text = text_of(answer, "EvidenceUnavailableError")
    assert f"/dev/attestation/{name}: No such file" in text
    assert DCAP_HINT in text


def test_quote_over_other_data(gramine: GramineDevice) -> None:
    gramine.provider.make_quote = lambda _: unsigned_quote(bytes(64))
    answer = call_hook("gramine", "issue_evidence", REPORT_DATA.hex(), device=gramine)
    text = text_of(answer, "EvidenceUnavailableError")
    assert "not over the report data" in text


@pytest.mark.parametrize("size", [0, 368, 432, 434, 436, 4000])
def test_quote_that_is_cut_short(size: int, gramine: GramineDevice) -> None:
    gramine.provider.make_quote = lambda data: unsigned_quote(data)[:size]
    answer = call_hook("gramine", "issue_evidence", REPORT_DATA.hex(), device=gramine)
    text = text_of(answer, "EvidenceUnavailableError")
    assert f"cut short: {size} bytes" in text


def test_quote_without_end(tmp_path: Path) -> None:
    lay_out(tmp_path, attestation="dcap", keys=[])
    (tmp_path / "quote").unlink()
    (tmp_path / "quote").symlink_to("/dev/zero")
    with pytest.raises(EvidenceUnavailableError, match="more than 8192 bytes"):
        GramineRuntime(device=str(tmp_path)).issue_evidence(REPORT_DATA)


def test_quote_that_comes_in_pieces(tmp_path: Path) -> None:
    lay_out(tmp_path, attestation="dcap", keys=[])
    (tmp_path / "quote").unlink()
    os.mkfifo(tmp_path / "quote")
    quote = unsigned_quote(REPORT_DATA)
    child = os.fork()
    if child == 0:
        with open(tmp_path / "quote", "wb", buffering=0) as pipe:
            for start in range(0, len(quote), 1000):
                pipe.write(quote[start : start + 1000])
        os._exit(0)
    assert GramineRuntime(device=str(tmp_path)).issue_evidence(REPORT_DATA) == quote
    assert os.waitpid(child, 0) == (child, 0)


def test_errors_do_not_hold_the_report_data(tmp_path: Path) -> None:
    lay_out(tmp_path, attestation="dcap", keys=[])
    (tmp_path / "quote").chmod(0o644)
    (tmp_path / "quote").write_bytes(unsigned_quote(bytes(64)))
    with pytest.raises(EvidenceUnavailableError) as raised:
        GramineRuntime(device=str(tmp_path)).issue_evidence(REPORT_DATA)
    assert REPORT_DATA.hex() not in str(raised.value)


@pytest.mark.parametrize(
    ("binding", "name"), [("product", "_sgx_mrsigner"), ("measurement", "_sgx_mrenclave")]
)
def test_sealing_key(binding: str, name: str, gramine: GramineDevice) -> None:
    answer = call_hook("gramine", "sealing_key", binding, device=gramine)
    assert answer == {"result": SEALING_KEYS[name].hex()}


def test_no_sealing_key_in_gramine_direct(gramine_direct: GramineDevice) -> None:
    answer = call_hook("gramine", "sealing_key", "product", device=gramine_direct)
    text = text_of(answer, "PlatformError")
    assert "/dev/attestation/keys/_sgx_mrsigner: No such file" in text
    assert "gramine-sgx of Gramine 1.5" in text


@pytest.mark.parametrize("key", [b"", b"short", bytes(17), bytes(4096)])
def test_sealing_key_of_another_size(key: bytes, tmp_path: Path) -> None:
    lay_out(tmp_path, attestation="dcap", keys=[])
    (tmp_path / "keys/_sgx_mrenclave").chmod(0o644)
    (tmp_path / "keys/_sgx_mrenclave").write_bytes(key)
    with pytest.raises(PlatformError, match="is not 16 bytes long"):
        GramineRuntime(device=str(tmp_path)).sealing_key(KeyBinding.MEASUREMENT)
