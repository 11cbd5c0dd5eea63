"""State sealed with the keys of the libOS that the Coordinator runs in, on Gramine's stand-in."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ringtaw_coordinator.errors import PlatformError
from ringtaw_coordinator.platform import choose_platform
from ringtaw_coordinator.settings import read_settings

from tests.standins.libos import (
    COMPILER,
    WITHOUT_COMPILER,
    GramineDevice,
    build_shim,
    gramine_device,
)
from tests.support.deployments import RecoveryKey, manifest

pytestmark = pytest.mark.skipif(COMPILER is None, reason=WITHOUT_COMPILER)
PROJECT = Path(__file__).parents[2]
UNIQUE = manifest(Config={"SealMode": "UniqueKey"}).decode()


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_shim(tmp_path_factory.mktemp("shim"))


@contextmanager
def enclave(shim: Path, state: Path, **keys: bytes) -> Iterator[GramineDevice]:
    """A Gramine with these sealing keys in place of the stand-in's own."""
    state.mkdir()
    with gramine_device(shim, state) as device:
        for name, key in keys.items():
            file = state / "keys" / name
            file.chmod(0o644)
            file.write_bytes(key)
        yield device


def run_in(
    device: GramineDevice, directory: Path, to_set: str = "", adapter: str = "gramine"
) -> str:
    environ = {
        **device.environment(),
        "RINGTAW_ADAPTER": adapter,
        "PYTHONPATH": str(PROJECT),
    }
    ran = subprocess.run(
        [sys.executable, "-m", "tests.support.sealing_process", directory, to_set],
        env=environ,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    return ran.stdout.splitlines()[-1]


def test_state_opens_in_the_same_enclave_and_in_no_other(shim: Path, tmp_path: Path) -> None:
    directory = tmp_path / "state"
    with enclave(shim, tmp_path / "one") as one:
        assert run_in(one, directory, UNIQUE) == "ACCEPTING_MARBLES"
        assert run_in(one, directory) == "ACCEPTING_MARBLES"
    document = json.loads((directory / "sealed_key").read_bytes())
    assert document["protection"] == "measurement"
    with enclave(shim, tmp_path / "same", _sgx_mrsigner=b"o" * 16) as same_measurement:
        assert run_in(same_measurement, directory) == "ACCEPTING_MARBLES"
    with enclave(shim, tmp_path / "other", _sgx_mrenclave=b"o" * 16) as other:
        assert run_in(other, directory) == "RECOVERY"


def test_platform_without_keys_is_an_error_and_not_a_recovery(shim: Path, tmp_path: Path) -> None:
    directory = tmp_path / "state"
    with enclave(shim, tmp_path / "one") as device:
        assert run_in(device, directory, UNIQUE) == "ACCEPTING_MARBLES"
        device.deny("keys/_sgx_mrenclave")
        text = run_in(device, directory)
    assert "adapter(gramine)" in text
    assert "_sgx_mrenclave" in text


def test_an_adapter_without_sealing_keys(shim: Path, tmp_path: Path) -> None:
    """What it seals only its owners open; without any it seals nothing."""
    owned = manifest(RecoveryKeys={"owner": RecoveryKey().public_pem}).decode()
    with enclave(shim, tmp_path / "one") as device:
        text = run_in(device, tmp_path / "state", UNIQUE, adapter="simulation")
        assert "/RecoveryKeys: without recovery keys nobody could open the state" in text
        assert "adapter(simulation): does not provide sealing_key" in text
        for to_set, state in ((owned, "ACCEPTING_MARBLES"), ("", "RECOVERY")):
            assert run_in(device, tmp_path / "state", to_set, adapter="simulation") == state


def test_nothing_that_attests_is_an_error() -> None:
    with pytest.raises(PlatformError, match=r"no adapter 'nowhere'.*OE_SIMULATION=1"):
        choose_platform(read_settings({"RINGTAW_ADAPTER": "nowhere"}))
