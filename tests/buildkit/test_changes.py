"""Changes of users' files: diff, refusal, atomic writing, backups."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from ringtaw_buildkit.changes import Written, apply, diff
from ringtaw_premain.build_hookspecs import FileChange
from ringtaw_premain.errors import PlatformError


def change(path: Path, after: str = "after\n") -> FileChange:
    """Return a change of the file as it is now."""
    return FileChange(str(path), path.read_text() if path.exists() else None, after)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A file of the user's."""
    path = tmp_path / "config"
    path.write_text("before\n")
    return path


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\nb\nc\n", "a\nB\nc\n"),
        ("a\nb", "a\nb\n"),
        ("a\r\nb\r\n", "a\r\nc\r\n"),
        ("a\x0cb\nc\n", "a\x0cb\nd\n"),
        ("a\n", ""),
        (None, "new\n"),
    ],
)
def test_the_difference_is_what_git_applies(tmp_path: Path, before: str | None, after: str) -> None:
    path = tmp_path / "file"
    if before is not None:
        path.write_bytes(before.encode())
    patch = diff(FileChange("file", before, after))
    subprocess.run(
        ["git", "apply", "-p0", "--unidiff-zero"], cwd=tmp_path, input=patch.encode(), check=True
    )
    assert (path.read_bytes().decode() if path.exists() else "") == after


def test_a_file_is_replaced_and_what_was_there_kept(config: Path) -> None:
    config.chmod(0o640)
    inode = config.stat().st_ino
    assert apply([change(config)]) == [Written(str(config), f"{config}.orig")]
    assert config.read_text() == "after\n"
    assert config.stat().st_ino != inode
    backup = Path(f"{config}.orig")
    assert backup.read_text() == "before\n"
    assert (config.stat().st_mode & 0o777, backup.stat().st_mode & 0o777) == (0o640, 0o640)
    assert sorted(os.listdir(config.parent)) == ["config", "config.orig"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_the_owner_stays(config: Path) -> None:
    os.chown(config, 12345, 54321)
    apply([change(config)])
    for path in (config, Path(f"{config}.orig")):
        assert (path.stat().st_uid, path.stat().st_gid) == (12345, 54321)


def test_a_backup_is_never_overwritten(config: Path) -> None:
    for text in ("one\n", "two\n", "before\n"):
        apply([change(config, text)])
    read = {path.name: path.read_text() for path in config.parent.iterdir()}
    assert read == {
        "config": "before\n",
        "config.orig": "before\n",
        "config.orig.1": "one\n",
        "config.orig.2": "two\n",
    }
    (written,) = apply([change(config, "three\n")])
    assert written.backup == f"{config}.orig"
    assert not Path(f"{config}.orig.3").exists()


def test_a_new_file_gets_the_usual_mode_and_no_backup(tmp_path: Path) -> None:
    path = tmp_path / "new"
    mask = os.umask(0o027)
    try:
        assert apply([FileChange(str(path), None, "text")]) == [Written(str(path), None)]
    finally:
        os.umask(mask)
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("text", 0o640)


def test_symbolic_links_stay_links(config: Path, tmp_path: Path) -> None:
    link = tmp_path / "folder" / "link"
    link.parent.mkdir()
    link.symlink_to(config)
    apply([change(link)])
    assert link.is_symlink()
    assert config.read_text() == "after\n"
    assert Path(f"{config}.orig").exists()


def test_a_file_that_has_changed_meanwhile_stops_all_writing(config: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("before\n")
    changes = [change(config), change(other)]
    other.write_text("meanwhile\n")
    with pytest.raises(PlatformError, match="other: has changed since it was read") as caught:
        apply(changes)
    assert "run the command again" in caught.value.hint
    assert config.read_text() == "before\n"
    assert sorted(os.listdir(tmp_path)) == ["config", "other"]


@pytest.mark.parametrize("is_there", [True, False])
def test_appearing_and_vanishing_are_changes_too(config: Path, is_there: bool) -> None:
    changes = [FileChange(str(config), None if is_there else "before\n", "after\n")]
    if not is_there:
        config.unlink()
    with pytest.raises(PlatformError, match="has changed"):
        apply(changes)


def test_only_regular_files_are_written(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="is not a regular file"):
        apply([FileChange("/dev/null", "", "after")])
    with pytest.raises(PlatformError, match="is not a regular file"):
        apply([FileChange(str(tmp_path), "", "after")])


def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="cannot be written: No such file") as caught:
        apply([FileChange(str(tmp_path / "missing" / "file"), None, "x")])
    assert "folder" in caught.value.hint


def test_what_was_written_before_a_failure_is_told(config: Path, tmp_path: Path) -> None:
    impossible = FileChange(str(tmp_path / "missing" / "file"), None, "x")
    with pytest.raises(PlatformError, match="missing/file: cannot be written") as caught:
        apply([change(config), impossible])
    assert f"written already: {config} (was: {config}.orig)" in caught.value.hint
