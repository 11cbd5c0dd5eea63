"""The Coordinator as a service: from settings to servers, and back on a signal."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import structlog

from ringtaw_coordinator._parse import Address
from ringtaw_coordinator.core.api import Activator, State
from ringtaw_coordinator.core.coordinator import Coordinator, open_coordinator
from ringtaw_coordinator.errors import CoordinatorError, ManifestError, PlatformError, SettingsError
from ringtaw_coordinator.logs import configure_logging
from ringtaw_coordinator.manifest.load import load_manifest
from ringtaw_coordinator.manifest.reader import MAX_BYTES
from ringtaw_coordinator.platform import Platform, choose_platform
from ringtaw_coordinator.server.client.endpoints import METHODS
from ringtaw_coordinator.server.client.server import ClientServer
from ringtaw_coordinator.server.mesh.server import MeshServer
from ringtaw_coordinator.settings import Settings
from ringtaw_coordinator.state.anchor import open_anchor
from ringtaw_coordinator.state.file_anchor import FILE
from ringtaw_coordinator.state.files import FileStore
from ringtaw_coordinator.state.sealed_key import Sealer
from ringtaw_coordinator.state.vault import Vault
from ringtaw_coordinator.state.way_back import check_unattended
from ringtaw_coordinator.telemetry.server import TelemetryServer
from ringtaw_coordinator.telemetry.telemetry import Telemetry

EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2
GRACE: Final = 0.3
"""Seconds that calls at work, and then a change under way, have when a signal ends the service."""

log = structlog.get_logger("coordinator")


def run_service(settings: Settings) -> int:
    """Serve until a signal; returns the exit status."""
    configure_logging(
        as_json=settings.json_log,
        debug=settings.debug_log,
        http_errors=settings.http_error_level,
    )
    for warning in settings.warnings:
        log.warning(warning)
    if settings.simulation:
        log.warning("SIMULATION: no evidence is checked, and the key of the state is unprotected")
    try:
        asyncio.run(_serve(settings))
    except (CoordinatorError, OSError) as error:
        log.error("the Coordinator cannot run", reason=str(error))
        return EXIT_USAGE if isinstance(error, SettingsError) else EXIT_FAILED
    return 0


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    platform = choose_platform(settings)
    async with _coordinator(platform, settings) as coordinator:
        await _set_startup_manifest(coordinator, platform.sealer, settings.startup_manifest)
        async with _servers(coordinator, settings), _background(coordinator.tend()):
            await stop.wait()
            log.info("ending")


@asynccontextmanager
async def _coordinator(platform: Platform, settings: Settings) -> AsyncIterator[Coordinator]:
    anchor = open_anchor(settings.anchor, FILE) if settings.anchor else None
    vault = Vault(FileStore(settings.seal_directory), platform.sealer, anchor)
    coordinator = await open_coordinator(vault, platform.attestation, settings.names)
    yield coordinator
    try:
        await asyncio.wait_for(coordinator.close(), GRACE)
    except TimeoutError:
        # Killing a commit is safe, waiting for it is not: whoever sent the signal may not wait.
        log.warning("ended during a change, which has not been acknowledged")
        sys.stderr.flush()
        os._exit(0)


@asynccontextmanager
async def _background(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()


@asynccontextmanager
async def _servers(coordinator: Coordinator, settings: Settings) -> AsyncIterator[None]:
    """Start the mesh API first: once the client API answers, Marbles can connect."""
    async with _telemetry(coordinator, settings.metrics_address) as telemetry:
        mesh, client = _make_servers(coordinator, settings, telemetry)
        mesh_address = await _start(mesh, settings.mesh_address)
        client_address = await _start(client, settings.client_address)
        log.info(
            "serving",
            mesh_address=str(mesh_address),
            client_address=str(client_address),
            state=coordinator.status().message,
        )
        try:
            yield
        finally:
            with suppress(TimeoutError):  # a call that waits for a change may not end in time
                async with asyncio.timeout(GRACE + 0.1):
                    await asyncio.gather(mesh.stop(GRACE), client.stop(GRACE))


def _make_servers(
    coordinator: Coordinator, settings: Settings, telemetry: Telemetry | None
) -> tuple[MeshServer, ClientServer]:
    """Return both, presenting what the Coordinator's identities are now and will be."""
    activator: Activator = coordinator
    if telemetry:
        activator = telemetry.counted(coordinator, coordinator.has_marble_type)
    observer = telemetry.metrics if telemetry else None
    mesh = MeshServer(activator, coordinator.mesh_identity, settings.mesh_limits, observer)
    client = ClientServer(
        coordinator, coordinator.client_identity, settings.client_limits, observer
    )

    def present() -> None:
        mesh.set_identity(coordinator.mesh_identity)
        client.set_identity(coordinator.client_identity)

    coordinator.on_identity_change(present)
    return mesh, client


@asynccontextmanager
async def _telemetry(
    coordinator: Coordinator, address: Address | None
) -> AsyncIterator[Telemetry | None]:
    """Serve metrics and events, if there is an address for them."""
    if address is None:
        yield None
        return
    telemetry = Telemetry(coordinator, METHODS)
    log.info("serving metrics", address=str(await _start(telemetry.server, address)))
    try:
        yield telemetry
    finally:
        await telemetry.server.stop()


async def _start(server: MeshServer | ClientServer | TelemetryServer, address: Address) -> Address:
    try:
        return Address(*await server.start(address.host, address.port))
    except OSError as error:
        raise PlatformError(f"cannot listen on {address}: {error.strerror or error}") from error


def _read_manifest(path: Path) -> bytes:
    """Return no more than it takes to see that a file is too large."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "is no regular file", str(path))
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


async def _set_startup_manifest(
    coordinator: Coordinator, sealer: Sealer, path: Path | None
) -> None:
    """Set the manifest at the first start; afterwards only compare.

    Raises:
        SettingsError: It has to be set but cannot be read.
        ManifestError: It has to be set but is not valid.
    """
    if path is None:
        return
    state = coordinator.status().state
    if state is State.RECOVERY:
        log.warning("the startup manifest is not applied while recovery is needed")
        return
    try:
        raw = _read_manifest(path)
    except OSError as error:
        if state is State.ACCEPTING_MANIFEST:
            raise SettingsError(f"EDG_STARTUP_MANIFEST: {error}") from error
        log.error("the startup manifest cannot be read", reason=str(error))
        return
    if state is State.ACCEPTING_MANIFEST:
        try:
            check_unattended(sealer, load_manifest(raw).manifest)
            accepted = await coordinator.set_manifest(raw)
        except ManifestError:
            log.error("the startup manifest cannot be set", path=str(path))
            raise
        if accepted.recovery_secrets:
            log.warning(
                "the owners of the recovery keys get no secrets, so that nobody can recover the "
                "state: only whoever sets a manifest through the client API is given them"
            )
    elif raw != coordinator.manifest().raw:
        log.error(
            "the startup manifest is refused: another manifest is in force, and stays so",
            path=str(path),
            fingerprint=coordinator.manifest().fingerprint,
        )
