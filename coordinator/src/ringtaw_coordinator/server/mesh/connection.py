# ruff: noqa: D102 - the public methods are asyncio's, documented there
"""The server's end of one HTTP/2 connection (RFC 9113): bytes, time and backpressure."""

from __future__ import annotations

import asyncio
from typing import Final, cast

from ringtaw_coordinator.server.budget import Budget
from ringtaw_coordinator.server.connection import TLSConnection
from ringtaw_coordinator.server.limits import MeshLimits
from ringtaw_coordinator.server.mesh import frames
from ringtaw_coordinator.server.mesh.events import EventReader
from ringtaw_coordinator.server.mesh.frames import ConnectionFault, ErrorCode, Setting
from ringtaw_coordinator.server.mesh.stream import Service
from ringtaw_coordinator.server.mesh.streams import Activity, Spawn, Streams

FRAMES_PER_FRAME: Final = 3
"""Frames a peer may send for each frame of an answer: two WINDOW_UPDATEs and a PING."""
BATCH: Final = 64 * 1024
"""Bytes of answers written before asking whether the network keeps up."""
MARGIN: Final = 5.0
"""Seconds that the connection waits for a call beyond the call's own time limit."""


class Connection(asyncio.Protocol):
    """Reads events for its streams, writes their frames, and ends when time is up."""

    def __init__(self, service: Service, limits: MeshLimits, budget: Budget, spawn: Spawn) -> None:
        self._service = service
        self._limits = limits
        self._budget = budget
        self._spawn = spawn
        self._transport: TLSConnection
        self._streams: Streams
        self._events = EventReader(limits)
        self._end = asyncio.get_running_loop().time() + limits.max_age
        self._held = False
        """Whether sending waits for the end of what is going on."""
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(TLSConnection, transport)
        self._streams = Streams(
            self._service,
            self._limits,
            self._budget,
            self._spawn,
            self._changed,
            self._transport.get_extra_info("peer_certificate"),
        )
        self._transport.write(
            frames.build_settings(
                {
                    Setting.MAX_CONCURRENT_STREAMS: self._limits.max_concurrent_streams,
                    Setting.INITIAL_WINDOW_SIZE: self._limits.initial_window,
                    Setting.MAX_HEADER_LIST_SIZE: self._limits.max_header_block,
                }
            )
        )
        self._watch()

    def data_received(self, data: bytes) -> None:
        if asyncio.get_running_loop().time() > self._end:
            self._streams.drain()
        self._held = True
        try:
            for event in self._events.feed(data):
                self._streams.handle(event)
        except ConnectionFault as fault:
            self._goodbye(fault.code, str(fault))
        finally:
            self._held = False
        self._send()

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._send()

    def connection_lost(self, _: Exception | None) -> None:
        self._streams.close()

    def _changed(self) -> None:
        self._watch()
        self._send()

    def _send(self) -> None:
        """Write what the peer's windows and the network take; leave if that was all."""
        if self._held:
            return
        self._held = True
        while not self._paused and (output := self._streams.output(BATCH)):
            self._events.grant(FRAMES_PER_FRAME * len(output))
            self._transport.write(b"".join(output))
        self._held = False
        if self._streams.draining and self._streams.activity is Activity.REQUEST:
            self._transport.close()

    def _watch(self) -> None:
        """Say how long the connection may stay as it is."""
        limits, transport = self._limits, self._transport
        match self._streams.activity:
            case Activity.CALL:
                transport.watch(limits.call_timeout + MARGIN, busy=True)
            case Activity.ANSWER_TAKEN:
                transport.watch(limits.answer_timeout, busy=True)
            case Activity.REST_OF_REQUEST:
                transport.watch(limits.request_timeout, expired=self._goodbye)
            case Activity.REQUEST:
                transport.watch(limits.idle_timeout, expired=self._goodbye)

    def _goodbye(self, code: ErrorCode = ErrorCode.NO_ERROR, reason: str = "") -> None:
        self._transport.write(frames.build_goaway(self._streams.last_stream_id, code, reason))
        self._transport.close()
