"""What the premain loads, and what its wheels install: all of it ends up in every enclave."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import ringtaw_premain
from ringtaw_schemas.mesh import marble_pb2

from tests.premain.conftest import StartPeer

PROJECT = Path(__file__).parents[2]
ALLOWED_OUTSIDE_THE_STANDARD_LIBRARY = {
    "_cffi_backend",
    "_openssl",
    "cryptography",
    "pluggy",
    "ringtaw_premain",
    "ringtaw_simulation",
}
TOO_HEAVY = {
    "argparse",
    "asyncio",
    "cryptography.x509",
    "ctypes",
    "email",
    "encodings.idna",
    "http",
    "importlib.metadata",
    "importlib.resources",
    "json",
    "logging",
    "pathlib",
    "shutil",
    "subprocess",
    "tempfile",
    "urllib",
    "uuid",
    "zipfile",
}
# Runs the premain whole, with the application's start replaced by a list of what is loaded.
LIST_MODULES = """
import os, sys
before = set(sys.modules)
def list_modules(*_):
    print("\\n".join(sorted(set(sys.modules) - before)), flush=True)
    os._exit(0)
os.execve = list_modules
from ringtaw_premain.__main__ import main
sys.argv = ["ringtaw-premain"]
main()
"""


def test_only_what_is_needed_is_loaded(start_peer: StartPeer, marble_directory: Path) -> None:
    given = marble_pb2.ActivationResp()
    given.Parameters.Argv.append("/bin/true")
    given.Parameters.Files["secrets/key"] = b"secret"
    peer = start_peer(lambda _: given)
    done = subprocess.run(
        [sys.executable, "-I", "-c", LIST_MODULES],
        env={
            "EDG_MARBLE_TYPE": "hello",
            "EDG_MARBLE_COORDINATOR_ADDR": f"localhost:{peer.front.port}",
            "RINGTAW_ADAPTER": "simulation",
        },
        cwd=marble_directory,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    loaded = set(done.stdout.split())
    assert "ringtaw_premain.activation" in loaded
    assert loaded & TOO_HEAVY == set()
    outside = {name.partition(".")[0] for name in loaded} - sys.stdlib_module_names
    assert outside <= ALLOWED_OUTSIDE_THE_STANDARD_LIBRARY


def test_the_version_is_that_of_the_distribution() -> None:
    table = tomllib.loads((PROJECT / "premain/pyproject.toml").read_text())
    assert table["project"]["version"] == ringtaw_premain.__version__
    names = {dependency.partition(">")[0] for dependency in table["project"]["dependencies"]}
    assert names == {"cryptography", "pluggy"}


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The wheels of the premain and one adapter, built without network."""
    directory = tmp_path_factory.mktemp("wheels")
    units = [str(PROJECT / "premain"), str(PROJECT / "adapters/gramine")]
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(directory), *units)
    return sorted(directory.iterdir())


def pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr


def test_wheels_hold_their_unit_and_nothing_else(wheels: list[Path]) -> None:
    for wheel, package in zip(wheels, ("ringtaw_gramine", "ringtaw_premain"), strict=True):
        paths = zipfile.ZipFile(wheel).namelist()
        tops = {path.partition("/")[0].partition("-")[0] for path in paths}
        assert package in tops
        assert tops <= {package, "ringtaw_adapter_gramine"}
        assert f"{package}/py.typed" in paths


def test_premain_and_adapter_are_all_that_an_image_needs(
    wheels: list[Path], tmp_path: Path
) -> None:
    image = tmp_path / "image"
    pip("install", "--no-deps", "--no-index", "--target", str(image), *map(str, wheels))
    for dependency in ("cryptography", "pluggy", "_cffi_backend"):
        link_installed(dependency, image)
    command = [sys.executable, "-S", "-s", "-P", "-B", "-m", "ringtaw_premain"]
    environment = {"PYTHONPATH": str(image), "EDG_MARBLE_TYPE": "hello"}
    version = run(command, "--version", environment)
    assert (version.returncode, version.stdout) == (
        0,
        f"ringtaw-premain {ringtaw_premain.__version__}\n",
    )
    started = run(command, "--", environment)
    assert started.returncode == 125
    assert "no adapter detected its runtime here; installed: gramine" in started.stderr


def run(
    command: list[str], argument: str, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command, argument],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def link_installed(module: str, image: Path) -> None:
    """Make an installed module visible in the image."""
    found = __import__(module).__file__
    assert found is not None
    source = Path(found)
    if source.name == "__init__.py":
        source = source.parent
    (image / source.name).symlink_to(source)
