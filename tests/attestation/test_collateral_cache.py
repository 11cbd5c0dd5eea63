"""The cache: what it keeps, when it asks again, and what it never accepts."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from ringtaw_attestation import (
    CertificationService,
    Collateral,
    CollateralCache,
    CollateralError,
    CollateralFiles,
    CollateralUnavailableError,
    PlatformKind,
    collateral_from_json,
    collateral_to_json,
)
from ringtaw_attestation.softtee import CollateralAttacks

from tests.support.evidence import (
    COLLATERAL_ATTACKS,
    NOW,
    PLATFORM,
    ROOTS,
    SGX_COLLATERAL,
    SGX_KIND,
    SGX_QUOTE,
    TDX_KIND,
    TEE,
    verify,
)
from tests.support.pccs import Pccs, running_pccs

DAY = timedelta(days=1)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pccs(clock: Clock) -> Iterator[Pccs]:
    with running_pccs(lambda kind: TEE.collateral(kind, clock.now)) as service:
        yield service


@pytest.fixture
def new_cache(pccs: Pccs, clock: Clock, tmp_path: Path) -> Callable[[], CollateralCache]:
    """Make caches that share a directory, as one process after another does."""

    def make() -> CollateralCache:
        service = CertificationService(pccs.url, timeout=5)
        return CollateralCache(service, tmp_path / "cache", ROOTS, clock=clock)

    return make


@pytest.fixture
def cache(new_cache: Callable[[], CollateralCache]) -> CollateralCache:
    return new_cache()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def issued(collateral: Collateral) -> bytes:
    return collateral.tcb_info.content


def test_one_fetch_serves_many(cache: CollateralCache, pccs: Pccs) -> None:
    for _ in range(3):
        verify(SGX_QUOTE, cache.fetch(SGX_KIND))
    assert pccs.fetches == 1


def test_concurrent_quotes_cause_one_fetch(cache: CollateralCache, pccs: Pccs) -> None:
    pccs.gate.clear()
    with ThreadPoolExecutor(16) as pool:
        results = [pool.submit(cache.fetch, SGX_KIND) for _ in range(16)]
        wait_for(lambda: sum(pccs.requests.values()) > 0)
        pccs.gate.set()
        assert {result.result() for result in results} == {SGX_COLLATERAL}
    assert pccs.fetches == 1


def test_platforms_do_not_wait_for_each_other(cache: CollateralCache, pccs: Pccs) -> None:
    cache.fetch(TDX_KIND)
    pccs.gate.clear()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(cache.fetch, SGX_KIND)
        wait_for(lambda: sum(pccs.requests.values()) > 4)
        cache.fetch(TDX_KIND)
        assert not waiting.done()
        pccs.gate.set()
        waiting.result()


def test_survives_a_restart(
    new_cache: Callable[[], CollateralCache], pccs: Pccs, tmp_path: Path
) -> None:
    fetched = new_cache().fetch(SGX_KIND)
    pccs.down = True
    assert new_cache().fetch(SGX_KIND) == fetched
    assert pccs.fetches == 1
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [f"{SGX_KIND}.json"]


def test_cached_files_can_be_used_offline(cache: CollateralCache, tmp_path: Path) -> None:
    cache.fetch(SGX_KIND)
    assert CollateralFiles(tmp_path / "cache").fetch(SGX_KIND) == SGX_COLLATERAL


def test_is_refreshed_long_before_it_expires(
    cache: CollateralCache, pccs: Pccs, clock: Clock
) -> None:
    first = cache.fetch(SGX_KIND)
    clock.now += timedelta(hours=23)
    assert cache.fetch(SGX_KIND) == first
    clock.now += timedelta(hours=2)
    assert cache.fetch(SGX_KIND) == first, "nobody waits for the refresh"
    wait_for(lambda: issued(cache.fetch(SGX_KIND)) != issued(first))
    assert pccs.fetches == 2


def test_timer_refreshes_what_is_due(cache: CollateralCache, pccs: Pccs, clock: Clock) -> None:
    cache.fetch(SGX_KIND)
    cache.refresh_due()
    assert pccs.fetches == 1
    clock.now += 2 * DAY
    cache.refresh_due()
    assert pccs.fetches == 2
    cache.fetch(SGX_KIND)
    assert pccs.fetches == 2


def test_is_used_while_the_service_is_down_until_it_expires(
    cache: CollateralCache, pccs: Pccs, clock: Clock
) -> None:
    first = cache.fetch(SGX_KIND)
    pccs.down = True
    for _ in range(29):
        clock.now += DAY
        assert cache.fetch(SGX_KIND) == first
        cache.refresh_due()
    clock.now = NOW + 30 * DAY + timedelta(seconds=1)
    with pytest.raises(CollateralUnavailableError, match="503"):
        cache.fetch(SGX_KIND)
    pccs.down = False
    clock.now += timedelta(minutes=1)
    assert cache.fetch(SGX_KIND) != first


def test_service_that_fails_is_left_alone_for_a_while(
    cache: CollateralCache, pccs: Pccs, clock: Clock
) -> None:
    pccs.down = True
    for _ in range(5):
        with pytest.raises(CollateralUnavailableError):
            cache.fetch(SGX_KIND)
    assert sum(pccs.requests.values()) == 1
    pccs.down = False
    clock.now += timedelta(minutes=1)
    cache.fetch(SGX_KIND)


def test_expired_files_are_not_used(
    new_cache: Callable[[], CollateralCache], pccs: Pccs, clock: Clock
) -> None:
    first = new_cache().fetch(SGX_KIND)
    clock.now += 31 * DAY
    assert new_cache().fetch(SGX_KIND) != first
    assert pccs.fetches == 2


@pytest.mark.parametrize("damage", ["empty", "garbage", "edited", "another root", "huge"])
def test_damaged_files_are_not_used(
    new_cache: Callable[[], CollateralCache],
    pccs: Pccs,
    tmp_path: Path,
    damage: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    contents = {
        "empty": b"",
        "garbage": os.urandom(1000),
        "edited": collateral_to_json(COLLATERAL_ATTACKS.edited_tcb_info()),
        "another root": collateral_to_json(COLLATERAL_ATTACKS.other_root()),
        "huge": b" " * (9 * 1024 * 1024),
    }
    new_cache().fetch(SGX_KIND)
    (tmp_path / "cache" / f"{SGX_KIND}.json").write_bytes(contents[damage])
    assert new_cache().fetch(SGX_KIND) == SGX_COLLATERAL
    assert pccs.fetches == 2
    assert "is not used" in caplog.text


def test_bad_collateral_is_refused_and_not_kept(
    cache: CollateralCache, pccs: Pccs, tmp_path: Path
) -> None:
    pccs.provide = lambda kind: COLLATERAL_ATTACKS.edited_tcb_info()
    with pytest.raises(CollateralError, match="signature"):
        cache.fetch(SGX_KIND)
    assert not (tmp_path / "cache").exists()


def test_bad_collateral_does_not_replace_good(
    cache: CollateralCache, pccs: Pccs, clock: Clock
) -> None:
    first = cache.fetch(SGX_KIND)
    pccs.provide = lambda kind: COLLATERAL_ATTACKS.other_root()
    clock.now += 2 * DAY
    cache.refresh_due()
    assert cache.fetch(SGX_KIND) == first


def test_older_collateral_does_not_undo_a_revocation(
    new_cache: Callable[[], CollateralCache], pccs: Pccs, clock: Clock
) -> None:
    """Somebody on the way sends what was current before the platform was revoked."""
    clock.now += 3 * DAY
    revoked = CollateralAttacks(TEE, SGX_KIND, clock.now).revoked_platform(PLATFORM)
    pccs.provide = lambda kind: revoked
    cache = new_cache()
    cache.fetch(SGX_KIND)
    pccs.provide = lambda kind: SGX_COLLATERAL
    clock.now += 2 * DAY
    for user in (cache, new_cache()):
        user.fetch(SGX_KIND)
        user.refresh_due()
        assert user.fetch(SGX_KIND) == revoked


def test_revocation_is_noticed_within_a_day(
    cache: CollateralCache, pccs: Pccs, clock: Clock
) -> None:
    verify(SGX_QUOTE, cache.fetch(SGX_KIND))
    clock.now += DAY
    revoked = CollateralAttacks(TEE, SGX_KIND, clock.now).revoked_platform(PLATFORM)
    pccs.provide = lambda kind: revoked
    cache.refresh_due()
    with pytest.raises(Exception, match="revoked"):
        verify(SGX_QUOTE, cache.fetch(SGX_KIND), clock.now)


def test_collateral_of_another_platform_is_refused(cache: CollateralCache, pccs: Pccs) -> None:
    pccs.provide = lambda kind: TEE.collateral(TDX_KIND, NOW)
    with pytest.raises(CollateralUnavailableError, match="not for"):
        cache.fetch(SGX_KIND)
    with pytest.raises(CollateralUnavailableError, match="not for"):
        cache.fetch(PlatformKind(SGX_KIND.tee, SGX_KIND.ca, "00606A000000"))


def test_directory_that_cannot_be_written_only_costs_the_file(
    pccs: Pccs, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("not a directory")
    service = CertificationService(pccs.url)
    cache = CollateralCache(service, tmp_path / "file" / "cache", ROOTS, clock=clock)
    assert cache.fetch(SGX_KIND) == SGX_COLLATERAL
    assert "not kept" in caplog.text


def test_short_lived_collateral_does_not_cause_a_storm(
    cache: CollateralCache, pccs: Pccs, clock: Clock
) -> None:
    end = NOW + timedelta(seconds=10)
    crl = TEE.pck_crl(SGX_KIND.ca, NOW, end)
    pccs.provide = lambda kind: replace(SGX_COLLATERAL, pck_crl=crl)
    for _ in range(10):
        cache.fetch(SGX_KIND)
        clock.now += timedelta(seconds=1)
    assert threading.active_count() < 10
    assert pccs.fetches == 1


def test_files_of_other_tools_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "anything.json"
    path.write_bytes(collateral_to_json(SGX_COLLATERAL))
    assert CollateralFiles(path).fetch(SGX_KIND) == SGX_COLLATERAL
    assert collateral_from_json(path.read_bytes()) == SGX_COLLATERAL


def test_missing_or_malformed_files_say_which(tmp_path: Path) -> None:
    with pytest.raises(CollateralUnavailableError, match=f"{SGX_KIND}.json"):
        CollateralFiles(tmp_path).fetch(SGX_KIND)
    (tmp_path / f"{SGX_KIND}.json").write_text("{}")
    with pytest.raises(CollateralUnavailableError, match=r"root_ca_crl is missing"):
        CollateralFiles(tmp_path).fetch(SGX_KIND)
