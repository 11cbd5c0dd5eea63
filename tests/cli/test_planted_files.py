"""What another user of the machine lays where this one reads or writes is no trap for it."""

from __future__ import annotations

import os
import stat
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from ringtaw_cli.output import printable
from ringtaw_cli.session.files import OutputFile, write_output
from ringtaw_cli.session.opening import policy_of
from ringtaw_cli.session.options import Access
from ringtaw_cli.session.pins import Pin, pin_of
from ringtaw_cli.session.user import RecoveryKeyOptions
from ringtaw_client import Address, CoordinatorIdentity, InputError
from ringtaw_testkit.identities import self_signed

IDENTITY = CoordinatorIdentity(self_signed("MarbleRun Coordinator").der)
ERA = '{"UniqueID": "%s"}' % ("ab" * 32)
Give = Callable[[Path], None]


@pytest.fixture
def give_away(monkeypatch: pytest.MonkeyPatch) -> Give:
    """Make a file another user's, as root, or make this process another user's in its own eyes."""

    def give(path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, 12345, 12345, follow_symlinks=False)
        else:
            owner = path.lstat().st_uid
            monkeypatch.setattr(os, "geteuid", lambda: owner + 1)

    return give


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder such as /tmp."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)
    return folder


def test_output_does_not_follow_a_foreign_link(
    shared: Path, tmp_path: Path, give_away: Give
) -> None:
    victim, link = tmp_path / "authorized_keys", shared / "secrets.json"
    victim.write_text("mine")
    link.symlink_to(victim)
    give_away(link)
    with pytest.raises(InputError, match="belongs to another user"):
        write_output(link, b"secret")
    assert victim.read_text() == "mine"


def test_output_follows_an_own_link(shared: Path, tmp_path: Path) -> None:
    target, link = tmp_path / "target", shared / "secrets.json"
    target.write_text("former")
    link.symlink_to(target)
    write_output(link, b"secret")
    assert (target.read_bytes(), link.is_symlink()) == (b"secret", True)


def test_output_does_not_go_into_a_foreign_fifo(shared: Path, give_away: Give) -> None:
    fifo, heard = shared / "secrets.json", []
    os.mkfifo(fifo, 0o666)

    def listen() -> None:
        heard.append(fifo.read_bytes())

    thief = threading.Thread(target=listen)
    thief.start()
    give_away(fifo)
    with pytest.raises(InputError, match="belongs to another user"):
        write_output(fifo, b"secret")
    thief.join()
    assert heard == [b""]


def test_output_replaces_a_foreign_file_and_leaves_it_unread(shared: Path, give_away: Give) -> None:
    planted = shared / "secrets.json"
    planted.write_text("")
    planted.chmod(0o666)
    with planted.open("rb") as of_others:
        give_away(planted)
        with OutputFile(planted) as file:
            file.fill(b"secret")
        assert of_others.read() == b""
    assert stat.S_IMODE(planted.stat().st_mode) == 0o600
    assert planted.stat().st_uid == os.getuid()


def test_public_output_is_for_others_to_read_alone(tmp_path: Path) -> None:
    file = tmp_path / "root.pem"
    file.touch()
    file.chmod(0o666)
    write_output(file, b"certificate", public=True)
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


def test_a_foreign_pin_is_not_trusted_where_anybody_can_lay_it(
    shared: Path, tmp_path: Path, give_away: Give
) -> None:
    pin, link = Pin(shared / "pin.pem", own=True), Pin(shared / "link.pem", own=True)
    pin.write(IDENTITY)
    assert pin.read() == IDENTITY
    (tmp_path / "of-mine.pem").write_text(IDENTITY.chain_pem)
    link.path.symlink_to(tmp_path / "of-mine.pem")
    assert link.read() == IDENTITY
    for planted in (pin, link):
        give_away(planted.path)
        with pytest.raises(InputError, match="in a folder where others may write"):
            planted.read()


def test_a_foreign_pin_may_be_named_where_only_its_owner_writes(
    tmp_path: Path, give_away: Give
) -> None:
    tmp_path.chmod(0o755)
    named, remembered = Pin(tmp_path / "pin.pem", own=True), Pin(tmp_path / "pin.pem", own=False)
    named.write(IDENTITY)
    give_away(named.path)
    assert named.read() == IDENTITY
    with pytest.raises(InputError, match="belongs to another user"):
        remembered.read()


def test_a_pin_that_everybody_may_write_is_not_trusted(tmp_path: Path) -> None:
    pin = Pin(tmp_path / "pin.pem", own=True)
    pin.write(IDENTITY)
    pin.path.chmod(0o666)
    with pytest.raises(InputError, match=r"everybody may write to .* chmod go-w"):
        pin.read()


def test_folders_of_pins_are_for_their_user_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "new" / "config"))
    pin = pin_of(Address("coordinator.example"), None)
    former = os.umask(0)
    try:
        pin.write(IDENTITY)
    finally:
        os.umask(former)
    folders = pin.path.relative_to(tmp_path).parents
    modes = {stat.S_IMODE((tmp_path / one).stat().st_mode) for one in folders if one.name}
    assert modes == {0o700}


def test_a_foreign_era_config_in_the_working_directory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, give_away: Give
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "coordinator-era.json"
    file.write_text(ERA)
    assert policy_of(Access(), "host:1").unique_id == "ab" * 32
    file.chmod(0o666)
    with pytest.raises(InputError, match="everybody may write"):
        policy_of(Access(), "host:1")
    file.chmod(0o644)
    give_away(file)
    with pytest.raises(InputError, match="belongs to another user"):
        policy_of(Access(), "host:1")


def test_a_fifo_in_the_working_directory_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, give_away: Give
) -> None:
    monkeypatch.chdir(tmp_path)
    fifo = tmp_path / "coordinator-era.json"
    os.mkfifo(fifo, 0o644)
    failures: list[str] = []

    def look() -> None:
        with pytest.raises(InputError) as caught:
            policy_of(Access(), "host:1")
        failures.append(caught.value.message)

    for give in (lambda _: None, give_away):
        give(fifo)
        looking = threading.Thread(target=look, daemon=True)
        looking.start()
        looking.join(10)
    own, foreign = failures
    assert own.startswith("coordinator-era.json: ")
    assert foreign == "coordinator-era.json belongs to another user"


def test_a_library_that_others_name_is_not_loaded(shared: Path, give_away: Give) -> None:
    pytest.importorskip("pkcs11")
    config = shared / "pkcs11.json"
    config.write_text('{"Path": "/nowhere.so", "TokenLabel": "t"}')
    options = RecoveryKeyOptions(None, None, "", config, "01", "")
    with pytest.raises(InputError, match=r"the PKCS #11 module /nowhere\.so cannot be used"):
        options.holder()
    config.chmod(0o666)
    with pytest.raises(InputError, match="everybody may write"):
        options.holder()
    config.chmod(0o644)
    give_away(config)
    with pytest.raises(InputError, match="belongs to another user"):
        options.holder()


@pytest.mark.parametrize("path", [Path("-"), Path("/dev/stdout")])
def test_what_others_wrote_drives_no_terminal(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    master, slave = os.openpty()
    text = '{"a": "\x9b2J\u202e\x1b]0;x\x07\u2066"}\r\n{}\n'
    with open(master, "rb") as terminal, open(slave, "w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        write_output(path, text.encode())
        stdout.flush()
        shown = os.read(terminal.fileno(), 1000).decode()
    assert shown == '{"a": "\\x9b2J\\u202e\\x1b]0;x\\x07\\u2066"}\r\n{}\r\n'


def test_what_goes_elsewhere_stays_as_it_is(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    content = "\x1b\u202e\r\n\n".encode() + b"\xff"
    for path in (Path("-"), Path("/dev/stdout"), tmp_path / "file"):
        write_output(path, content)
    sys.stdout.flush()
    assert capfdbinary.readouterr().out == content * 2
    assert (tmp_path / "file").read_bytes() == content


def test_names_of_files_cannot_break_output() -> None:
    assert printable(os.fsdecode(b"a\xff\xe2\x80\xae.pem")) == "a\\udcff\\u202e.pem"
