"""Properties of a signed Gramine enclave, from its .sig file."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from ringtaw_buildkit.adapters import build_side
from ringtaw_premain.build_hookspecs import PackageProperties
from ringtaw_premain.errors import PlatformError

from tests.support.sigstructs import MR_ENCLAVE, make_sigstruct, mr_signer, signing_key

SIGNED = make_sigstruct(isv_prod_id=13, isv_svn=4, debug=True)


@pytest.mark.parametrize(
    "name",
    ["hello.sig", "hello.manifest.sgx", "hello.manifest", "hello.manifest.template", "hello"],
)
def test_the_signature_is_found_by_any_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "hello.sig").write_bytes(SIGNED)
    assert build_side("gramine").package_properties(str(tmp_path / name)) == PackageProperties(
        MR_ENCLAVE, mr_signer(signing_key()), 13, 4, True
    )


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "0 bytes long"),
        (SIGNED[:-1], "1807 bytes long"),
        (SIGNED + b"\n", "larger than"),
        (bytes(1808), "not a SIGSTRUCT"),
        (SIGNED[:128] + bytes(772) + SIGNED[900:], "not signed"),
        (SIGNED[:960] + bytes(32) + SIGNED[992:], "signature is not by the key"),
    ],
)
def test_what_is_no_signature_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "hello.sig"
    path.write_bytes(content)
    with pytest.raises(PlatformError, match=says) as caught:
        build_side("gramine").package_properties(str(path))
    assert str(path) in caught.value.message
    assert caught.value.hint


def test_a_manifest_that_is_not_signed_yet(tmp_path: Path) -> None:
    (tmp_path / "hello.manifest").write_text("")
    with pytest.raises(PlatformError, match=r"hello\.sig: No such file") as caught:
        build_side("gramine").package_properties(str(tmp_path / "hello.manifest"))
    assert "gramine-sgx-sign" in caught.value.hint


@pytest.mark.skipif(
    shutil.which("gramine-sgx-sigstruct-view") is None, reason="Gramine's SGX tools are missing"
)
def test_gramines_own_tool_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "hello.sig"
    path.write_bytes(SIGNED)
    command = ["gramine-sgx-sigstruct-view", "--output-format", "json", str(path)]
    shown = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    found = build_side("gramine").package_properties(str(path))
    assert (found.unique_id, found.signer_id) == (shown["mr_enclave"], shown["mr_signer"])
    assert (found.product_id, found.security_version) == (shown["isv_prod_id"], shown["isv_svn"])
    assert found.debug == shown["debug_enclave"]
