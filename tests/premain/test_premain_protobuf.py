from __future__ import annotations

import pytest
from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet
from hypothesis import assume, example, given
from hypothesis import strategies as st
from ringtaw_premain._protobuf import (
    ActivationRequest,
    Parameters,
    decode_response,
    encode_request,
)
from ringtaw_premain.errors import TransportError
from ringtaw_schemas.mesh import marble_pb2

from tests.premain.properties import checked

TEXT = st.text(max_size=200)
CONTENT = st.dictionaries(st.text(max_size=20), st.binary(max_size=200), max_size=5)

# Any sequence of fields, known or not, nested or not, whole or not.
TAGS = st.builds(
    lambda number, wire_type: varint(number << 3 | wire_type),
    st.one_of(st.integers(1, 4), st.integers(0, 2**32)),
    st.sampled_from([0, 1, 2, 5, 6, 7]),
)
FIELDS = st.one_of(
    st.binary(max_size=12),
    st.builds(lambda tag, value: tag + varint(len(value)) + value, TAGS, st.binary(max_size=40)),
)
MESSAGES = st.recursive(
    st.lists(FIELDS, max_size=3).map(b"".join),
    lambda inner: st.lists(
        st.builds(
            lambda number, value: varint(number << 3 | 2) + varint(len(value)) + value,
            st.integers(1, 3),
            inner,
        ),
        max_size=3,
    ).map(b"".join),
    max_leaves=6,
)


def varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(0x80 | value & 0x7F)
        value >>= 7
    return bytes((*encoded, value))


def reference(message: bytes) -> Parameters | None:
    """What the reference implementation makes of it."""
    response = marble_pb2.ActivationResp()
    try:
        response.ParseFromString(message)
    except DecodeError:
        return None
    found = response.Parameters
    # This implementation puts a map entry aside that has unknown fields; Go's and C++'s keep it.
    aside = UnknownFieldSet(found)
    assume(all(aside[i].field_number > 2 for i in range(len(aside))))
    return Parameters(dict(found.Files), dict(found.Env), list(found.Argv))


@checked(200)
@given(st.binary(max_size=300), st.binary(max_size=300), TEXT, TEXT)
def test_requests_read_the_same_in_the_reference(
    quote: bytes, request: bytes, marble_type: str, uuid: str
) -> None:
    found = marble_pb2.ActivationReq()
    encoded = encode_request(ActivationRequest(quote, request, marble_type, uuid))
    found.ParseFromString(encoded)
    assert (found.Quote, found.CSR, found.MarbleType, found.UUID) == (
        quote,
        request,
        marble_type,
        uuid,
    )
    assert encoded == found.SerializeToString(deterministic=True)


@checked(200)
@given(CONTENT, CONTENT, st.lists(TEXT, max_size=5))
def test_responses_of_the_reference_are_read(
    files: dict[str, bytes], environment: dict[str, bytes], argv: list[str]
) -> None:
    response = marble_pb2.ActivationResp()
    response.Parameters.Files.update(files)
    response.Parameters.Env.update(environment)
    response.Parameters.Argv.extend(argv)
    assert decode_response(response.SerializeToString()) == Parameters(files, environment, argv)


@checked(500)
@given(MESSAGES)
@example(b"")
@example(b"\x0a\x02\x1a\x00" * 2)  # the same message twice: merged
@example(b"\x0a\x04\x0a\x02\x12\x00")  # a map entry without key
@example(b"\x0a\x08\x0a\x06\x0a\x01a\x0a\x01b")  # a map entry with two keys
@example(b"\x08\x01")  # a known field of another wire type
@example(b"\x0a\x80\x80\x80\x80\x00")  # a number in too many bytes
@example(b"\x0a\x03\x1a\x01\xff")  # text that is not UTF-8
@example(b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01")
def test_takes_exactly_what_the_reference_takes(message: bytes) -> None:
    expected = reference(message)
    if expected is not None:
        assert found_or_group(message) in (expected, None)
    else:
        with pytest.raises(TransportError):
            decode_response(message)


def found_or_group(message: bytes) -> Parameters | None:
    """Decode; None if there is a group, which the reference skips and we refuse."""
    try:
        return decode_response(message)
    except TransportError as error:
        if "wire type 3" in str(error):
            return None
        raise


@pytest.mark.parametrize("message", [b"\x0b\x0c", b"\x0c", b"\x0e", b"\x0f", b"\x02\x00"])
def test_groups_and_unknown_wire_types_are_refused(message: bytes) -> None:
    with pytest.raises(TransportError, match="malformed answer"):
        decode_response(message)


def test_every_truncation_ends_in_a_value_or_one_error() -> None:
    response = marble_pb2.ActivationResp()
    response.Parameters.Files["/etc/key"] = b"secret" * 30
    response.Parameters.Env["NAME"] = b"value"
    response.Parameters.Argv.append("program")
    whole = response.SerializeToString()
    for size in range(1, len(whole)):
        with pytest.raises(TransportError):
            decode_response(whole[:size])


def test_secrets_are_not_in_the_representation() -> None:
    parameters = Parameters({"f": b"secret"}, {"E": b"secret"}, ["secret"])
    assert "secret" not in repr(parameters)
