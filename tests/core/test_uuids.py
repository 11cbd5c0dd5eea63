from __future__ import annotations

import pytest
from ringtaw_coordinator.core.uuids import canonical_uuid
from ringtaw_coordinator.errors import InvalidUUIDError

CANONICAL = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
DIGITS = CANONICAL.replace("-", "")


@pytest.mark.parametrize(
    "text",
    [
        CANONICAL,
        CANONICAL.upper(),
        DIGITS,
        DIGITS.upper(),
        f"{{{CANONICAL}}}",
        f"urn:uuid:{CANONICAL}",
        f"URN:UUID:{CANONICAL.upper()}",
    ],
)
def test_every_form_becomes_canonical(text: str) -> None:
    assert canonical_uuid(text) == CANONICAL


@pytest.mark.parametrize(
    "text",
    [
        "",
        " " + CANONICAL,
        CANONICAL + "\n",
        CANONICAL[:-1],
        CANONICAL + "0",
        CANONICAL.replace("-", "_"),
        CANONICAL.replace("f", "g"),
        f"{{{CANONICAL}",
        f"({CANONICAL})",
        f"{{{DIGITS}}}",
        f"urn:uuid:{DIGITS}",
        f"urn:oid:{CANONICAL}",
        DIGITS[:8] + "-" + DIGITS[8:],
        CANONICAL.replace("8", "٨"),  # an Arabic digit
        "x" * 1_000_000,
    ],
)
def test_anything_else_is_refused_in_a_short_message(text: str) -> None:
    with pytest.raises(InvalidUUIDError, match="is not a UUID") as caught:
        canonical_uuid(text)
    assert len(str(caught.value)) < 200
