"""Occlum: the identity of built images, and the command that starts them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from ringtaw_occlum.build import OcclumBuild
from ringtaw_occlum.build.artefact import DEFAULT_SIGNER, ENCLAVE_FILE
from ringtaw_premain.build_hookspecs import PackageProperties, RunRequest
from ringtaw_premain.errors import PlatformError, ProgramNotFoundError

from tests.support.elf_files import sgxmeta, write_elf
from tests.support.sigstructs import MR_ENCLAVE, make_sigstruct, mr_signer, signing_key

SECTION = ".note.sgxmeta"


def instance(folder: Path, sigstruct: bytes, config: str = "{}") -> Path:
    (folder / "image").mkdir(parents=True)
    (folder / "Occlum.json").write_text(config)
    write_elf(folder / ENCLAVE_FILE, SECTION, sgxmeta(sigstruct))
    return folder


def test_identity_of_an_instance(tmp_path: Path) -> None:
    folder = instance(tmp_path, make_sigstruct(isv_prod_id=7, isv_svn=3))
    expected = PackageProperties(MR_ENCLAVE, mr_signer(signing_key()), 7, 3, False)
    assert OcclumBuild().package_properties(str(folder)) == expected
    assert OcclumBuild().package_properties(str(folder / ENCLAVE_FILE)) == expected


def test_debuggable_is_what_the_signature_leaves_open(tmp_path: Path) -> None:
    folder = instance(tmp_path, make_sigstruct(fixes_debug=False))
    assert OcclumBuild().package_properties(str(folder)).debug


def test_enclave_built_by_a_compiler(tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler (cc)")
    values = ",".join(map(str, sgxmeta(make_sigstruct(isv_svn=9))))
    source = f'__attribute__((section("{SECTION}"), used)) static unsigned char a[] = {{{values}}};'
    (tmp_path / "a.c").write_text(source)
    library = tmp_path / "a.so"
    subprocess.run([compiler, "-shared", "-o", library, tmp_path / "a.c"], check=True, timeout=60)
    assert OcclumBuild().package_properties(str(library)).security_version == 9


def test_production_enclave_of_the_public_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its private half is Occlum's; a key of this test stands in for it.
    signer = mr_signer(signing_key())
    monkeypatch.setattr("ringtaw_occlum.build.artefact.DEFAULT_SIGNER", signer)
    folder = instance(tmp_path / "a", make_sigstruct())
    with pytest.raises(PlatformError, match=r"public key.*--sign-key"):
        OcclumBuild().package_properties(str(folder))
    debuggable = instance(tmp_path / "b", make_sigstruct(fixes_debug=False))
    assert OcclumBuild().package_properties(str(debuggable)).signer_id == signer


def test_default_signer_is_that_of_occlum_sources() -> None:
    assert DEFAULT_SIGNER.startswith("83d719e7")
    assert len(bytes.fromhex(DEFAULT_SIGNER)) == 32


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "No such file"),
        (b"", "not an ELF file"),
        (b"hello", "not an ELF file"),
        (b"\x7fELF", "damaged"),
        (b"\x7fELF" + bytes(60), "damaged"),
        (b"\x7fELF\x02\x01\x01" + b"\xff" * 200, "damaged"),
    ],
)
def test_what_is_no_enclave(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "enclave.so"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PlatformError, match=f"{message}.*occlum build --sign-key"):
        OcclumBuild().package_properties(str(path))


def test_every_cut_of_an_enclave_is_refused_in_one_line(tmp_path: Path) -> None:
    whole = write_elf(tmp_path / "whole", SECTION, sgxmeta(make_sigstruct())).read_bytes()
    path = tmp_path / "cut"
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        with pytest.raises(PlatformError) as caught:
            OcclumBuild().package_properties(str(path))
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("at", [130, 600, 930, 960, 1024])
def test_signature_that_was_changed(tmp_path: Path, at: int) -> None:
    sigstruct = bytearray(make_sigstruct())
    sigstruct[at] ^= 1
    write_elf(tmp_path / "a", SECTION, sgxmeta(bytes(sigstruct)))
    with pytest.raises(PlatformError, match="not a signed enclave"):
        OcclumBuild().package_properties(str(tmp_path / "a"))


def test_enclave_without_a_signature(tmp_path: Path) -> None:
    write_elf(tmp_path / "a", SECTION, bytes(4000))
    with pytest.raises(PlatformError, match=r"not a signed enclave.*occlum build"):
        OcclumBuild().package_properties(str(tmp_path / "a"))
    write_elf(tmp_path / "b", ".text", bytes(4000))
    with pytest.raises(PlatformError, match=r"no section \.note\.sgxmeta"):
        OcclumBuild().package_properties(str(tmp_path / "b"))


def occlum_in(folder: Path) -> dict[str, str]:
    """Return an environment in which `occlum` says where it is and what it was given."""
    program = folder / "bin" / "occlum"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\npwd\necho "$EDG_MARBLE_TYPE" "$@"\n')
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:{os.environ['PATH']}", "EDG_MARBLE_TYPE": "hello"}


def ran(request: RunRequest, cwd: Path) -> list[str]:
    command = OcclumBuild().host_command(request)
    argv, environ = list(command.argv), dict(command.environ)
    done = subprocess.run(
        argv, env=environ, cwd=cwd, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.splitlines()


def test_starts_the_entry_point_of_the_instance_named(tmp_path: Path) -> None:
    config = '{"entry_points": ["/bin/ringtaw-premain"]}'
    folder = instance(tmp_path / "instance", make_sigstruct(), config)
    lines = ran(RunRequest((str(folder),), occlum_in(tmp_path)), tmp_path)
    assert lines == [str(folder), "hello run /bin/ringtaw-premain"]


def test_starts_a_program_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = instance(tmp_path / "instance", make_sigstruct())
    monkeypatch.chdir(folder)
    lines = ran(RunRequest(("/bin/a", "b c"), occlum_in(tmp_path)), folder)
    assert lines == [str(folder), "hello run /bin/a b c"]


def test_occlum_that_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = instance(tmp_path, make_sigstruct(), '{"entry_points": ["/bin/a"]}')
    with pytest.raises(ProgramNotFoundError, match=r"occlum: is not installed.*install Occlum"):
        OcclumBuild().host_command(RunRequest((str(folder),), {"PATH": str(tmp_path)}))
    monkeypatch.chdir(folder)
    command = OcclumBuild().host_command(RunRequest((), {"PATH": str(tmp_path)}))
    assert command.argv == ("occlum", "run", "/bin/a")
    assert "install Occlum" in command.install_hint


@pytest.mark.parametrize(
    ("config", "arguments", "message"),
    [
        ('{"entry_points": ["/a", "/b"]}', ("instance",), "2 entry points"),
        ("{}", ("instance",), "0 entry points"),
        ("{}", ("instance", "bin/a"), "no absolute path"),
        ("{}", (".",), "not the folder of an Occlum instance"),
        ("{}", ("absent",), "not the folder of an Occlum instance"),
        ("[", ("instance",), r"Occlum\.json:1: "),
    ],
)
def test_nothing_that_could_be_started(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    config: str,
    arguments: tuple[str, ...],
    message: str,
) -> None:
    instance(tmp_path / "instance", make_sigstruct(), config)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PlatformError, match=message):
        OcclumBuild().host_command(RunRequest(arguments, occlum_in(tmp_path)))


def test_instance_that_is_not_built(tmp_path: Path) -> None:
    folder = instance(tmp_path, make_sigstruct())
    (folder / ENCLAVE_FILE).unlink()
    with pytest.raises(PlatformError, match=r"nothing is built \(occlum build\)"):
        OcclumBuild().host_command(RunRequest((str(folder),), {}))


def test_there_is_no_direct_mode(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="--sgx-mode SIM"):
        OcclumBuild().host_command(RunRequest((str(tmp_path),), {}, direct=True))
