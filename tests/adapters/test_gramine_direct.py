"""The Gramine adapter in Gramine itself, without SGX.

Without a quote: gramine-direct has none. With one: a host directory mounted over /dev/attestation
stands in for the pseudo-files, so that what runs on SGX runs here.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.standins import call_hook, probe_keys
from tests.standins.gramine_image.image import (
    INSTALLED,
    NOT_INSTALLED,
    GramineImage,
    lay_out_image,
)
from tests.standins.libos import SEALING_KEYS, lay_out
from tests.standins.quotes import unsigned_quote

pytestmark = pytest.mark.skipif(not INSTALLED, reason=NOT_INSTALLED)

REPORT_DATA = bytes(range(1, 33)) + bytes(32)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> GramineImage:
    return lay_out_image(tmp_path_factory.mktemp("gramine"))


@pytest.fixture
def device(tmp_path: Path) -> Path:
    lay_out(tmp_path, attestation="dcap", keys=["default"])
    (tmp_path / "quote").chmod(0o644)
    (tmp_path / "quote").write_bytes(unsigned_quote(REPORT_DATA))
    return tmp_path


def run_program(
    image: GramineImage, program: str, *arguments: str, device: Path | None = None
) -> object:
    """Run one of the stand-ins' programs inside; what it prints is JSON."""
    shutil.copy(program, image.directory / "work" / "program.py")
    ran = image.run("python3", "/work/program.py", *arguments, device=device)
    assert ran.returncode == 0, ran.stdout
    return json.loads(ran.stdout)


def call(
    image: GramineImage, hook: str, argument: str = "", *, device: Path | None = None
) -> object:
    return run_program(image, call_hook.__file__, "gramine", hook, argument, device=device)


def test_keys_behave_as_the_stand_in_says(image: GramineImage) -> None:
    assert run_program(image, probe_keys.__file__) == probe_keys.EXPECTED


def test_detects_gramine(image: GramineImage) -> None:
    assert call(image, "detect") == {"result": True}


def test_gramine_direct_has_no_quote(image: GramineImage) -> None:
    answer = call(image, "issue_evidence", REPORT_DATA.hex())
    assert isinstance(answer, dict)
    assert answer["error"] == "EvidenceUnavailableError"
    assert "as under gramine-direct" in answer["text"]


def test_key_that_no_mount_declares(image: GramineImage) -> None:
    files = {"/dev/attestation/keys/unknown": "00" * 16}
    answer = call(image, "order_files", json.dumps(files))
    assert isinstance(answer, dict)
    assert 'key_name = "unknown"' in answer["text"]


def test_keys_come_first(image: GramineImage) -> None:
    key = "00" * 16
    files = {
        "/a": "",
        "//dev/attestation//keys/default": key,
        "/dev/attestation/keys/other": key,
    }
    assert call(image, "order_files", json.dumps(files)) == {
        "result": [
            ["//dev/attestation//keys/default", key, "device"],
            ["/dev/attestation/keys/other", key, "device"],
            ["/a", "", "regular"],
        ]
    }


def test_quote_through_a_mounted_device(image: GramineImage, device: Path) -> None:
    answer = call(image, "issue_evidence", REPORT_DATA.hex(), device=device)
    assert answer == {"result": unsigned_quote(REPORT_DATA).hex()}
    assert (device / "user_report_data").read_bytes() == REPORT_DATA


def test_quote_over_other_data(image: GramineImage, device: Path) -> None:
    answer = call(image, "issue_evidence", bytes(64).hex(), device=device)
    assert isinstance(answer, dict)
    assert "not over the report data" in answer["text"]


def test_sealing_key_through_a_mounted_device(image: GramineImage, device: Path) -> None:
    answer = call(image, "sealing_key", "product", device=device)
    assert answer == {"result": SEALING_KEYS["_sgx_mrsigner"].hex()}
