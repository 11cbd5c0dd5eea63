"""Gramine: keys of encrypted mounts first, exactly as Gramine takes them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ringtaw_gramine.runtime import GramineRuntime
from ringtaw_premain.errors import PolicyError
from ringtaw_premain.hookspecs import FileWrite, WriteMode

from tests.standins.hook_process import call_hook
from tests.standins.libos import GramineDevice, lay_out

KEY = bytes(range(16))


@pytest.fixture
def device(tmp_path: Path) -> str:
    lay_out(tmp_path, attestation="dcap", keys=["default", "db"])
    return str(tmp_path)


def order(device: str, files: dict[str, bytes]) -> list[FileWrite]:
    return list(GramineRuntime(device=device).order_files(files))


def test_no_files(device: str) -> None:
    assert order(device, {}) == []


def test_keys_come_first_then_files_by_path(device: str) -> None:
    files = {
        "/a/first": b"1",
        f"{device}/keys/default": KEY,
        "/z": b"2",
        f"{device}/keys/db": KEY,
        "relative": b"3",
    }
    assert order(device, files) == [
        FileWrite(f"{device}/keys/db", KEY, WriteMode.DEVICE),
        FileWrite(f"{device}/keys/default", KEY, WriteMode.DEVICE),
        FileWrite("/a/first", b"1"),
        FileWrite("/z", b"2"),
        FileWrite("relative", b"3"),
    ]


@pytest.mark.parametrize(
    "spelling", ["/{0}/keys/db", "//{0}/./keys//db", "{0}/keys/./db", "//{0}//keys/db/"]
)
def test_other_spellings_of_a_key(spelling: str, device: str) -> None:
    path = spelling.format(device)
    assert order(device, {"/app.conf": b"", path: KEY}) == [
        FileWrite(path, KEY, WriteMode.DEVICE),
        FileWrite("/app.conf", b""),
    ]


def test_relative_path_of_a_key(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(device)
    assert order(device, {"keys/db": KEY}) == [FileWrite("keys/db", KEY, WriteMode.DEVICE)]


def test_one_key_spelt_twice(device: str) -> None:
    files = {f"{device}/keys/db": KEY, f"{device}//keys/db": KEY}
    with pytest.raises(PolicyError, match="keys/db twice"):
        order(device, files)


@pytest.mark.parametrize("size", [0, 15, 17, 32])
def test_key_of_another_size(size: int, device: str) -> None:
    with pytest.raises(PolicyError, match=rf"keys/db takes exactly 16 bytes.* {size} .*raw"):
        order(device, {f"{device}/keys/db": b"\xaa" * size})


def test_errors_do_not_hold_the_key(device: str) -> None:
    with pytest.raises(PolicyError) as raised:
        order(device, {f"{device}/keys/db": b"not sixteen"})
    assert "not sixteen" not in str(raised.value)


@pytest.mark.parametrize("name", ["_sgx_mrsigner", "_mine"])
def test_reserved_key_names(name: str, device: str) -> None:
    with pytest.raises(PolicyError, match=f"{name}: key names that begin with an underscore"):
        order(device, {f"{device}/keys/{name}": KEY})


def test_key_that_no_mount_declares(device: str) -> None:
    with pytest.raises(PolicyError, match=r'keys/unknown does not exist .*key_name = "unknown"'):
        order(device, {f"{device}/keys/unknown": KEY})


@pytest.mark.parametrize(
    "path",
    ["", "/", "/keys", "/keys/", "/keys/db/x", "/quote", "/user_report_data", "/attestation_type"],
)
def test_the_rest_of_the_device(path: str, device: str) -> None:
    with pytest.raises(PolicyError, match="a manifest may not write"):
        order(device, {f"{device}{path}": KEY})


def test_a_path_that_only_begins_alike(device: str) -> None:
    assert order(device, {f"{device}-not/keys/db": b"x"}) == [
        FileWrite(f"{device}-not/keys/db", b"x")
    ]


def test_the_old_key_file_is_gone(device: str) -> None:
    with pytest.raises(PolicyError, match=r"Gramine 1\.5 removed it .*keys/default"):
        order(device, {f"{device}/protected_files_key": b"0" * 32})


def test_the_old_key_file_where_it_exists(device: str) -> None:
    path = Path(device, "protected_files_key")
    path.touch()
    files = {str(path): KEY.hex().encode(), "/app": b""}
    assert order(device, files)[0] == FileWrite(str(path), files[str(path)], WriteMode.DEVICE)


@pytest.mark.parametrize("content", [KEY, b"0" * 31, b"0" * 33, b"g" * 32])
def test_the_old_key_file_takes_only_hexadecimal_digits(content: bytes, device: str) -> None:
    path = Path(device, "protected_files_key")
    path.touch()
    with pytest.raises(PolicyError, match=r"32 hexadecimal digits.*\{\{ hex"):
        order(device, {str(path): content})


def test_the_device_is_dev_attestation(gramine: GramineDevice) -> None:
    files = {"/etc/app": "00", "//dev//attestation/./keys/default": KEY.hex()}
    answer = call_hook("gramine", "order_files", json.dumps(files), device=gramine)
    assert answer["result"] == [
        ["//dev//attestation/./keys/default", KEY.hex(), "device"],
        ["/etc/app", "00", "regular"],
    ]
