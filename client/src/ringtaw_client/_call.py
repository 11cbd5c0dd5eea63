"""One call of the client API: an HTTP exchange whose answer is JSend.

JSend (https://github.com/omniti-labs/jsend): ``status``, ``data``, ``message``. Success is exactly
HTTP status 200.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from ringtaw_client._connection import Connect
from ringtaw_client._http import Answer, Request, exchange
from ringtaw_client._json import FormatError, Record, parse_object
from ringtaw_client.address import Address
from ringtaw_client.errors import ClientError, NotAuthorisedError, ProtocolError, RefusedError
from ringtaw_client.limits import Limits

ResultT = TypeVar("ResultT")

_SUCCESS: Final = 200
_UNAUTHORISED: Final = 401
_NOT_FOUND_HERE: Final = 405
_BUSY: Final = 503
_HINT: Final = "is this the address of a Coordinator's client API?"
_FORBIDDEN_TEXTS: Final = (" is not allowed to ", " has no role with ", "no role of the user ")
"""In what Coordinators say to a user whom no role permits a thing: MarbleRun's, then Ringtaw's.

Nothing else tells: the HTTP status is 500 then too.
"""


def call(
    address: Address,
    request: Request,
    connect: Connect,
    limits: Limits,
    read: Callable[[Record], ResultT],
    *,
    large: bool = False,
) -> tuple[ResultT, bytes]:
    """Call; return what ``read`` makes of the answer's data, and the peer's certificate (DER).

    Raises:
        UnreachableError: There was no answer.
        RefusedError: The Coordinator refused.
        ProtocolError: The answer is not as it should be.
    """
    max_answer = limits.max_answer if large else limits.max_small_answer
    answer = exchange(address, request, connect, limits, max_answer)
    where = f"https://{address}"
    if answer.status != _SUCCESS:
        raise _refusal(answer, request, where)
    try:
        envelope = parse_object(answer.body)
        if envelope.text("status") != "success":
            raise FormatError('it has HTTP status 200 and no status "success"')
        data = envelope.record("data") if envelope.has("data") else Record({})
        return read(data), answer.certificate
    except (FormatError, UnicodeError) as error:  # the latter: half a surrogate pair
        raise ProtocolError(
            f"{request}: the answer is not what a Coordinator sends: {_reason(error)}",
            where=where,
            hint=_HINT,
        ) from None


def _reason(error: ValueError) -> str:
    return str(error) if isinstance(error, FormatError) else "a string is not Unicode"


def _refusal(answer: Answer, request: Request, where: str) -> ClientError:
    """Return the error for an answer that is no success."""
    try:
        envelope = parse_object(answer.body)
        envelope.text("status")
        message = _explanation(envelope)
    except (FormatError, UnicodeError):
        return ProtocolError(
            f"{request}: HTTP status {answer.status} without a Coordinator's explanation",
            where=where,
            hint=_HINT,
        )
    text = f"{request}: {message or f'HTTP status {answer.status}'}"
    if answer.status == _UNAUTHORISED:
        hint = "give the certificate and key of a user of the manifest, or of a Marble"
        return NotAuthorisedError(text, where=where, status=answer.status, hint=hint)
    if any(text in message for text in _FORBIDDEN_TEXTS):
        hint = "a role of the manifest must permit it"
        return NotAuthorisedError(text, where=where, status=answer.status, hint=hint)
    return RefusedError(text, where=where, status=answer.status, hint=_HINTS.get(answer.status, ""))


def _explanation(envelope: Record) -> str:
    """Return the message, and what ``data`` says on members of the request (status "fail")."""
    parts = [envelope.message("message")]
    if envelope.is_object("data"):
        details = envelope.record("data").details()
        parts += [f"{name}: {text}" for name, text in details.items() if isinstance(text, str)]
    return "; ".join(filter(None, parts))


_HINTS: Final = {
    _NOT_FOUND_HERE: "the Coordinator does not know this call: MarbleRun does from version 1.5 on",
    _BUSY: "try again later",
}
