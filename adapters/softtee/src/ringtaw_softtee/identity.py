"""What a process is in a software TEE's eyes: an enclave or trust domain, registered under a name.

Each is a JSON file in the TEE's directory, ``enclaves/NAME.json``, whose fields are called as those
of a package in a Coordinator's manifest.
"""

from __future__ import annotations

import json
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ringtaw_attestation.softtee import Enclave, TrustDomain
from ringtaw_premain.errors import PlatformError

Identity = Enclave | TrustDomain

_MAX_SIZE: Final = 4096
_MAX_U16: Final = 0xFFFF
_NAME: Final = frozenset(string.ascii_letters + string.digits + "-_.")
_SGX: Final = frozenset({"Debug", "UniqueID", "SignerID", "ProductID", "SecurityVersion"})
_RTMRS: Final = ("RTMR0", "RTMR1", "RTMR2", "RTMR3")
_TDX: Final = frozenset({"MRTD", *_RTMRS})


def properties(identity: Identity) -> dict[str, object]:
    """Return everything that identifies an enclave or trust domain."""
    if isinstance(identity, Enclave):
        return {
            "Debug": identity.debug,
            "UniqueID": identity.unique_id.hex(),
            "SignerID": identity.signer_id.hex(),
            "ProductID": identity.product_id,
            "SecurityVersion": identity.security_version,
        }
    registers = dict(zip(_RTMRS, (rtmr.hex() for rtmr in identity.rtmrs), strict=True))
    return {"Debug": identity.debug, "TDX": {"MRTD": identity.mr_td.hex(), **registers}}


def packages(identity: Identity) -> dict[str, dict[str, object]]:
    """Return the packages of a manifest that can stand for an identity.

    By ``measurement`` it is this build alone; by ``product``, which trust domains do not have, also
    later ones of the same signer.
    """
    every = properties(identity)
    if isinstance(identity, TrustDomain):
        return {"measurement": every}
    product = {key: value for key, value in every.items() if key != "UniqueID"}
    return {
        "measurement": {"Debug": every["Debug"], "UniqueID": every["UniqueID"]},
        "product": product,
    }


def write_identity(directory: Path, name: str, identity: Identity) -> None:
    """Register an identity in the directory of a software TEE, or change it.

    Raises:
        PlatformError: The name is none for a file, or the file cannot be written.
    """
    path = _path(directory, name)
    try:
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(properties(identity), indent=2) + "\n")
    except OSError as error:
        raise PlatformError(f"cannot write {path}: {error.strerror}") from error


def read_identity(directory: Path, name: str) -> Identity:
    """Return the identity registered under a name.

    Raises:
        PlatformError: There is none, or its file is not as it should be.
    """
    path = _path(directory, name)
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_SIZE + 1)
    except OSError as error:
        raise PlatformError(
            f"cannot read {path}, an enclave of the software TEE: {error.strerror}",
            hint=f"register it: python -m ringtaw_softtee enclave {directory} {name}",
        ) from error
    try:
        if len(content) > _MAX_SIZE:
            raise ValueError(f"it is longer than {_MAX_SIZE} bytes")
        return _parse(json.loads(content))
    except (ValueError, RecursionError) as error:
        raise PlatformError(f"{path} is no enclave of a software TEE: {error}") from None


def _path(directory: Path, name: str) -> Path:
    if not name or name.startswith(".") or not _NAME.issuperset(name):
        raise PlatformError(
            f"{name!r} cannot be the name of an enclave of the software TEE",
            hint="use letters, digits, hyphens, underscores and dots",
        )
    return directory / "enclaves" / f"{name}.json"


def _parse(value: object) -> Identity:
    if not isinstance(value, dict):
        raise ValueError("it is not a JSON object")
    debug = value.get("Debug", False)
    if not isinstance(debug, bool):
        raise ValueError("Debug is neither true nor false")
    if "TDX" in value:
        _only(value, frozenset({"Debug", "TDX"}))
        return _parse_domain(value["TDX"], debug)
    _only(value, _SGX)
    return Enclave(
        unique_id=_measurement(value, "UniqueID", 32),
        signer_id=_measurement(value, "SignerID", 32),
        product_id=_number(value, "ProductID"),
        security_version=_number(value, "SecurityVersion"),
        debug=debug,
    )


def _parse_domain(value: object, debug: bool) -> TrustDomain:
    if not isinstance(value, dict):
        raise ValueError("TDX is not a JSON object")
    _only(value, _TDX)
    first, second, third, fourth = (_measurement(value, name, 48) for name in _RTMRS)
    return TrustDomain(
        mr_td=_measurement(value, "MRTD", 48),
        rtmrs=(first, second, third, fourth),
        debug=debug,
    )


def _only(value: Mapping[str, object], known: frozenset[str]) -> None:
    if unknown := sorted(value.keys() - known):
        raise ValueError(f"unknown {', '.join(unknown)}")


def _measurement(value: Mapping[str, object], name: str, size: int) -> bytes:
    text = value.get(name)
    if not isinstance(text, str) or len(text) != 2 * size or set(text) - set(string.hexdigits):
        raise ValueError(f"{name} is not {2 * size} hexadecimal digits")
    return bytes.fromhex(text)


def _number(value: Mapping[str, object], name: str) -> int:
    number = value.get(name)
    if type(number) is not int or not 0 <= number <= _MAX_U16:
        raise ValueError(f"{name} is not a number from 0 to {_MAX_U16}")
    return number
