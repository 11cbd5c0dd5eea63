from __future__ import annotations

import errno
import os
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringtaw_premain._targets import checked_targets
from ringtaw_premain.errors import PlatformError, PolicyError
from ringtaw_premain.files import place_files
from ringtaw_premain.hookspecs import FileWrite, WriteMode

from tests.premain.properties import checked

SECRET = b"secret" * 1000


@pytest.fixture(autouse=True)
def _in_its_own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def regular(*paths: str) -> list[FileWrite]:
    return [FileWrite(path, SECRET) for path in paths]


def tree(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*")}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_files_and_parents_are_private(tmp_path: Path) -> None:
    place_files([FileWrite("a/b/c", SECRET), FileWrite(str(tmp_path / "a/empty"), b"")])
    assert (tmp_path / "a/b/c").read_bytes() == SECRET
    assert (tmp_path / "a/empty").read_bytes() == b""
    assert tree(tmp_path) == {"a", "a/b", "a/b/c", "a/empty"}
    assert [mode(tmp_path / path) for path in ("a", "a/b", "a/b/c", "a/empty")] == [
        0o700,
        0o700,
        0o600,
        0o600,
    ]


def test_a_restarted_marble_replaces_its_files(tmp_path: Path) -> None:
    old = tmp_path / "file"
    old.write_bytes(b"old and longer" * 1000)
    old.chmod(0o644)
    (tmp_path / "hard link").hardlink_to(old)
    place_files(regular("file"))
    assert old.read_bytes() == SECRET
    assert mode(old) == 0o600
    assert (tmp_path / "hard link").read_bytes() == b"old and longer" * 1000


def test_directories_may_be_reached_through_links(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    place_files(regular("./link//file"))
    assert (tmp_path / "real/file").read_bytes() == SECRET


def make_bad_targets(directory: Path) -> None:
    (directory / "directory").mkdir()
    (directory / "file").write_bytes(b"old")
    (directory / "link").symlink_to("file")
    (directory / "dangling").symlink_to("nowhere")
    (directory / "loop").symlink_to("loop")
    (directory / "real").mkdir()
    (directory / "alias").symlink_to("real")
    os.mkfifo(directory / "fifo")


@pytest.mark.parametrize(
    ("paths", "problem"),
    [
        ([""], "not a path"),
        (["a\0b"], "not a path"),
        (["../outside"], "leads outside"),
        (["a/../b"], "leads outside"),
        (["a/.."], "leads outside"),
        (["new/"], "names a directory"),
        (["new/."], "names a directory"),
        (["."], "names a directory"),
        (["/"], "names a directory"),
        (["directory"], "it is a directory"),
        (["link"], "it is a symbolic link"),
        (["dangling"], "it is a symbolic link"),
        (["fifo"], "it is a special file"),
        (["/dev/null"], "it is a special file"),
        (["file/below"], "a part of its path is a file"),
        (["loop/file"], "Too many levels of symbolic links"),
        (["x" * 300], "File name too long"),
        (["same", "./same"], "are the same file"),
        (["real/same", "alias/same"], "are the same file"),
        (["parent", "parent/below"], "lies below another file"),
        (["parent/below", "parent"], "lies below another file"),
    ],
)
def test_a_bad_path_is_one_error_and_nothing_is_touched(
    tmp_path: Path, paths: list[str], problem: str
) -> None:
    make_bad_targets(tmp_path)
    before = tree(tmp_path)
    with pytest.raises(PolicyError, match=problem):
        place_files(regular("first", *paths, "last"))
    assert tree(tmp_path) == before
    assert (tmp_path / "file").read_bytes() == b"old"


def device(path: str, content: bytes = b"0123456789abcdef") -> FileWrite:
    return FileWrite(path, content, WriteMode.DEVICE)


def test_devices_come_first_in_their_order_each_with_one_write(tmp_path: Path) -> None:
    order: list[str] = []
    real = os.open

    def noted(path: str, flags: int, mode: int = 0o777) -> int:
        order.append(os.path.basename(path))
        return real(path, flags, mode)

    (tmp_path / "keys").mkdir()
    for name in ("b", "a"):
        (tmp_path / "keys" / name).write_bytes(b"x" * 20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "open", noted)
        place_files([*regular("regular"), device("keys/b"), device("keys/a")])
    assert order[:2] == ["b", "a"]
    assert (tmp_path / "keys/a").read_bytes() == b"0123456789abcdefxxxx"


@pytest.mark.parametrize(
    ("write", "problem"),
    [
        (device("missing"), "No such file"),
        (device("directory"), "Is a directory"),
        (device("/dev/full"), "No space left"),
    ],
)
def test_a_device_that_fails_is_named_and_nothing_else_is_written(
    tmp_path: Path, write: FileWrite, problem: str
) -> None:
    make_bad_targets(tmp_path)
    before = tree(tmp_path)
    with pytest.raises(PlatformError, match=f"cannot write .*{problem}"):
        place_files([write, *regular("new/file")])
    assert tree(tmp_path) == before


def test_a_device_that_takes_a_part_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "device").touch()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        with pytest.raises(PlatformError, match="it took 10 of 16 bytes"):
            place_files([device("device")])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@contextmanager
def failing(call: str, after: int) -> Iterator[None]:
    """Let a system call fail from its n-th use on, as on a full disk."""
    real = getattr(os, call)
    uses = 0

    def counted(*arguments: object, **keywords: object) -> object:
        nonlocal uses
        uses += 1
        if uses > after:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*arguments, **keywords)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, call, counted)
        yield


@pytest.mark.parametrize("call", ["open", "write", "mkdir", "rename"])
@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_failure_on_the_way_leaves_nothing(tmp_path: Path, call: str, after: int) -> None:
    (tmp_path / "old").write_bytes(b"old")
    before = tree(tmp_path)
    failure = pytest.raises(PlatformError, match=r"cannot write '/.*No space left")
    with failing(call, after), failure:
        place_files(regular("old", "d1/d2/a", "d3/b", "c"))
    assert tree(tmp_path) == before
    assert (tmp_path / "old").read_bytes() in (b"old", SECRET)


def test_where_only_the_target_may_be_created_it_is_written_in_place(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"old and longer" * 1000)
    (tmp_path / "old").chmod(0o644)
    with only_targets_may_be_created():
        place_files(regular("old", "new"))
    for name in ("old", "new"):
        assert (tmp_path / name).read_bytes() == SECRET
        assert mode(tmp_path / name) == 0o600
    assert tree(tmp_path) == {"old", "new"}


@contextmanager
def only_targets_may_be_created() -> Iterator[None]:
    """As Gramine does with allowed files: nothing else can be created beside them."""
    real = os.open

    def restricted(path: str, flags: int, mode: int = 0o777) -> int:
        if os.path.basename(path).startswith(".ringtaw-"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, flags, mode)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "open", restricted)
        yield


def test_a_failure_in_place_leaves_no_half_written_secret(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"old")
    real = os.write

    def half(descriptor: int, content: bytes) -> int:
        if len(content) < len(SECRET):
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, content[: len(content) // 2])

    with only_targets_may_be_created(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "write", half)
        with pytest.raises(PlatformError, match="No space left"):
            place_files(regular("new"))
        assert tree(tmp_path) == {"old"}
        with pytest.raises(PlatformError, match="No space left"):
            place_files(regular("old"))
    assert (tmp_path / "old").read_bytes() == b""


def test_what_was_placed_can_be_taken_back(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"old")
    place_files(regular("old", "new", "directory/new")).undo()
    assert tree(tmp_path) == {"old"}
    assert (tmp_path / "old").read_bytes() == SECRET


def test_secrets_are_not_in_representations() -> None:
    assert "secretsecret" not in repr(checked_targets(regular("file")))


@checked(100)
@given(st.lists(st.text(alphabet="ab./\0\n ", max_size=6), max_size=4))
def test_any_paths_end_in_files_below_or_one_error(paths: list[str]) -> None:
    inside = [path for path in paths if not path.startswith("/")]
    here = Path.cwd()
    with suppress(PolicyError):
        place_files(regular(*inside)).undo()
    assert list(here.iterdir()) == []
