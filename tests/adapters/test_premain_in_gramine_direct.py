"""The whole premain in Gramine itself, without SGX, against a Coordinator's mesh server."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from ringtaw_coordinator.core.api import MarbleParameters
from ringtaw_testkit.simulator import CoordinatorSimulator

from tests.standins.gramine_image.image import (
    INSTALLED,
    NOT_INSTALLED,
    GramineImage,
    lay_out_image,
)
from tests.standins.libos import lay_out
from tests.standins.quotes import unsigned_quote

pytestmark = pytest.mark.skipif(not INSTALLED, reason=NOT_INSTALLED)

PYTHON = os.path.realpath(sys.executable)
KEY = hashlib.sha256(b"a key that is in no library").digest()[:16]
KEY_FILE = "/dev/attestation/keys/default"
SECRET = b"kept under the key"
FILES = {"/encrypted/deep/secret": SECRET, "/tmp/deep/plain": b"in memory", KEY_FILE: KEY}

APPLICATION = """\
#!{python}
import json, os, sys

def content(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError as error:
        return error.strerror

print(json.dumps({{
    "argv": sys.argv[1:],
    "pid": os.getpid(),
    "greeting": os.environ.get("GREETING"),
    "libraries kept": "LD_LIBRARY_PATH" in os.environ,
    "secret": content("/encrypted/deep/secret"),
    "plain": content("/tmp/deep/plain"),
}}))
sys.exit(42)
"""


@pytest.fixture
def coordinator() -> Iterator[CoordinatorSimulator]:
    with CoordinatorSimulator() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def pristine_image(tmp_path_factory: pytest.TempPathFactory) -> GramineImage:
    image = lay_out_image(tmp_path_factory.mktemp("gramine"))
    application = image.directory / "work" / "app"
    application.write_text(APPLICATION.format(python=PYTHON))
    application.chmod(0o755)
    return image


@pytest.fixture
def image(pristine_image: GramineImage) -> GramineImage:
    """Forget what earlier tests have written."""
    for name in ("encrypted", "other"):
        shutil.rmtree(pristine_image.directory / name)
        (pristine_image.directory / name).mkdir()
    for path in (pristine_image.directory / "work").iterdir():
        if path.name != "app":
            path.unlink()
    return pristine_image


def admit(
    coordinator: CoordinatorSimulator, *argv: str, files: Mapping[str, bytes] = FILES
) -> None:
    coordinator.admit(MarbleParameters(files, {"GREETING": b"hello"}, argv))


def premain(
    image: GramineImage,
    coordinator: CoordinatorSimulator,
    *argv: str,
    device: Path | None = None,
    simulation: bool = True,
) -> subprocess.CompletedProcess[str]:
    environ = {
        "EDG_MARBLE_TYPE": "frontend",
        "EDG_MARBLE_COORDINATOR_ADDR": coordinator.address,
        "OE_SIMULATION": "1" if simulation else "0",
    }
    return image.run(*argv, environ=environ, device=device)


def told(ran: subprocess.CompletedProcess[str]) -> dict[str, object]:
    """Return what the application says; fails if it was not started."""
    assert ran.returncode == 42, ran.stdout
    answer: dict[str, object] = json.loads(ran.stdout.splitlines()[-1])
    return answer


EXPECTED = {
    "pid": 1,
    "greeting": "hello",
    "libraries kept": True,
    "secret": SECRET.decode(),
    "plain": "in memory",
}


def test_program_after_the_dashes(image: GramineImage, coordinator: CoordinatorSimulator) -> None:
    admit(coordinator, "named", "/work/app", "a", "b c")
    ran = premain(image, coordinator, "python3", "-m", "ringtaw_premain", "--", PYTHON)
    assert told(ran) == {**EXPECTED, "argv": ["a", "b c"]}
    assert "SIMULATION" in ran.stdout
    assert coordinator.requests[0].quote == b""


def test_program_first_as_in_marblerun(
    image: GramineImage, coordinator: CoordinatorSimulator
) -> None:
    admit(coordinator, "named", "x")
    ran = premain(image, coordinator, "/work/app", "-m", "ringtaw_premain")
    assert told(ran) == {**EXPECTED, "argv": ["x"]}


def test_the_secret_is_encrypted_on_the_host(
    image: GramineImage, coordinator: CoordinatorSimulator
) -> None:
    admit(coordinator, "named")
    told(premain(image, coordinator, "/work/app", "-m", "ringtaw_premain"))
    ciphertext = (image.directory / "encrypted/deep/secret").read_bytes()
    assert ciphertext.startswith(b"GRAFS_PF")
    assert SECRET not in ciphertext
    for path in image.directory.rglob("*"):
        assert not path.is_file() or KEY not in path.read_bytes(), path


def test_a_second_start_writes_the_encrypted_file_anew(
    image: GramineImage, coordinator: CoordinatorSimulator
) -> None:
    admit(coordinator, "named")
    told(premain(image, coordinator, "/work/app", "-m", "ringtaw_premain"))
    admit(coordinator, "named", files={**FILES, "/encrypted/deep/secret": b"a newer one"})
    ran = premain(image, coordinator, "/work/app", "-m", "ringtaw_premain")
    assert told(ran)["secret"] == "a newer one"
    first, second = coordinator.requests
    assert first.uuid == second.uuid


def test_without_a_quote_nothing_starts(
    image: GramineImage, coordinator: CoordinatorSimulator
) -> None:
    admit(coordinator, "named")
    ran = premain(image, coordinator, "/work/app", "-m", "ringtaw_premain", simulation=False)
    assert ran.returncode == 125, ran.stdout
    assert "as under gramine-direct" in ran.stdout
    assert coordinator.requests == []


def test_a_key_of_the_wrong_size(image: GramineImage, coordinator: CoordinatorSimulator) -> None:
    admit(coordinator, "named", files={**FILES, KEY_FILE: KEY + b"\n"})
    ran = premain(image, coordinator, "/work/app", "-m", "ringtaw_premain")
    assert ran.returncode == 125, ran.stdout
    assert f"{KEY_FILE} takes exactly 16 bytes, the manifest gives 17" in ran.stdout
    assert list((image.directory / "encrypted").iterdir()) == []


def test_a_missing_program(image: GramineImage, coordinator: CoordinatorSimulator) -> None:
    admit(coordinator, "named")
    ran = premain(image, coordinator, "python3", "-m", "ringtaw_premain", "--", "/work/absent")
    assert ran.returncode == 127, ran.stdout
    assert list((image.directory / "encrypted").iterdir()) == []


def test_a_program_that_is_not_executable(
    image: GramineImage, coordinator: CoordinatorSimulator
) -> None:
    (image.directory / "work/text").touch(0o644)
    admit(coordinator, "named")
    ran = premain(image, coordinator, "python3", "-m", "ringtaw_premain", "--", "/work/text")
    assert ran.returncode == 126, ran.stdout


def test_with_a_quote_through_a_mounted_device(
    image: GramineImage, coordinator: CoordinatorSimulator, tmp_path: Path
) -> None:
    """As on SGX: nothing of simulation, the quote over this connection's certificate."""
    lay_out(tmp_path, attestation="dcap", keys=["default"])
    (tmp_path / "quote").chmod(0o644)
    image.make_quotes()
    files = {KEY_FILE: KEY, "/tmp/deep/plain": b"in memory"}
    admit(coordinator, "named", files=files)
    ran = premain(
        image, coordinator, "/work/app", "-m", "ringtaw_premain", device=tmp_path, simulation=False
    )
    assert told(ran)["plain"] == "in memory"
    assert "SIMULATION" not in ran.stdout
    digest = hashlib.sha256(coordinator.requests[0].peer_certificate).digest()
    assert coordinator.requests[0].quote == unsigned_quote(digest + bytes(32))
    assert (tmp_path / "keys/default").read_bytes() == KEY
