"""Metrics and events: what MarbleRun's dashboards read, bounded, and without secrets."""

from __future__ import annotations

import asyncio
import json
import re
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from ringtaw_coordinator.core.api import ActivationRequest, MarbleParameters
from ringtaw_coordinator.errors import VerificationError
from ringtaw_coordinator.server.client.endpoints import METHODS
from ringtaw_coordinator.server.client.server import ClientServer
from ringtaw_coordinator.server.errors import GrpcCode
from ringtaw_coordinator.telemetry.events import MAX_EVENTS, MAX_QUOTE, Events
from ringtaw_coordinator.telemetry.server import MAX_CONNECTIONS, MAX_HEAD, TelemetryServer
from ringtaw_coordinator.telemetry.telemetry import Telemetry
from ringtaw_testkit.identities import Certified

from tests.support.coordinator_process import coordinator_process
from tests.support.deployments import manifest
from tests.support.facade import ScriptedFacade
from tests.support.raw_http1 import ask


class Door:
    """An Activator that admits one type."""

    async def activate(self, request: ActivationRequest) -> MarbleParameters:
        if request.marble_type != "frontend":
            raise VerificationError("no")
        return MarbleParameters({}, {}, ())


def marble(marble_type: str = "frontend", quote: bytes = b"") -> ActivationRequest:
    return ActivationRequest(quote, b"", marble_type, "u-u-i-d", b"")


def samples(page: bytes) -> dict[tuple[str, ...], float]:
    """Return the values by name and labels' values."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
    }


@asynccontextmanager
async def serving(server: TelemetryServer) -> AsyncIterator[int]:
    _, port = await server.start("127.0.0.1", 0)
    try:
        yield port
    finally:
        await server.stop()


async def say(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    return answer


async def get(port: int, path: str) -> bytes:
    answer = await say(port, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n"), head
    assert f"Content-Length: {len(body)}".encode() in head
    return body


@pytest.fixture
def telemetry(facade: ScriptedFacade) -> Telemetry:
    return Telemetry(facade, METHODS)


async def test_activations_are_counted_by_types_of_the_manifest_alone(telemetry: Telemetry) -> None:
    activator = telemetry.counted(Door(), lambda name: name in ("frontend", "backend"))
    for name in ("frontend", "frontend", "backend", *(f"guess{n}" for n in range(1000))):
        try:
            await activator.activate(marble(name))
        except VerificationError:
            assert name != "frontend"
    found = samples(telemetry.metrics.render())
    totals = {key: value for key, value in found.items() if "activations" in key[0]}
    assert totals == {
        ("coordinator_marble_activations_total", "frontend"): 2,
        ("coordinator_marble_activations_total", "backend"): 1,
        ("coordinator_marble_activations_total", "other"): 1000,
        ("coordinator_marble_activations_success_total", "frontend"): 2,
    }


async def test_events_are_the_latest_admissions(telemetry: Telemetry) -> None:
    activator = telemetry.counted(Door(), lambda name: True)
    await activator.activate(marble(quote=b"evidence"))
    with pytest.raises(VerificationError):
        await activator.activate(marble("stranger"))
    async with serving(telemetry.server) as port:
        [event] = json.loads(await get(port, "/events"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", event["time"])
    assert event["activation"] == {
        "marbleType": "frontend",
        "uuid": "u-u-i-d",
        "quote": b64encode(b"evidence").decode(),
    }


def test_events_do_not_grow_without_bound() -> None:
    events = Events()
    for number in range(3 * MAX_EVENTS):
        events.activated(marble(f"m{number}", bytes(MAX_QUOTE + number % 2)))
    found = json.loads(events.render())
    assert [event["activation"]["marbleType"] for event in found] == [
        f"m{number}" for number in range(2 * MAX_EVENTS, 3 * MAX_EVENTS)
    ]
    assert {event["activation"]["quote"] is None for event in found} == {False, True}


async def test_requests_are_counted_by_known_paths_alone(
    telemetry: Telemetry, facade: ScriptedFacade, root: Certified
) -> None:
    server = ClientServer(facade, root.identity, observer=telemetry.metrics)
    _, port = await server.start("127.0.0.1", 0)
    await ask(port, "GET", "/api/v2/status")
    await ask(port, "POST", "/manifest", b"{}")
    for number in range(20):
        await ask(port, "GET", f"/guess{number}")
    await ask(port, "PURGE", "/api/v2/status")
    await server.stop(0)
    found = samples(telemetry.metrics.render())
    requests = {key[1:]: v for key, v in found.items() if key[0].endswith("_request_total")}
    assert requests == {
        ("200", "get", "/api/v2/status"): 1,
        ("200", "post", "/manifest"): 1,
        ("405", "get", "other"): 20,
        ("405", "other", "/api/v2/status"): 1,
    }
    prefix = "server_client_api_http_"
    assert found[prefix + "request_size_histogram_bytes_sum", "/manifest"] == 2
    assert found[prefix + "response_size_histogram_bytes_count", "/manifest"] == 1
    assert found[prefix + "request_duration_histogram_seconds_count", "post", "/manifest"] == 1
    assert found[prefix + "in_flight_requests", "/manifest"] == 0
    assert {key[1] for key in found if key[0] == prefix + "in_flight_requests"} == {
        *METHODS,
        "other",
    }


async def test_a_client_that_hangs_up_is_no_longer_in_flight(
    telemetry: Telemetry, facade: ScriptedFacade, root: Certified
) -> None:
    facade.delay = 0.2
    server = ClientServer(facade, root.identity, observer=telemetry.metrics)
    _, port = await server.start("127.0.0.1", 0)
    asking = asyncio.create_task(ask(port, "POST", "/manifest", b"{}"))
    await asyncio.sleep(0.1)
    gauge = ("server_client_api_http_in_flight_requests", "/manifest")
    assert samples(telemetry.metrics.render())[gauge] == 1
    asking.cancel()
    await asyncio.sleep(0.3)
    assert samples(telemetry.metrics.render())[gauge] == 0
    await server.stop(0)


async def test_calls_have_the_names_of_grpc_prometheus(telemetry: Telemetry) -> None:
    metrics = telemetry.metrics
    for code in (GrpcCode.OK, GrpcCode.PERMISSION_DENIED, GrpcCode.PERMISSION_DENIED):
        metrics.call_started()
        metrics.call_answered(code, 0.02)
    found = samples(metrics.render())
    labels = ("Activate", "rpc.Marble", "unary")
    for name in ("started_total", "msg_received_total", "msg_sent_total", "handling_seconds_count"):
        assert found["grpc_server_" + name, *labels] == 3
    handled = {key[1]: v for key, v in found.items() if key[0] == "grpc_server_handled_total" and v}
    assert handled == {"OK": 1, "PermissionDenied": 2}


async def test_state_and_version(telemetry: Telemetry, facade: ScriptedFacade) -> None:
    assert samples(telemetry.metrics.render())["coordinator_state",] == 2
    facade.manifests.append(b"{}")
    found = samples(telemetry.metrics.render())
    assert found["coordinator_state",] == 3
    assert [key[1] for key in found if key[0] == "coordinator_version_info"] == ["0.1.0"]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 404),
        (b"GET /metrics/ HTTP/1.1\r\n\r\n", 404),
        (b"POST /metrics HTTP/1.1\r\n\r\n", 405),
        (b"GET /metrics\r\n\r\n", 400),
        (b"GET /metrics SMTP\r\n\r\n", 400),
        (b"\xff\xff\r\n\r\n", 400),
        (b"GET /metrics HTTP/1.1\r\n" + b"a: b\r\n" * MAX_HEAD + b"\r\n", 400),
    ],
)
async def test_other_requests(telemetry: Telemetry, request_: bytes, status: int) -> None:
    async with serving(telemetry.server) as port:
        answer = await say(port, request_)
        assert answer.startswith(f"HTTP/1.1 {status} ".encode())
        assert await get(port, "/metrics?name[]=up")


async def test_silent_connections_take_no_more_than_their_share(telemetry: Telemetry) -> None:
    async with serving(telemetry.server) as port:
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MAX_CONNECTIONS)]
        await asyncio.sleep(0.05)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with suppress(ConnectionError):
            assert await reader.read() == b""
        for _, other in [*silent, (reader, writer)]:
            other.close()
        await asyncio.sleep(0.05)
        assert await get(port, "/metrics")


async def test_silent_connections_are_given_up(
    telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ringtaw_coordinator.telemetry.server.TIMEOUT", 0.1)
    async with serving(telemetry.server) as port:
        assert await say(port, b"GET /metrics HTTP/1.1\r\n") == b""


def test_a_coordinator_serves_its_metrics(tmp_path: Path) -> None:
    settings = {"EDG_COORDINATOR_PROMETHEUS_ADDR": "127.0.0.1:0"}
    with coordinator_process(tmp_path / "state", settings) as coordinator:
        coordinator.set_manifest(manifest())
        coordinator.activate("frontend")
        events = [json.loads(line) for line in coordinator.output if line.startswith("{")]
        address = next(e["address"] for e in events if e["event"] == "serving metrics")
        port = int(address.rpartition(":")[2])
        found = samples(asyncio.run(get(port, "/metrics")))
        [event] = json.loads(asyncio.run(get(port, "/events")))
    assert found["coordinator_state",] == 3
    assert found["coordinator_marble_activations_success_total", "frontend"] == 1
    handled = "grpc_server_handled_total", "OK", "Activate", "rpc.Marble", "unary"
    assert found[handled] == 1
    assert found["server_client_api_http_request_total", "200", "post", "/api/v2/manifest"] == 1
    assert event["activation"]["marbleType"] == "frontend"


def test_metrics_are_off_by_default(tmp_path: Path) -> None:
    with coordinator_process(tmp_path / "state") as coordinator:
        coordinator.set_manifest(manifest())
        assert "serving metrics" not in coordinator.events
