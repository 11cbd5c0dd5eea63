"""EGo: the identity of signed executables, the command that starts them, and no preparation."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from ringtaw_ego.build import EgoBuild
from ringtaw_premain.build_hookspecs import PackageProperties, PrepareRequest, RunRequest
from ringtaw_premain.errors import PlatformError

from tests.support.elf_files import oeinfo, write_elf
from tests.support.sigstructs import MR_ENCLAVE, make_sigstruct, mr_signer, signing_key

CONFIG = {"exe": "hello", "key": "private.pem", "heapSize": 512, "debug": True}


@pytest.mark.parametrize("debug", [False, True])
def test_identity(tmp_path: Path, debug: bool) -> None:
    sigstruct = make_sigstruct(isv_prod_id=3, isv_svn=4, debug=debug, fixes_debug=not debug)
    path = write_elf(tmp_path / "hello", ".oeinfo", oeinfo(sigstruct))
    expected = PackageProperties(MR_ENCLAVE, mr_signer(signing_key()), 3, 4, debug)
    assert EgoBuild().package_properties(str(path)) == expected


def test_executable_built_by_a_compiler(tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler (cc)")
    values = ",".join(map(str, oeinfo(make_sigstruct(isv_svn=9))))
    section = '__attribute__((section(".oeinfo"), used)) static unsigned char a'
    (tmp_path / "a.c").write_text(f"{section}[] = {{{values}}}; int main(void) {{ return 0; }}")
    program = tmp_path / "a"
    subprocess.run([compiler, "-o", program, tmp_path / "a.c"], check=True, timeout=60)
    assert EgoBuild().package_properties(str(program)).security_version == 9


def test_executable_that_is_not_signed(tmp_path: Path) -> None:
    path = write_elf(tmp_path / "hello", ".oeinfo", bytes(2064))
    with pytest.raises(PlatformError, match=r"hello: not a signed enclave.*ego sign"):
        EgoBuild().package_properties(str(path))


def test_executable_of_another_kind(tmp_path: Path) -> None:
    path = write_elf(tmp_path / "hello", ".text", b"code")
    with pytest.raises(PlatformError, match=r"no section \.oeinfo.*ego-go"):
        EgoBuild().package_properties(str(path))
    with pytest.raises(PlatformError, match="Is a directory"):
        EgoBuild().package_properties(str(tmp_path))


def test_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "hello")
    with pytest.raises(PlatformError, match="not a regular file"):
        EgoBuild().package_properties(str(tmp_path / "hello"))


def test_every_cut_is_refused_in_one_line(tmp_path: Path) -> None:
    whole = write_elf(tmp_path / "whole", ".oeinfo", oeinfo(make_sigstruct())).read_bytes()
    path = tmp_path / "cut"
    for length in range(0, len(whole), 61):
        path.write_bytes(whole[:length])
        with pytest.raises(PlatformError) as caught:
            EgoBuild().package_properties(str(path))
        assert "\n" not in str(caught.value)


def test_starts_it_as_a_marble(tmp_path: Path) -> None:
    ego = tmp_path / "bin/ego"
    ego.parent.mkdir()
    ego.write_text('#!/bin/sh\necho "$EDG_MARBLE_TYPE $OE_SIMULATION" "$@"\n')
    ego.chmod(0o755)
    (tmp_path / "hello").write_text("")
    environ = {"PATH": f"{ego.parent}:{os.environ['PATH']}", "EDG_MARBLE_TYPE": "hello"}
    executable = str(tmp_path / "hello")
    for direct, expected in ((False, ""), (True, "1")):
        command = EgoBuild().host_command(RunRequest((executable,), environ, direct))
        ran = subprocess.run(
            list(command.argv),
            env=dict(command.environ),
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        assert ran.stdout == f"hello {expected} marblerun {executable}\n"
    assert "install EGo" in command.install_hint


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "no executable is named"),
        (("hello", "-v"), r"come from the manifest.*Parameters\.Argv"),
        (("absent",), "absent: not a file.*ego sign"),
    ],
)
def test_arguments_that_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    (tmp_path / "hello").write_text("")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PlatformError, match=message):
        EgoBuild().host_command(RunRequest(arguments, {}))


def test_there_is_nothing_to_prepare(tmp_path: Path) -> None:
    path = tmp_path / "enclave.json"
    path.write_text(json.dumps(CONFIG))
    preparation = EgoBuild().prepare_config(PrepareRequest(str(path)))
    assert preparation.changes == ()
    notes = "\n".join(preparation.notes)
    assert "premain of its own" in notes
    assert '{"Parameters": {"Argv": ["hello"]}}' in notes
    assert "debug is true" in notes
    assert path.read_text() == json.dumps(CONFIG)


@pytest.mark.parametrize("text", ["{", "[]", '{"exe": "a"}', '{"exe": 1}'])
def test_configuration_that_ego_would_refuse(tmp_path: Path, text: str) -> None:
    path = tmp_path / "enclave.json"
    path.write_text(text)
    with pytest.raises(PlatformError, match=r"enclave\.json"):
        EgoBuild().prepare_config(PrepareRequest(str(path)))
