"""The generated stubs are those of marble.proto."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import ringtaw_schemas.mesh

FOLDER = Path(ringtaw_schemas.mesh.__file__).parent
SOURCE = FOLDER.parent.parent
GENERATED = ("marble_pb2.py", "marble_pb2.pyi", "marble_pb2_grpc.py")


def test_stubs_are_what_the_documented_command_makes(tmp_path: Path) -> None:
    generator = version("grpcio-tools")
    if f"GRPC_GENERATED_VERSION = '{generator}'" not in (FOLDER / GENERATED[2]).read_text():
        pytest.skip(f"the stubs were made with another version than grpcio-tools {generator}")
    (command,) = (
        line.removeprefix("//").split()
        for line in (FOLDER / "marble.proto").read_text().splitlines()
        if "grpc_tools.protoc" in line
    )
    assert command[:2] == ["python", "-m"]
    outputs = [argument.replace("_out=.", f"_out={tmp_path}") for argument in command[1:]]
    subprocess.run([sys.executable, *outputs], cwd=SOURCE, check=True)
    for name in GENERATED:
        made = tmp_path / "ringtaw_schemas" / "mesh" / name
        assert made.read_bytes() == (FOLDER / name).read_bytes(), name
