"""``ringtaw ADAPTER prepare``, with a third party's adapter."""

from __future__ import annotations

import subprocess

from ringtaw_cli.exits import ExitCode

from tests.cli.installed import RINGTAW, Workplace

BEFORE = '# kept\nentrypoint = "app" # kept too\n'
AFTER = '# kept\nentrypoint = "premain/ringtaw-premain" # kept too\n'


def test_shows_a_difference_and_writes_nothing(kiosk: Workplace) -> None:
    kiosk.write("kiosk.toml", BEFORE)
    done = kiosk.run("kiosk", "prepare", "kiosk.toml")
    assert done.returncode == ExitCode.OK
    assert done.stdout == (
        "--- kiosk.toml\n+++ kiosk.toml\n@@ -1,2 +1,2 @@\n # kept\n"
        '-entrypoint = "app" # kept too\n+entrypoint = "premain/ringtaw-premain" # kept too\n'
    )
    assert done.stderr == (
        "note: premain goes into the image\nnothing was written: add --write to do it\n"
    )
    assert kiosk.read("kiosk.toml") == BEFORE


def test_the_difference_is_one_that_patch_takes(kiosk: Workplace) -> None:
    kiosk.write("kiosk.toml", 'title = "a\tb"\r\nentrypoint = "app"')
    shell = f"'{RINGTAW}' kiosk prepare kiosk.toml | git apply -p0"
    subprocess.run(["bash", "-c", shell], cwd=kiosk.folder, env=kiosk.environ(), check=True)
    assert 'entrypoint = "premain/ringtaw-premain"' in kiosk.read("kiosk.toml")


def test_writes_when_told_keeps_a_backup_and_then_has_nothing_to_change(kiosk: Workplace) -> None:
    kiosk.write("kiosk.toml", BEFORE)
    done = kiosk.run("kiosk", "prepare", "--write", "kiosk.toml")
    assert "wrote kiosk.toml; what was there is " in done.stderr
    assert (kiosk.read("kiosk.toml"), kiosk.read("kiosk.toml.orig")) == (AFTER, BEFORE)
    again = kiosk.run("kiosk", "prepare", "--write", "kiosk.toml")
    assert (again.returncode, again.stdout) == (ExitCode.OK, "")
    assert "kiosk.toml: nothing to change\n" in again.stderr
    assert not (kiosk.folder / "kiosk.toml.orig.1").exists()


def test_the_hook_is_told_the_folder_and_the_companions(kiosk: Workplace) -> None:
    kiosk.write("kiosk.toml", BEFORE)
    options = ["--runtime", "py", "--with", "a.yaml", "--with", "b.yaml"]
    done = kiosk.run("kiosk", "prepare", *options, "kiosk.toml")
    assert "py/ringtaw-premain" in done.stdout
    assert "note: py goes into the image\nnote: a.yaml\nnote: b.yaml\n" in done.stderr
