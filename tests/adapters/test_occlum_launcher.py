"""Occlum: the launcher that `prepare` writes, in a stand-in of Occlum, against a Coordinator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from ringtaw_buildkit import python_runtime
from ringtaw_buildkit.changes import apply
from ringtaw_coordinator.core.api import MarbleParameters
from ringtaw_occlum.build import OcclumBuild
from ringtaw_occlum.build.premain_runtime import IMAGE_FOLDER, INTERPRETER, PATHS_FILE
from ringtaw_premain.build_hookspecs import PrepareRequest
from ringtaw_testkit.simulator import CoordinatorSimulator

from tests.standins.libos import OcclumDevice
from tests.support.occlum_deployment import CONFIG


def launcher_in(folder: Path) -> Path:
    """Prepare a configuration there, with this Python in the place of the image's."""
    (folder / "Occlum.json").write_text(json.dumps({**CONFIG, "entry_points": ["/bin"]}))
    preparation = OcclumBuild().prepare_config(PrepareRequest(str(folder / "Occlum.json")))
    apply(preparation.changes)
    launcher = folder / "ringtaw-premain"
    _, script = launcher.read_text().split("\n", 1)
    launcher.write_text(f"#!{sys.executable}\n{script}")
    return launcher


def image_in(folder: Path) -> Path:
    """Make the folder that goes into the image, prepare for it, and put the small files in place.

    Only where things are is another than in Occlum.
    """
    runtime = folder / "premain"
    python_runtime.build(Path(os.path.realpath(sys.executable)), ("occlum",), runtime)
    (folder / "Occlum.json").write_text(json.dumps({**CONFIG, "entry_points": ["/bin"]}))
    preparation = OcclumBuild().prepare_config(PrepareRequest(str(folder / "Occlum.json")))
    assert not [note for note in preparation.notes if "ringtaw runtime build" in note]
    apply(preparation.changes)
    interpreter = folder / INTERPRETER.replace(IMAGE_FOLDER, "premain")
    (folder / PATHS_FILE).rename(interpreter.parent / PATHS_FILE)
    launcher = folder / "ringtaw-premain"
    launcher.write_text(launcher.read_text().replace(IMAGE_FOLDER, str(runtime)))
    return launcher


def start(launcher: Path, occlum: OcclumDevice, address: str, *arguments: str) -> tuple[int, str]:
    environ = {
        **occlum.environment(),
        "EDG_MARBLE_TYPE": "frontend",
        "EDG_MARBLE_COORDINATOR_ADDR": address,
        "EDG_MARBLE_UUID_FILE": str(launcher.parent / "uuid"),
    }
    ran = subprocess.run(
        [launcher, *arguments],
        env={**environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        cwd=launcher.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ran.returncode, ran.stdout + ran.stderr


def test_launcher_brings_up_the_marble(
    occlum: OcclumDevice, coordinator: CoordinatorSimulator, program: Path, tmp_path: Path
) -> None:
    secret = {str(tmp_path / "deep/secret"): b"the secret"}
    argv = (str(program), "a", "b c")
    coordinator.admit(MarbleParameters(secret, {"GREETING": b"hello"}, argv))
    code, output = start(launcher_in(tmp_path), occlum, coordinator.address)
    assert code == 42, output
    assert "hello a b c\nthe secret" in output


def test_launcher_needs_nothing_but_its_own_python(
    occlum: OcclumDevice, coordinator: CoordinatorSimulator, program: Path, tmp_path: Path
) -> None:
    """The files are where the launcher and the list of paths look for them."""
    coordinator.admit(MarbleParameters({}, {"GREETING": b"hello"}, (str(program), "a")))
    launcher = image_in(tmp_path)
    ran = subprocess.run(
        [launcher],
        env={
            **occlum.environment(),
            "EDG_MARBLE_TYPE": "frontend",
            "EDG_MARBLE_COORDINATOR_ADDR": coordinator.address,
            "LD_LIBRARY_PATH": str(tmp_path / "premain" / python_runtime.LIBRARIES),
            "PYTHONPATH": str(tmp_path / "of-the-host"),
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 42, ran.stderr
    assert "hello a" in ran.stdout


def test_host_cannot_name_a_program(
    occlum: OcclumDevice, coordinator: CoordinatorSimulator, program: Path, tmp_path: Path
) -> None:
    coordinator.admit(MarbleParameters({}, {}, (str(program),)))
    for arguments in (("-c", "print(1)"), ("--", "/bin/sh")):
        code, _ = start(launcher_in(tmp_path), occlum, coordinator.address, *arguments)
        assert code != 42
        assert not (tmp_path / "started").exists()


def test_runtime_of_another_libos_is_told(tmp_path: Path) -> None:
    runtime = tmp_path / "premain"
    python_runtime.build(Path(os.path.realpath(sys.executable)), ("simulation",), runtime)
    (tmp_path / "Occlum.json").write_text(json.dumps({**CONFIG, "entry_points": ["/bin"]}))
    notes = OcclumBuild().prepare_config(PrepareRequest(str(tmp_path / "Occlum.json"))).notes
    assert any("lacks Occlum's adapter: ringtaw runtime build" in note for note in notes)
