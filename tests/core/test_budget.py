"""MaxActivations, evidence that is refused, and many Marbles at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from ringtaw_coordinator.core.api import ActivationRequest
from ringtaw_coordinator.core.evidence import SimulationVerifier
from ringtaw_coordinator.errors import (
    ActivationError,
    StoreError,
    VerificationError,
)
from ringtaw_coordinator.manifest.model import Manifest, Marble

from tests.support.deployments import coordinator_in, manifest, request
from tests.support.disks import CountingFiles, FailingFiles

LIMIT = 5
LIMITED = manifest(marble={"MaxActivations": LIMIT})


async def test_budget_holds_among_many_at_once(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(LIMITED)
        results = await asyncio.gather(
            *(coordinator.activate(request()) for _ in range(4 * LIMIT)), return_exceptions=True
        )
    refused = [result for result in results if isinstance(result, BaseException)]
    assert len(results) - len(refused) == LIMIT
    assert all(isinstance(result, VerificationError) for result in refused)
    assert "MaxActivations is 5" in str(refused[0])


async def test_budget_holds_across_restarts(tmp_path: Path) -> None:
    admitted = 0
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(LIMITED)
    for _ in range(LIMIT + 2):
        async with coordinator_in(tmp_path) as coordinator:
            try:
                await coordinator.activate(request())
                admitted += 1
            except VerificationError:
                pass
    assert admitted == LIMIT


async def test_budgets_are_per_type(tmp_path: Path) -> None:
    marble = {"Package": "frontend", "MaxActivations": 1}
    raw = manifest(Marbles={"one": marble, "two": marble, "free": {"Package": "frontend"}})
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(raw)
        for name in ("one", "two"):
            await coordinator.activate(request(name))
            with pytest.raises(VerificationError):
                await coordinator.activate(request(name))
        for _ in range(3):
            await coordinator.activate(request("free"))


async def test_unlimited_activations_write_nothing(tmp_path: Path) -> None:
    files = CountingFiles()
    async with coordinator_in(tmp_path, files=files) as coordinator:
        await coordinator.set_manifest(manifest())
        steps = len(files.steps)
        await coordinator.activate(request())
        assert len(files.steps) == steps


class Verifier(SimulationVerifier):
    """Accepts evidence that says it is good."""

    async def verify(self, request: ActivationRequest, marble: Marble, manifest: Manifest) -> None:
        await asyncio.sleep(0)
        assert marble.package in manifest.packages
        if request.quote != b"good":
            raise VerificationError("the quote is not good")


def with_quote(quote: bytes) -> ActivationRequest:
    plain = request()
    return ActivationRequest(quote, plain.csr, plain.marble_type, plain.uuid, b"")


async def test_bad_evidence_costs_no_budget(tmp_path: Path) -> None:
    files = CountingFiles()
    async with coordinator_in(tmp_path, files=files, verifier=Verifier()) as coordinator:
        await coordinator.set_manifest(LIMITED)
        steps = len(files.steps)
        for _ in range(2 * LIMIT):
            with pytest.raises(VerificationError, match="not good"):
                await coordinator.activate(with_quote(b"bad"))
        assert len(files.steps) == steps
        for _ in range(LIMIT):
            await coordinator.activate(with_quote(b"good"))
        with pytest.raises(VerificationError, match="MaxActivations"):
            await coordinator.activate(with_quote(b"good"))


async def test_bad_request_costs_no_budget(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(LIMITED)
        for _ in range(2 * LIMIT):
            with pytest.raises(ActivationError):
                await coordinator.activate(request(certificate_request=b"x"))
        for _ in range(LIMIT):
            await coordinator.activate(request())


@pytest.mark.parametrize("write", [1, 3])
async def test_activation_that_cannot_be_counted_is_refused(tmp_path: Path, write: int) -> None:
    files = FailingFiles(0)
    async with coordinator_in(tmp_path, files=files) as coordinator:
        await coordinator.set_manifest(LIMITED)
        files.failing = len(files.steps) + write
        with pytest.raises(StoreError, match="No space left on device"):
            await coordinator.activate(request())
        for _ in range(LIMIT):
            await coordinator.activate(request())
        with pytest.raises(VerificationError):
            await coordinator.activate(request())


async def test_marble_that_hangs_up_is_counted_at_most_once(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(LIMITED)
        tasks = [asyncio.create_task(coordinator.activate(request())) for _ in range(LIMIT)]
        await asyncio.sleep(0.003)
        for task in tasks:
            task.cancel()
        gone = await asyncio.gather(*tasks, return_exceptions=True)
        completed = sum(not isinstance(result, BaseException) for result in gone)
        admitted = 0
        for _ in range(LIMIT):
            try:
                await coordinator.activate(request())
                admitted += 1
            except VerificationError:
                break
    assert completed <= admitted + completed <= LIMIT


async def test_slow_keys_do_not_stop_the_others(tmp_path: Path) -> None:
    slow = {"Package": "frontend", "Parameters": {"Env": {"K": "{{ hex .Secrets.rsa.Cert }}"}}}
    raw = manifest(
        Marbles={"slow": slow, "quick": {"Package": "frontend"}},
        Secrets={"rsa": {"Type": "cert-rsa", "Size": 3072}},
    )
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(raw)
        slow_one = asyncio.create_task(coordinator.activate(request("slow")))
        await asyncio.sleep(0)
        await coordinator.activate(request("quick"))
        assert not slow_one.done()
        await slow_one
