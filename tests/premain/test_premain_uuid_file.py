from __future__ import annotations

import os
import stat
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringtaw_premain.errors import PlatformError, PremainError, SettingsError
from ringtaw_premain.uuid_file import marble_uuid, parse_uuid

from tests.premain.properties import checked

UUID_TEXT = "2a3ad2b1-7d31-4e1c-a2f7-8f1c5e0a7b6c"


def test_a_missing_file_is_created(tmp_path: Path) -> None:
    path = tmp_path / "uuid"
    created = marble_uuid(str(path))
    assert path.read_text() == created == str(UUID(created))
    assert UUID(created).version == 4
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert marble_uuid(str(path)) == created


@pytest.mark.parametrize(
    "content",
    [
        UUID_TEXT,
        f"{UUID_TEXT}\n",
        f"{UUID_TEXT}\r\n",
        f"  {UUID_TEXT.upper()}  ",
        UUID_TEXT.replace("-", ""),
        f"{{{UUID_TEXT}}}",
        f"urn:uuid:{UUID_TEXT}",
        f"URN:UUID:{UUID_TEXT}",
    ],
)
def test_every_form_becomes_the_canonical_one(tmp_path: Path, content: str) -> None:
    path = tmp_path / "uuid"
    path.write_bytes(content.encode())
    assert marble_uuid(str(path)) == UUID_TEXT
    assert path.read_bytes() == content.encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"uuid",
        UUID_TEXT[:-1].encode(),
        UUID_TEXT.encode() + b"0",
        UUID_TEXT.encode() * 2,
        b"{" + UUID_TEXT.encode(),
        UUID_TEXT.replace("-", "", 1).encode(),
        UUID_TEXT.replace("2a3a", "-2a3").encode(),
        UUID_TEXT.replace("a", "g").encode(),
        b"\xff" * 36,
        UUID_TEXT.encode() + bytes(100_000),
    ],
)
def test_a_file_without_a_uuid_is_an_error_and_stays(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "uuid"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"no UUID|too large") as caught:
        marble_uuid(str(path))
    assert str(path) in str(caught.value)
    assert path.read_bytes() == content


def test_a_link_is_followed_as_kubernetes_makes_them(tmp_path: Path) -> None:
    (tmp_path / "..data").mkdir()
    (tmp_path / "..data/uuid-file").write_text(UUID_TEXT)
    (tmp_path / "uuid-file").symlink_to("..data/uuid-file")
    assert marble_uuid(str(tmp_path / "uuid-file")) == UUID_TEXT


def test_what_is_no_file_is_an_error(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "dangling").symlink_to("nowhere")
    problems = {
        str(tmp_path): "not a regular file",
        str(tmp_path / "fifo"): "not a regular file",
        str(tmp_path / "dangling"): "dangling link",
        str(tmp_path / "missing/uuid"): "cannot create",
        "/dev/null/uuid": "cannot read",
    }
    for path, problem in problems.items():
        with pytest.raises(PremainError, match=problem):
            marble_uuid(path)


def test_a_directory_that_cannot_be_written(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        path = "/proc/uuid"
    else:
        tmp_path.chmod(0o500)
        path = str(tmp_path / "uuid")
    with pytest.raises(PlatformError, match="EDG_MARBLE_UUID_FILE"):
        marble_uuid(path)


@checked()
@given(st.uuids())
def test_agrees_with_the_standard_library(uuid: UUID) -> None:
    for form in (str(uuid), uuid.hex, uuid.urn, f"{{{uuid}}}"):
        assert parse_uuid(form) == str(uuid)


@checked()
@given(st.text(alphabet="0123456789abcdefABCDEF-{}:urnid", max_size=48))
def test_takes_nothing_that_the_standard_library_refuses(text: str) -> None:
    try:
        parsed = parse_uuid(text)
    except ValueError:
        return
    assert parsed == str(UUID(text))
