"""What operators' commands write: whole or not at all, readable for whom it should be."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import pytest
from ringtaw_cli.operator.recovery_data import until_answered
from ringtaw_cli.program import program
from ringtaw_cli.session.files import write_output
from ringtaw_cli.session.options import OptionalPath
from ringtaw_client import InputError, UnreachableError


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


@contextmanager
def little_room() -> Iterator[None]:
    """Let no file grow beyond a few bytes."""
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8, former[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)


def test_without_room_the_former_file_stays_and_no_half_of_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.write_bytes(b"former")
    with little_room(), pytest.raises(InputError, match=r"cannot write .*: File too large"):
        write_output(path, b"more than there is room for")
    assert [(each, each.read_bytes()) for each in tmp_path.iterdir()] == [(path, b"former")]


def test_without_room_there_is_no_half_of_a_first_manifest(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    words = [str(path), "--package", "app", "--unique-id", "ab" * 32]
    with little_room(), pytest.raises(InputError, match=r"cannot write .*: File too large"):
        program.main(["manifest", "new", *words], standalone_mode=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("message", "is_told"),
    [("POST /api/v2/manifest: no complete answer in time", True), ("no TCP connection", False)],
)
def test_who_has_no_answer_is_told_what_may_be_lost(message: str, is_told: bool) -> None:
    with pytest.raises(UnreachableError) as unreachable, until_answered():
        raise UnreachableError(message, where="https://localhost:4433")
    assert ("recovery secrets that came with it are lost" in unreachable.value.hint) is is_told


def test_who_does_not_wait_is_told_what_may_be_lost(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), until_answered():
        raise KeyboardInterrupt
    assert "if it was sent already, it may be in force" in capfd.readouterr().err


def test_an_empty_path_is_none() -> None:
    assert OptionalPath().convert("", None, None) is None
    assert OptionalPath().convert("a b", None, None) == Path("a b")
