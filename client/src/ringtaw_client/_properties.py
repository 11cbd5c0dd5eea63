"""Package properties of a Coordinator in JSON, as MarbleRun's tools take them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from ringtaw_client._trust_domains import read_trust_domain
from ringtaw_client.errors import InputError


def read_properties(text: bytes) -> dict[str, Any]:
    """Return the fields of a policy by name; members may be of any letter case, null is absent.

    Raises:
        InputError: It is no JSON object, or a member is unknown, twice there or of another type.
    """
    try:
        document = json.loads(text, object_pairs_hook=_object)
    except (ValueError, RecursionError):
        raise InputError("the Coordinator's properties are not JSON") from None
    if not isinstance(document, dict):
        raise InputError("the Coordinator's properties are not a JSON object")
    values: dict[str, Any] = {}
    for name, value in document.items():
        field, read = _member(name)
        if value is not None:
            values[field] = read(name, value)
    if values.get("unique_id") and values.get("product_id") == 0:
        del values["product_id"]  # Go writes zero for what is not given
    return values


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise InputError(f"{name} is not a string")
    return value


def _texts(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise InputError(f"{name} is not a list of strings")
    return tuple(value)


def _statuses(name: str, value: object) -> tuple[str, ...]:
    from ringtaw_attestation import TcbStatus

    texts = _texts(name, value)
    for text in texts:
        if text not in list(TcbStatus):
            raise InputError(f"{name}: there is no {text!r}", hint=f"one of {', '.join(TcbStatus)}")
    return texts


def _number(name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**16:
        raise InputError(f"{name} is not an integer from 0 to 65535")
    return value


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise InputError(f"{name} is neither true nor false")
    return value


_MEMBERS: Final[Mapping[str, tuple[str, Callable[[str, object], object]]]] = {
    "UniqueID": ("unique_id", _text),
    "SignerID": ("signer_id", _text),
    "ProductID": ("product_id", _number),
    "SecurityVersion": ("security_version", _number),
    "TDX": ("trust_domain", read_trust_domain),
    "Debug": ("debug", _flag),
    "AcceptedTCBStatuses": ("accepted_tcb_statuses", _statuses),
    "AcceptedAdvisories": ("accepted_advisories", _texts),
}


def _member(name: str) -> tuple[str, Callable[[str, object], object]]:
    for known, member in _MEMBERS.items():
        if known.lower() == name.lower():
            return member
    raise InputError(f"there is no property {name[:64]!r}", hint=f"known: {', '.join(_MEMBERS)}")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = {name.lower(): value for name, value in pairs}
    if len(values) != len(pairs):
        raise InputError("a property is given twice")
    return dict(pairs)
