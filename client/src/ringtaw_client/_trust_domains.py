"""Measurements of a trust domain as properties of a Coordinator: as in packages of a manifest."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ringtaw_client.errors import InputError

if TYPE_CHECKING:
    from ringtaw_attestation import TrustDomainPolicy

_HEX: Final = re.compile(r"[0-9a-fA-F]*")


def read_trust_domain(name: str, value: object) -> TrustDomainPolicy | None:
    """Return the measurements in a JSON object, names in any letter case; None if there are none.

    Raises:
        InputError: It is no object, or a member is unknown or no string.
    """
    from ringtaw_attestation import TrustDomainPolicy

    if not isinstance(value, dict):
        raise InputError(f"{name} is not an object")
    known = {one.lower(): one for one in TrustDomainPolicy().measurements}
    given: dict[str, str] = {}
    for member, text in value.items():
        if member.lower() not in known:
            hint = f"known: {', '.join(known.values())}"
            raise InputError(f"{name} has no measurement {member[:64]!r}", hint=hint)
        measurement = known[member.lower()]
        if text is None:
            continue
        if not isinstance(text, str):
            raise InputError(f"{name}.{measurement} is not a string")
        given[measurement] = text
    if not any(given.values()):
        return None
    first, second, third, fourth = (given.get(f"RTMR{number}", "") for number in range(4))
    return TrustDomainPolicy(
        mr_td=given.get("MRTD", ""),
        rtmrs=(first, second, third, fourth),
        mr_config_id=given.get("MRCONFIGID", ""),
        mr_owner=given.get("MROWNER", ""),
        mr_owner_config=given.get("MROWNERCONFIG", ""),
    )


def check_measurements(domain: TrustDomainPolicy) -> None:
    """Check that measurements say what runs in a trust domain.

    Raises:
        InputError: They do not, or one is malformed.
    """
    from ringtaw_attestation import WHAT_RUNS

    for name, value in domain.measurements.items():
        require_hex(f"TDX.{name}", value, 96)
    if missing := [name for name in WHAT_RUNS if not domain.measurements[name]]:
        raise InputError(
            f"TDX does not say what runs in the trust domain: it lacks {', '.join(missing)}",
            hint="a register that nothing extends is 96 zeros",
        )


def require_hex(name: str, value: str, digits: int) -> None:
    """Return if a value is absent or has so many hexadecimal digits.

    Raises:
        InputError: It has not.
    """
    if value and (len(value) != digits or not _HEX.fullmatch(value)):
        raise InputError(f"{name} is not {digits} hex digits")
