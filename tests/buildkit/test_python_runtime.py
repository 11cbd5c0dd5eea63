"""The premain's own Python: what is in the folder, and that it is enough, from real starts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

import pluggy
import pytest
from ringtaw_buildkit.python_runtime import (
    INTERPRETER,
    LIBRARIES,
    OPTIONS,
    Group,
    Manifest,
    build,
    read_manifest,
)
from ringtaw_coordinator.core.api import MarbleParameters
from ringtaw_coordinator.errors import ActivationError
from ringtaw_premain.errors import AdapterError, PlatformError
from ringtaw_testkit.simulator import CoordinatorSimulator

PYTHON = Path(os.path.realpath(sys.executable))
DEBIAN = Path("/usr/bin/python3.11")
ADAPTERS = ("gramine", "simulation")
INCOMPLETE = ("image is incomplete", "No module named", "internal error", "Traceback")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runtime") / "premain"
    build(PYTHON, ADAPTERS, folder)
    return folder


@pytest.fixture(scope="module")
def manifest(folder: Path) -> Manifest:
    return read_manifest(folder)


@pytest.fixture
def coordinator() -> Iterator[CoordinatorSimulator]:
    with CoordinatorSimulator() as simulator:
        yield simulator


def premain(
    folder: Path,
    directory: Path,
    address: str = "127.0.0.1:1",
    program: str = "/usr/bin/env",
    **environ: str,
) -> subprocess.CompletedProcess[str]:
    """Start the premain from a runtime, and nothing else, as an enclave does."""
    command = [str(folder / INTERPRETER), *OPTIONS, "-m", "ringtaw_premain", "--", program]
    return subprocess.run(
        command,
        env={
            "LD_LIBRARY_PATH": f"{folder / LIBRARIES}:/application/lib",
            "RINGTAW_ADAPTER": "simulation",
            "RINGTAW_ACTIVATION_TIMEOUT": "5",
            "EDG_MARBLE_TYPE": "hello",
            "EDG_MARBLE_COORDINATOR_ADDR": address,
            **environ,
        },
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_every_file_is_listed_with_its_hash_and_a_reason(folder: Path, manifest: Manifest) -> None:
    on_disk = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    assert on_disk == {file.path for file in manifest.files} | {"runtime.json"}
    for file in manifest.files:
        content = (folder / file.path).read_bytes()
        assert (file.size, file.sha256) == (len(content), sha256(content).hexdigest())
        assert file.reason
    assert {file.group for file in manifest.files} == set(Group)
    assert manifest.adapters == ADAPTERS
    assert "libc.so.6" in manifest.expected_libraries


def test_nothing_is_in_it_that_no_activation_needs(manifest: Manifest) -> None:
    paths = [file.path for file in manifest.files]
    unwanted = ("/build/", "build_hookspecs", "py.typed", "/test", "/pip", "METADATA", "RECORD")
    assert [path for path in paths if any(word in path for word in unwanted)] == []
    assert {Path(path).suffix for path in paths if path.startswith("lib/python3.")} == {
        ".pyc",
        ".so",
        ".txt",
    }
    heavy = ("asyncio", "http", "multiprocessing", "argparse", "logging", "unittest", "ctypes")
    assert [p for p in paths if Path(p).parts[2:3] and Path(p).parts[2].startswith(heavy)] == []
    assert not any("libc.so" in path or "ld-linux" in path for path in paths)
    assert len(paths) < 230


def test_the_same_bytes_again(folder: Path, tmp_path: Path) -> None:
    """Whatever the environment of who builds says about where Python imports from."""
    other = tmp_path / "other"
    shutil.copytree(Path(pluggy.__file__).parent, other / "pluggy")
    with (other / "pluggy" / "_manager.py").open("a") as file:
        file.write("NOT_THE_INSTALLED_ONE = True\n")
    again = tmp_path / "again"
    program = "import sys; from ringtaw_cli.program import run; sys.exit(run(sys.argv[1:]))"
    options = [word for name in ADAPTERS for word in ("--adapter", name)]
    subprocess.run(
        [sys.executable, "-c", program, "runtime", "build", *options, f"--python={PYTHON}", again],
        env={"PYTHONPATH": str(other), "PYTHONHASHSEED": "7", "LD_LIBRARY_PATH": str(other)},
        cwd=tmp_path,
        check=True,
        timeout=120,
    )
    assert read_manifest(again) == read_manifest(folder)
    assert (again / "runtime.json").read_bytes() == (folder / "runtime.json").read_bytes()


def test_it_becomes_the_application(
    folder: Path, tmp_path: Path, coordinator: CoordinatorSimulator
) -> None:
    """With an environment that knows nothing of the premain's Python and its libraries."""
    files = {"secrets/key": b"secret"}
    coordinator.admit(MarbleParameters(files, {"GREETING": b"hello"}, ("env",)))
    done = premain(folder, tmp_path, coordinator.address, PYTHONHOME="/application", LANG="xx_XX")
    assert done.returncode == 0, done.stderr
    told = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert told["GREETING"] == "hello"
    assert told["LD_LIBRARY_PATH"] == "/application/lib"
    assert told["PYTHONHOME"] == "/application"
    assert str(folder) not in done.stdout
    assert (tmp_path / "secrets/key").read_bytes() == b"secret"


def test_a_second_start_has_the_same_uuid(
    folder: Path, tmp_path: Path, coordinator: CoordinatorSimulator
) -> None:
    coordinator.admit(MarbleParameters({}, {}, ("env",)))
    premain(folder, tmp_path, coordinator.address)
    coordinator.admit(MarbleParameters({}, {}, ("env",)))
    premain(folder, tmp_path, coordinator.address)
    first, second = coordinator.requests
    assert first.uuid == second.uuid


FAILURES: Mapping[str, dict[str, str]] = {
    "EDG_MARBLE_TYPE": {"EDG_MARBLE_TYPE": ""},
    "EDG_MARBLE_COORDINATOR_ADDR": {"EDG_MARBLE_COORDINATOR_ADDR": "no port"},
    "no activation within 1 s": {"RINGTAW_ACTIVATION_TIMEOUT": "1"},
    "cannot resolve": {
        "EDG_MARBLE_COORDINATOR_ADDR": "no-such-host.invalid:1",
        "RINGTAW_ACTIVATION_TIMEOUT": "1",
    },
    "EDG_MARBLE_DNS_NAMES": {"EDG_MARBLE_DNS_NAMES": "b\u00fccher.example"},
    "there is no adapter 'other'": {"RINGTAW_ADAPTER": "other"},
    "no adapter detected": {"RINGTAW_ADAPTER": ""},
    "RINGTAW_COORDINATOR_PIN": {"RINGTAW_COORDINATOR_PIN": "pin.pem"},
    "holds no UUID": {"EDG_MARBLE_UUID_FILE": "/proc/version"},
}


@pytest.mark.parametrize("message", FAILURES)
@pytest.mark.parametrize("log", ["text", "json"])
def test_failures_say_what_is_wrong(folder: Path, tmp_path: Path, message: str, log: str) -> None:
    """Nothing that is loaded only to fail is missing."""
    (tmp_path / "pin.pem").write_bytes(b"-----BEGIN \xff")
    done = premain(folder, tmp_path, EDG_LOG_FORMAT=log, **FAILURES[message])
    assert done.returncode == 125
    assert message in done.stderr.replace('\\"', '"')
    assert [word for word in INCOMPLETE if word in done.stderr] == []
    if log == "json":
        assert all(json.loads(line) for line in done.stderr.splitlines())


def test_a_coordinator_that_is_not_the_pinned_one(
    folder: Path, tmp_path: Path, coordinator: CoordinatorSimulator
) -> None:
    pin = "sha256:" + 64 * "0"
    done = premain(folder, tmp_path, coordinator.address, RINGTAW_COORDINATOR_PIN=pin)
    assert done.returncode == 125
    assert "not the pinned one" in done.stderr


def test_a_coordinator_that_refuses(
    folder: Path, tmp_path: Path, coordinator: CoordinatorSimulator
) -> None:
    coordinator.refuse(ActivationError("not this one"))
    done = premain(folder, tmp_path, coordinator.address)
    assert done.returncode == 125
    assert [word for word in INCOMPLETE if word in done.stderr] == []


def test_a_policy_that_nothing_enforces(
    folder: Path, tmp_path: Path, coordinator: CoordinatorSimulator
) -> None:
    given = MarbleParameters({}, {"MARBLE_TTLS_CONFIG": b'{"tls": {}}'}, ("env",))
    coordinator.admit(given)
    done = premain(folder, tmp_path, coordinator.address)
    assert [word for word in INCOMPLETE if word in done.stderr] == []


def test_an_answer_that_is_none(
    folder: Path, tmp_path: Path, coordinator: CoordinatorSimulator
) -> None:
    coordinator.answer_bytes(b"\xff\xff")
    done = premain(folder, tmp_path, coordinator.address)
    assert done.returncode == 125
    assert [word for word in INCOMPLETE if word in done.stderr] == []


def test_a_program_that_is_not_there(
    folder: Path, tmp_path: Path, coordinator: CoordinatorSimulator
) -> None:
    coordinator.admit(MarbleParameters({"secret": b"x"}, {}, ("absent",)))
    done = premain(folder, tmp_path, coordinator.address, program="/absent")
    assert done.returncode == 127
    assert not (tmp_path / "secret").exists()


def test_a_missing_module_is_one_line(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    (library,) = (broken / "lib").glob("python3.*")
    (library / "ringtaw_premain" / "activation.pyc").unlink()
    done = premain(broken, tmp_path)
    assert done.returncode == 125
    assert done.stderr.count("\n") == 1
    assert "the premain's image is incomplete" in done.stderr
    with pytest.raises(PlatformError, match=r"not as it was built: .*activation\.pyc"):
        read_manifest(broken)


def test_a_changed_and_a_strange_file_are_noticed(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    (broken / "strange").touch()
    with (broken / INTERPRETER).open("ab") as file:
        file.write(b"x")
    with pytest.raises(PlatformError, match=f"{INTERPRETER}, strange"):
        read_manifest(broken)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}', '{"format": 1, "files": 3}'])
def test_a_list_that_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "runtime.json").write_text(text)
    with pytest.raises(PlatformError, match=r"runtime\.json"):
        read_manifest(tmp_path)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").touch()
    with pytest.raises(PlatformError, match="something else than a runtime"):
        build(PYTHON, ADAPTERS, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def test_an_adapter_without_runtime_side(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match="no runtime side"):
        build(PYTHON, ["ego"], tmp_path / "premain")
    with pytest.raises(AdapterError, match="there is no adapter 'other'; installed: ego, gramine"):
        build(PYTHON, ["other"], tmp_path / "premain")


def test_packages_for_another_interpreter_are_not_taken_from_here(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match="installed: none"):
        build(PYTHON, ["gramine"], tmp_path / "premain", packages=tmp_path)
    assert not (tmp_path / "premain").exists()


def test_an_interpreter_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="/bin/false"):
        build(Path("/bin/false"), ADAPTERS, tmp_path / "premain")


@pytest.mark.skipif(
    not DEBIAN.exists() or sys.version_info[:2] != (3, 11), reason="not Debian's Python 3.11"
)
def test_of_a_distributions_interpreter(tmp_path: Path) -> None:
    """It has most of the standard library's own libraries built in, and links others."""
    folder = tmp_path / "premain"
    manifest = build(DEBIAN, ["simulation"], folder)
    assert {"lib/libssl.so.3", "lib/libcrypto.so.3"} <= {file.path for file in manifest.files}
    done = premain(folder, tmp_path, RINGTAW_ACTIVATION_TIMEOUT="1")
    assert "no activation within 1 s" in done.stderr
