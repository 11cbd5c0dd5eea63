"""An anchor out of the host's reach: older states are refused, crashes are not punished."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from ringtaw_coordinator.core.api import State
from ringtaw_coordinator.core.attestation import SIMULATION
from ringtaw_coordinator.core.coordinator import Coordinator, open_coordinator
from ringtaw_coordinator.errors import (
    CoordinatorError,
    PlatformError,
    SettingsError,
    StoreError,
)
from ringtaw_coordinator.state.anchor import Anchor, Mark, open_anchor
from ringtaw_coordinator.state.file_anchor import FILE, FileAnchor
from ringtaw_coordinator.state.files import FileStore
from ringtaw_coordinator.state.filesystem import FileSystem
from ringtaw_coordinator.state.recovery import OAEP
from ringtaw_coordinator.state.sealed_key import UnprotectedSealer
from ringtaw_coordinator.state.vault import Vault

from tests.support.coordinator_process import coordinator_process
from tests.support.deployments import NAMES, RecoveryKey, manifest, request
from tests.support.disks import CountingFiles, FailingFiles, KillingFiles
from tests.support.people import person, updatable

LIMITED = manifest(marble={"MaxActivations": 100})
DISABLED = manifest(marble={"MaxActivations": 100}, Config={"SealMode": "Disabled"})


class Place:
    """A directory with a state, and an anchor beside it."""

    def __init__(self, directory: Path) -> None:
        self.state = directory / "state"
        self.file = directory / "anchor"
        directory.mkdir(exist_ok=True)
        self.file.touch()

    @asynccontextmanager
    async def coordinator(
        self, anchor: Anchor | None = None, files: FileSystem | None = None
    ) -> AsyncIterator[Coordinator]:
        anchor = anchor or FileAnchor(self.file)
        vault = Vault(FileStore(self.state, files), UnprotectedSealer(), anchor)
        try:
            yield await open_coordinator(vault, SIMULATION, NAMES)
        finally:
            vault.close()

    async def status(self) -> tuple[State, str]:
        async with self.coordinator() as coordinator:
            return coordinator.status().state, coordinator.status().message

    async def activate(self, times: int = 1) -> None:
        async with self.coordinator() as coordinator:
            for _ in range(times):
                await coordinator.activate(request())

    @property
    def generation(self) -> int:
        generation = json.loads(self.file.read_bytes())["generation"]
        assert isinstance(generation, int)
        return generation


@pytest.fixture
async def place(tmp_path: Path) -> Place:
    """A deployment that has activated two Marbles."""
    place = Place(tmp_path)
    async with place.coordinator() as coordinator:
        await coordinator.set_manifest(LIMITED)
        for _ in range(2):
            await coordinator.activate(request())
    return place


async def test_every_change_is_remembered(place: Place) -> None:
    assert place.generation == 3
    await place.activate()
    assert place.generation == 4
    assert (await place.status())[0] is State.ACCEPTING_MARBLES


async def test_older_state_is_refused(place: Place, tmp_path: Path) -> None:
    shutil.copytree(place.state, tmp_path / "kept")
    await place.activate(2)
    shutil.rmtree(place.state)
    shutil.copytree(tmp_path / "kept", place.state)
    state, message = await place.status()
    assert state is State.RECOVERY
    assert message.startswith(
        "The state cannot be used: the state is older than the anchor remembers: 2 changes are "
        "missing. Put the latest state back and restart the Coordinator; recovery secrets do not "
        "help. To accept this one on purpose, empty the anchor that RINGTAW_ANCHOR names, then "
        "restart. A new manifest gives it up."
    )
    place.file.write_bytes(b"")  # whoever may do this gives the protection up
    assert (await place.status())[0] is State.ACCEPTING_MARBLES


async def test_recovery_does_not_get_around_it(tmp_path: Path) -> None:
    """Owners are told when they begin, or at the latest when their secrets open an old state."""
    owner, place = RecoveryKey(), Place(tmp_path)
    async with place.coordinator() as coordinator:
        raw = manifest(marble={"MaxActivations": 9}, RecoveryKeys={"owner": owner.public_pem})
        encrypted = (await coordinator.set_manifest(raw)).recovery_secrets["owner"]
        shutil.copytree(place.state, tmp_path / "kept")
        await coordinator.activate(request())
    secret = owner.private.decrypt(encrypted, OAEP)
    signature = owner.private.sign(secret, padding.PKCS1v15(), hashes.SHA256())
    for key_is_lost, how in ((False, "server is not in expected state"), (True, "be recovered")):
        shutil.rmtree(place.state)
        shutil.copytree(tmp_path / "kept", place.state)
        if key_is_lost:
            (place.state / "sealed_key").unlink()
        async with place.coordinator() as coordinator:
            with pytest.raises(CoordinatorError, match=how) as refusal:
                await coordinator.recover(secret, signature)
            assert "1 change is missing. Put the latest state back" in str(refusal.value)
            assert coordinator.status().state is State.RECOVERY


async def test_state_of_another_history_is_refused(place: Place, tmp_path: Path) -> None:
    shutil.copytree(place.state, tmp_path / "kept")
    before = place.file.read_bytes()
    await place.activate()
    other = place.file.read_bytes()
    shutil.rmtree(place.state)
    shutil.copytree(tmp_path / "kept", place.state)
    place.file.write_bytes(before)
    await place.activate()
    place.file.write_bytes(other)
    state, message = await place.status()
    assert (state, "of another history" in message) == (State.RECOVERY, True)


async def test_state_that_is_gone_is_missed(place: Place) -> None:
    shutil.rmtree(place.state)
    state, message = await place.status()
    assert (state, "the state is gone" in message) == (State.RECOVERY, True)
    assert "Put it back and restart the Coordinator" in message
    async with place.coordinator() as coordinator:
        await coordinator.set_manifest(LIMITED)  # on purpose
    assert place.generation == 1
    assert (await place.status())[0] is State.ACCEPTING_MARBLES


async def test_state_of_another_deployment_is_refused(place: Place, tmp_path: Path) -> None:
    other = Place(tmp_path / "state")
    async with other.coordinator() as coordinator:
        await coordinator.set_manifest(LIMITED)
    place.file.write_bytes(other.file.read_bytes())
    assert "of another deployment" in (await place.status())[1]


async def test_manifest_that_keeps_nothing_does_not_make_the_anchor_forget(
    place: Place, tmp_path: Path
) -> None:
    """Whoever can set one could then put any older state back."""
    shutil.copytree(place.state, tmp_path / "kept")
    shutil.rmtree(place.state)
    async with place.coordinator() as coordinator:
        await coordinator.set_manifest(DISABLED)
    assert (await place.status())[0] is State.ACCEPTING_MANIFEST
    shutil.copytree(tmp_path / "kept", place.state, dirs_exist_ok=True)
    state, message = await place.status()
    assert (state, "of another deployment" in message) == (State.RECOVERY, True)


async def test_changes_are_counted_on_while_nothing_is_kept(tmp_path: Path) -> None:
    """Else an older state would have more changes than the latest, and be taken for newer."""
    kept, not_kept = (
        updatable("alice", marble={"MaxActivations": 100}, Config={"SealMode": mode})
        for mode in ("ProductKey", "Disabled")
    )
    alice, place = person("alice").der, Place(tmp_path)
    async with place.coordinator() as coordinator:
        await coordinator.set_manifest(kept)
        for _ in range(4):
            await coordinator.activate(request())
        shutil.copytree(place.state, tmp_path / "kept")
        await coordinator.submit_update(not_kept, alice)
        await coordinator.submit_update(kept, alice)
    assert place.generation == 7
    shutil.rmtree(place.state)
    shutil.copytree(tmp_path / "kept", place.state)
    state, message = await place.status()
    assert (state, "2 changes are missing" in message) == (State.RECOVERY, True)


@pytest.mark.parametrize("content", [None, b"{}", b"rubbish", bytes(5000)])
async def test_without_its_anchor_nothing_is_served(place: Place, content: bytes | None) -> None:
    place.file.unlink()
    if content is not None:
        place.file.write_bytes(content)
    with pytest.raises(StoreError, match="anchor"):
        await place.status()


async def test_change_of_which_the_anchor_was_not_told_is_not_acknowledged(place: Place) -> None:
    anchor = FailingFiles(0)
    async with place.coordinator(FileAnchor(place.file, anchor)) as coordinator:
        await coordinator.activate(request())
        anchor.failing = len(anchor.steps) + 2
        with pytest.raises(StoreError, match="the anchor cannot be told"):
            await coordinator.activate(request())
        assert place.generation == 4
        await coordinator.activate(request())  # and finds the change before it
        assert place.generation == 6
    assert (await place.status())[0] is State.ACCEPTING_MARBLES


async def _activate_once(place: Place, anchor: CountingFiles, store: CountingFiles) -> None:
    async with place.coordinator(FileAnchor(place.file, anchor), store) as coordinator:
        await coordinator.activate(request())


def _killed(place: Place, fatal: int, *, at_the_anchor: bool) -> bool:
    child = os.fork()
    if child == 0:
        anchor = KillingFiles(fatal) if at_the_anchor else CountingFiles()
        store = CountingFiles() if at_the_anchor else KillingFiles(fatal)
        asyncio.run(_activate_once(place, anchor, store))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status == 0 or os.WTERMSIG(status) == signal.SIGKILL
    return status != 0


@pytest.mark.parametrize("at_the_anchor", [True, False])
def test_crash_at_any_step_locks_nobody_out(tmp_path: Path, *, at_the_anchor: bool) -> None:
    before = Place(tmp_path)
    asyncio.run(_prepare(before))
    crashes, found = 0, set()
    while True:
        place = Place(tmp_path / str(crashes))
        shutil.copytree(before.state, place.state)
        place.file.write_bytes(before.file.read_bytes())
        killed = _killed(place, crashes + 1, at_the_anchor=at_the_anchor)
        state, message = asyncio.run(place.status())
        assert state is State.ACCEPTING_MARBLES, message
        found.add(place.generation)
        if not killed:
            break
        crashes += 1
    assert crashes >= 4
    assert found == ({2} if at_the_anchor else {1, 2})


async def _prepare(place: Place) -> None:
    async with place.coordinator() as coordinator:
        await coordinator.set_manifest(LIMITED)


async def test_settings_choose_it(place: Place, tmp_path: Path) -> None:
    shutil.copytree(place.state, tmp_path / "kept")
    await place.activate()
    shutil.rmtree(place.state)
    shutil.copytree(tmp_path / "kept", place.state)
    with coordinator_process(place.state, {"RINGTAW_ANCHOR": f"file:{place.file}"}) as process:
        answer = process.call("GET", "/api/v2/status")["data"]
    assert answer["code"] == 1
    assert "older than the anchor remembers: 1 change is missing" in answer["message"]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("nowhere", "not of the form kind:location"),
        ("file:", "not of the form kind:location"),
        ("file:relative", "begins with /"),
        ("cloud:somewhere", 'there is no kind of anchor "cloud"'),
    ],
)
def test_settings_that_there_cannot_be(setting: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        open_anchor(setting, FILE)


PLUGIN = """
from ringtaw_coordinator.state.anchor import AnchorKind
from ringtaw_coordinator.state.file_anchor import FileAnchor
from pathlib import Path
KIND = AnchorKind("elsewhere", "A test's", {version}, lambda place: FileAnchor(Path(place)))
"""


@pytest.mark.parametrize(("version", "fits"), [(1, True), (2, False)])
def test_kinds_that_are_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: int, *, fits: bool
) -> None:
    module = f"anchors_of_a_test_{version}"
    (tmp_path / f"{module}.py").write_text(PLUGIN.format(version=version))
    metadata = tmp_path / "anchors_of_a_test-0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: anchors-of-a-test\n")
    (metadata / "entry_points.txt").write_text(f"[ringtaw.anchors]\nelsewhere = {module}:KIND\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    if not fits:
        with pytest.raises(PlatformError, match="version 1 of the contract"):
            open_anchor(f"elsewhere:{tmp_path}/anchor", FILE)
        return
    anchor = open_anchor(f"elsewhere:{tmp_path}/anchor", FILE)
    (tmp_path / "anchor").touch()
    assert anchor.read() is None
    anchor.write(Mark("ab", 1, "cd"))
    assert anchor.read() == Mark("ab", 1, "cd")
