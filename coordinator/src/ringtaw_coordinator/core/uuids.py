"""The forms of a UUID that Marbles may send."""

from __future__ import annotations

import re
from typing import Final
from uuid import UUID

from ringtaw_coordinator.errors import InvalidUUIDError
from ringtaw_coordinator.names import quoted

_CANONICAL: Final = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_FORMS: Final = re.compile(
    rf"(?:urn:uuid:)?({_CANONICAL})|\{{({_CANONICAL})\}}|([0-9a-f]{{32}})",
    re.IGNORECASE | re.ASCII,
)


def canonical_uuid(text: str) -> str:
    """Return the canonical text form, in lower case (RFC 9562, section 4).

    Also taken are upper case, 32 hexadecimal digits, ``{…}`` and ``urn:uuid:…``, as Go's
    github.com/google/uuid does.

    Raises:
        InvalidUUIDError: It is none of these.
    """
    match = _FORMS.fullmatch(text)
    if match is None:
        raise InvalidUUIDError(f"{quoted(text)} is not a UUID")
    return str(UUID(match[match.lastindex or 0]))
