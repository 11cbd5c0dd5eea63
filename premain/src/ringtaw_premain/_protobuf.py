"""The two messages of the mesh API on the wire: ``rpc.ActivationReq`` and ``rpc.ActivationResp``.

Protocol Buffers encoding, https://protobuf.dev/programming-guides/encoding/. The decoder takes
what the reference implementation takes, except for groups, which proto3 does not have: unknown
fields are skipped, of a repeated scalar field the last value counts, repeated messages merge.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from ringtaw_premain.errors import TransportError

_VARINT, _I64, _LEN, _I32 = 0, 1, 2, 5
_FIXED_SIZES: Final = {_I64: 8, _I32: 4}
_MAX_TAG: Final = (1 << 32) - 1
_MAX_VARINT_SIZE: Final = 10


class ActivationRequest(NamedTuple):
    """What a Marble sends: quote, PKCS #10 request in DER, its type and its UUID."""

    quote: bytes
    request: bytes
    marble_type: str
    uuid: str


class Parameters(NamedTuple):
    """What a Marble is given: files by path, environment variables by name, and its argv."""

    files: dict[str, bytes]
    environment: dict[str, bytes]
    argv: list[str]

    def __repr__(self) -> str:
        return "Parameters(...)"


def encode_request(request: ActivationRequest) -> bytes:
    """Encode an ActivationReq; empty fields are left out, as proto3 has it."""
    values = (request.quote, request.request, request.marble_type.encode(), request.uuid.encode())
    return b"".join(
        bytes((number << 3 | _LEN,)) + _encode_varint(len(value)) + value
        for number, value in enumerate(values, start=1)
        if value
    )


def decode_response(message: bytes) -> Parameters:
    """Decode an ActivationResp.

    Raises:
        TransportError: The message is malformed.
    """
    parameters = Parameters({}, {}, [])
    for number, value in _fields(message):
        if number == 1:
            _merge_parameters(parameters, value)
    return parameters


def _merge_parameters(parameters: Parameters, message: bytes) -> None:
    for number, value in _fields(message):
        if number == 1:
            path, content = _map_entry(value)
            parameters.files[path] = content
        elif number == 2:
            name, content = _map_entry(value)
            parameters.environment[name] = content
        elif number == 3:
            parameters.argv.append(_text(value))


def _map_entry(message: bytes) -> tuple[str, bytes]:
    key, content = "", b""
    for number, value in _fields(message):
        if number == 1:
            key = _text(value)
        elif number == 2:
            content = value
    return key, content


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the length-delimited fields; all that we know are. Others are checked and skipped."""
    position = 0
    while position < len(message):
        tag, position = _decode_varint(message, position)
        number, wire_type = tag >> 3, tag & 7
        if not number or tag > _MAX_TAG:
            raise TransportError("malformed answer: invalid field number")
        if wire_type == _VARINT:
            _, position = _decode_varint(message, position)
            continue
        if wire_type == _LEN:
            size, position = _decode_varint(message, position)
        elif wire_type in _FIXED_SIZES:
            size = _FIXED_SIZES[wire_type]
        else:
            raise TransportError(f"malformed answer: wire type {wire_type}")
        if size > len(message) - position:
            raise TransportError("malformed answer: a field is longer than the message")
        if wire_type == _LEN:
            yield number, message[position : position + size]
        position += size


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise TransportError("malformed answer: a text field is not UTF-8") from None


def _encode_varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(0x80 | value & 0x7F)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _decode_varint(message: bytes, position: int) -> tuple[int, int]:
    value = 0
    for index, byte in enumerate(message[position : position + _MAX_VARINT_SIZE]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, position + index + 1
    raise TransportError("malformed answer: a number does not end")
