"""A C program and a plain Gramine template, brought up by the commands a user has."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ringtaw_cli.program import run as ringtaw

from tests.standins.gramine_image.image import INSTALLED, NOT_INSTALLED
from tests.support.coordinator_process import CoordinatorProcess, coordinator_process

COMPILER = shutil.which("cc")
pytestmark = [
    pytest.mark.skipif(not INSTALLED, reason=NOT_INSTALLED),
    pytest.mark.skipif(COMPILER is None, reason="cc is not on PATH"),
]

PROGRAM = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

int main(int count, char **arguments) {
    char key[65] = "";
    FILE *file = fopen("/dev/shm/key", "r");
    if (!file || fread(key, 1, 64, file) != 64)
        return 1;
    for (int i = 0; i < 32; i++) { /* derived from the secret: the digits the other way round */
        char digit = key[i];
        key[i] = key[63 - i];
        key[63 - i] = digit;
    }
    printf("derived %s\n", key);
    for (int i = 0; i < count; i++)
        printf("argument %s\n", arguments[i]);
    for (char **variable = environ; *variable; variable++)
        printf("variable %s\n", *variable);
    return 42;
}
"""
TEMPLATE = """\
# What a user has before there is a premain.
libos.entrypoint = "/hello"
loader.log_level = "{{ log_level }}"
loader.argv = ["hello", "from", "loader.argv"]
loader.env.LD_LIBRARY_PATH = "/lib"
loader.env.PYTHONPATH = "/lib"
loader.env.OE_SIMULATION = { passthrough = true } # for gramine-direct

fs.mounts = [
  { path = "/lib", uri = "file:{{ gramine.runtimedir() }}" },
]
sgx.trusted_files = [
  "file:{{ gramine.runtimedir() }}/",
  "file:hello",
]
"""
MANIFEST = {
    "Packages": {"hello": {"Debug": True, "UniqueID": "00" * 32}},
    "Marbles": {
        "hello": {
            "Package": "hello",
            "Parameters": {
                "Argv": ["hello", "from", "the", "manifest"],
                "Files": {"/dev/shm/key": "{{ hex .Secrets.Key }}"},
            },
        },
        "witness": {
            "Package": "hello",
            "Parameters": {"Argv": ["w"], "Env": {"KEY": "{{ hex .Secrets.Key }}"}},
        },
    },
    "Secrets": {"Key": {"Type": "symmetric-key", "Size": 256, "Shared": True}},
}


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """The folder after runtime build, prepare and gramine-manifest."""
    image = tmp_path / "image"
    image.mkdir()
    (image / "hello.c").write_text(PROGRAM)
    subprocess.run([COMPILER or "", "-O", "-o", "hello", "hello.c"], cwd=image, check=True)
    template = image / "hello.manifest.template"
    template.write_text(TEMPLATE)
    python = f"--python={os.path.realpath(sys.executable)}"
    assert ringtaw(["runtime", "build", "--adapter=gramine", python, f"{image}/premain"]) == 0
    assert ringtaw(["gramine", "prepare", "--write", str(template)]) == 0
    assert template.with_name(f"{template.name}.orig").read_text() == TEMPLATE
    assert ringtaw(["gramine", "check", str(template)]) == 0
    command = ["gramine-manifest", "-Dlog_level=error", template.name, "hello.manifest"]
    subprocess.run(command, cwd=image, check=True)
    return image


def start(image: Path, coordinator: CoordinatorProcess) -> list[str]:
    environ = {
        "EDG_MARBLE_TYPE": "hello",
        "EDG_MARBLE_COORDINATOR_ADDR": coordinator.mesh_address.replace("127.0.0.1", "localhost"),
        "OE_SIMULATION": "1",
    }
    ran = subprocess.run(
        ["gramine-direct", "hello"],
        cwd=image,
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 42, ran.stdout
    return ran.stdout.splitlines()


def test_a_c_program_gets_its_secret(
    capfd: pytest.CaptureFixture[str], image: Path, tmp_path: Path
) -> None:
    assert '"Argv": ["hello", "from", "loader.argv"]' in capfd.readouterr().err
    with coordinator_process(tmp_path / "state") as coordinator:
        coordinator.set_manifest(json.dumps(MANIFEST).encode())
        key = coordinator.activate("witness").environment["KEY"].decode()
        told = start(image, coordinator)
        again = start(image, coordinator)
    assert f"derived {key[::-1]}" in told
    assert f"derived {key[::-1]}" in again
    arguments = [line for line in told if line.startswith("argument ")]
    assert arguments == [f"argument {word}" for word in ("hello", "from", "the", "manifest")]
    assert "variable LD_LIBRARY_PATH=/lib" in told
    assert "variable PYTHONPATH=/lib" in told
    assert not any("premain" in line for line in told if line.startswith("variable "))
    assert (image / "uuid").is_file()
