"""What operators' commands write: whole or not at all, readable for whom it should be."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from ringtaw_cli.session.files import write_output
from ringtaw_cli.session.options import OptionalPath
from ringtaw_client import InputError


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    """A person who lets others read."""
    former = os.umask(0o027)
    yield
    os.umask(former)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_what_is_public_is_readable_for_whom_the_umask_admits(tmp_path: Path) -> None:
    path = tmp_path / "root.pem"
    write_output(path, b"certificate", public=True)
    assert (path.read_bytes(), mode(path)) == (b"certificate", 0o640)


def test_a_public_file_stays_readable_for_whom_it_was(tmp_path: Path) -> None:
    path = tmp_path / "root.pem"
    path.touch()
    path.chmod(0o604)
    write_output(path, b"certificate", public=True)
    assert (path.read_bytes(), mode(path)) == (b"certificate", 0o604)


def test_what_is_not_public_is_for_its_owner_whoever_could_read_it_before(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.touch(0o644)
    write_output(path, b"secrets")
    assert mode(path) == 0o600


def test_where_it_went_is_said_without_control_characters(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write_output(tmp_path / "a\x1b[2J", b"")
    assert capfd.readouterr() == ("", f"written to {tmp_path}/a\\x1b[2J\n")


@pytest.mark.parametrize("path", [None, Path("-")])
def test_without_a_file_it_goes_to_stdout(
    path: Path | None, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    write_output(path, b"data")
    click.echo()
    assert capfdbinary.readouterr().out.rstrip() == b"data"


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot write"):
        write_output(tmp_path, b"data")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_path_is_none() -> None:
    assert OptionalPath().convert("", None, None) is None
    assert OptionalPath().convert("a b", None, None) == Path("a b")
