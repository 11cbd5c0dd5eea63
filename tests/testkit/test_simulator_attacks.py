"""What the Coordinator simulator does to a Marble: the premain meets each attack."""

from __future__ import annotations

from pathlib import Path

import pytest
from ringtaw_coordinator.server.limits import MeshLimits
from ringtaw_testkit.premain import run_premain
from ringtaw_testkit.simulator import CoordinatorSimulator, parameters

SIMULATION = {"OE_SIMULATION": "1"}
GIVEN = parameters("/bin/true", files={"key": b"secret"})


def premain(coordinator: CoordinatorSimulator, directory: Path, **environ: str) -> tuple[int, str]:
    ran = run_premain("simulation", SIMULATION | environ, coordinator, directory)
    assert not (directory / "key").exists()
    return ran.returncode, ran.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("code", "name"), [(1, "CANCELLED"), (5, "NOT_FOUND"), (16, "UNAUTHENTICATED"), (99, "99")]
)
def test_any_status(
    ringtaw_coordinator: CoordinatorSimulator, tmp_path: Path, code: int, name: str
) -> None:
    ringtaw_coordinator.fail_with(code, "because")
    exit_code, last = premain(ringtaw_coordinator, tmp_path)
    assert exit_code == 125
    assert name in last
    assert last.endswith("because")


def test_half_an_answer(ringtaw_coordinator: CoordinatorSimulator, tmp_path: Path) -> None:
    ringtaw_coordinator.answer_cut_short(GIVEN)
    exit_code, last = premain(ringtaw_coordinator, tmp_path)
    assert (exit_code, "not exactly one message" in last) == (125, True)


def test_an_answer_of_garbage(ringtaw_coordinator: CoordinatorSimulator, tmp_path: Path) -> None:
    ringtaw_coordinator.answer_bytes(b"\xff\xff")
    exit_code, last = premain(ringtaw_coordinator, tmp_path)
    assert (exit_code, "malformed answer" in last) == (125, True)


def test_an_answer_that_is_too_large(tmp_path: Path) -> None:
    with CoordinatorSimulator(limits=MeshLimits(max_message=1 << 26)) as coordinator:
        coordinator.admit(parameters("/bin/true", files={"key": bytes(40 << 20)}))
        exit_code, last = premain(coordinator, tmp_path)
    assert exit_code == 125
    assert "larger" in last or "bytes" in last


def test_after_an_attack_it_can_be_honest(
    ringtaw_coordinator: CoordinatorSimulator, tmp_path: Path
) -> None:
    ringtaw_coordinator.answer_bytes(b"\xff\xff")
    ringtaw_coordinator.then_admit(parameters("/bin/true"))
    assert premain(ringtaw_coordinator, tmp_path)[0] == 125
    assert premain(ringtaw_coordinator, tmp_path)[0] == 0


def test_it_hangs_up(ringtaw_coordinator: CoordinatorSimulator, tmp_path: Path) -> None:
    ringtaw_coordinator.admit(parameters("/bin/true", files={"key": bytes(100_000)}))
    with ringtaw_coordinator.hanging_up(after=20_000) as address:
        exit_code, last = premain(
            ringtaw_coordinator,
            tmp_path,
            EDG_MARBLE_COORDINATOR_ADDR=address,
            RINGTAW_ACTIVATION_TIMEOUT="0.5",
        )
    assert exit_code == 125
    assert "closed the connection" in last
