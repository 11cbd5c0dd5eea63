"""The one method of the mesh API: from the message to the Coordinator and back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Final

import structlog
from google.protobuf.message import DecodeError
from ringtaw_schemas.mesh import marble_pb2

from ringtaw_coordinator.core.api import ActivationRequest, Activator, MarbleParameters
from ringtaw_coordinator.server.errors import GrpcCode, answer_to, describe, is_unexpected
from ringtaw_coordinator.server.limits import MeshLimits
from ringtaw_coordinator.server.mesh.rpc import MessageReader, check_headers, failure, success
from ringtaw_coordinator.server.mesh.stream import Refusal, Reply
from ringtaw_coordinator.server.observer import MeshObserver, NoObserver

ACTIVATE: Final = "/rpc.Marble/Activate"
OVERLOADED: Final = failure(GrpcCode.RESOURCE_EXHAUSTED, "the Coordinator is busy; try again later")

_log = structlog.get_logger("mesh-api")


class MarbleService:
    """Serves ``rpc.Marble``."""

    overloaded = OVERLOADED

    def __init__(self, activator: Activator, limits: MeshLimits) -> None:
        self._activator = activator
        self._limits = limits
        self.observer: MeshObserver = NoObserver()
        self._working = 0

    def call(self, headers: Mapping[str, str], peer_certificate: bytes) -> ActivateCall:
        """Begin a call."""
        check_headers(headers)
        if headers[":path"] != ACTIVATE:
            text = f"unknown method {headers[':path'][:100]}"
            raise Refusal(failure(GrpcCode.UNIMPLEMENTED, text))
        if not peer_certificate:
            raise Refusal(failure(GrpcCode.UNAUTHENTICATED, "no client certificate"))
        return ActivateCall(self, peer_certificate, self._limits.max_message)

    async def activate(self, request: ActivationRequest) -> Reply:
        """Activate a Marble; every outcome is an answer."""
        begin = time.perf_counter()
        self.observer.call_started()
        reply = await self._activate(request)
        self.observer.call_answered(reply.code, time.perf_counter() - begin)
        return reply

    async def _activate(self, request: ActivationRequest) -> Reply:
        if self._working >= self._limits.max_concurrent_calls:
            return OVERLOADED
        self._working += 1
        try:
            async with asyncio.timeout(self._limits.call_timeout):
                parameters = await self._activator.activate(request)
            return self._answer(parameters)
        except TimeoutError:
            _log.error("activation took too long", marble_type=request.marble_type)
            return failure(GrpcCode.DEADLINE_EXCEEDED, "the activation took too long")
        except Exception as error:
            return _refuse(error)
        finally:
            self._working -= 1

    def _answer(self, parameters: MarbleParameters) -> Reply:
        response = marble_pb2.ActivationResp()
        response.Parameters.Files.update(parameters.files)
        response.Parameters.Env.update(parameters.env)
        response.Parameters.Argv.extend(parameters.argv)
        response.Parameters.SetInParent()
        message = response.SerializeToString()
        if len(message) <= self._limits.max_message:
            return success(message)
        text = (
            f"the Marble's parameters are {len(message)} bytes, and {self._limits.max_message} "
            "fit into an answer: give it fewer or smaller files in the manifest"
        )
        return failure(GrpcCode.INTERNAL, text)


def _refuse(error: Exception) -> Reply:
    answer, text = answer_to(error)
    if is_unexpected(error):
        _log.error("activation failed unexpectedly", error=describe(error))
    return failure(answer.grpc, text)


class ActivateCall:
    """One call of Activate."""

    def __init__(self, service: MarbleService, peer_certificate: bytes, max_message: int) -> None:
        self._service = service
        self._peer_certificate = peer_certificate
        self._reader = MessageReader(max_message)
        self._request: ActivationRequest

    def receive(self, data: bytes) -> None:
        """Take a part of the message."""
        self._reader.feed(data)

    def complete(self) -> None:
        """Parse the message."""
        try:
            message = marble_pb2.ActivationReq.FromString(self._reader.message())
        except DecodeError:
            raise Refusal(failure(GrpcCode.INTERNAL, "message does not parse")) from None
        self._request = ActivationRequest(
            quote=message.Quote,
            csr=message.CSR,
            marble_type=message.MarbleType,
            uuid=message.UUID,
            peer_certificate=self._peer_certificate,
        )

    async def answer(self) -> Reply:
        """Activate."""
        return await self._service.activate(self._request)
