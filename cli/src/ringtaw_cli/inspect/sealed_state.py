"""``ringtaw inspect sealed-state``."""

from __future__ import annotations

import json
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import click
from ringtaw_buildkit.counting import counted
from ringtaw_client import InputError

from ringtaw_cli.command import Command, format_option
from ringtaw_cli.inspect.telling import Facts, tell

_MAX_DATA: Final = 1 << 30
_MAX_KEY: Final = 16 << 20
_UNKNOWN: Final = "unknown"
_PROTECTIONS: Final = {
    "product": "sealed to the enclave's signer and product",
    "measurement": "sealed to this very enclave",
    "owners": "in no file: without sealing keys, the owners of the recovery keys open it",
    "none": "NOT PROTECTED: the key lies in the clear, as in simulation",
}


@click.command(cls=Command, examples=("marblerun-coordinator-data", "/var/lib/ringtaw"))
@click.argument(
    "directory", metavar="DIR", type=click.Path(path_type=Path, exists=True, file_okay=False)
)
@format_option()
def sealed_state(directory: Path, output_format: str) -> None:
    """Show the form of a Coordinator's state.

    Sizes, number of changes, what the key is bound to, how the state can be recovered, and whether
    sealed_data and sealed_key belong together. Nothing is decrypted, no key is used or shown, and a
    Coordinator that is running is not disturbed.
    """
    if find_spec("ringtaw_coordinator") is None:
        raise InputError("this needs the Coordinator", hint="pip install ringtaw-coordinator")
    tell(state_facts(directory), output_format)


def state_facts(directory: Path) -> Facts:
    """Return what can be told of a state without its key.

    Raises:
        InputError: There is none, or its files cannot be read.
    """
    from ringtaw_coordinator.state import container, sealed_data

    data, key_file = (
        _read(directory, "sealed_data", _MAX_DATA),
        _read(directory, "sealed_key", _MAX_KEY),
    )
    if data is None:
        raise InputError(
            f"{directory} has no sealed_data", hint="name the directory in EDG_COORDINATOR_SEAL_DIR"
        )
    contents = container.parse(data)
    key, witness, _ = container.parse_key(key_file or b"")
    document = _document(key)
    bound_to = document.get("sealedData")
    return {
        "sealed_data": {
            "format": _first_line(data),
            "size": len(data),
            "state_size": len(contents.state),
            "changes": len(contents.changes),
            "changes_size": sum(map(len, contents.changes)),
            "cut_short": len(data) - contents.end if not contents.damage else 0,
            "damage": contents.damage,
        },
        "sealed_key": {
            "format": str(document.get("format", _UNKNOWN if key else "missing")),
            "size": len(key_file or b""),
            "protection": str(document.get("protection", _UNKNOWN)),
            "meaning": _PROTECTIONS.get(str(document.get("protection")), _UNKNOWN),
            "witnessed_changes": _witnessed(witness),
        },
        "pair": _pair(sealed_data.digest(contents.state).hex(), bound_to, contents, witness),
        "recovery": _recovery(contents.state),
        "interrupted_commit": any(
            os.path.exists(directory / f"{name}.next") for name in ("sealed_data", "sealed_key")
        ),
    }


def _pair(digest: str, bound_to: object, contents: Any, witness: bytes) -> dict[str, Any]:
    """Say whether both files are of one version, as far as that shows without the key."""
    same, changes = digest == bound_to, len(contents.changes)
    missing = _witnessed(witness) - changes
    if not same:
        text = "sealed_key belongs to another version of sealed_data"
    elif missing > 0:
        text = f"{counted(missing, 'change is', 'changes are')} missing that were acknowledged"
    elif missing < -1:
        text = f"{-missing} changes have no witness; a crash leaves at most one"
    else:
        return {"matches": True, "meaning": "they belong together"}
    return {"matches": False, "meaning": text}


def _recovery(state: bytes) -> dict[str, Any]:
    """Return how the key was divided; the hashes of the shares are counted, not shown."""
    from ringtaw_coordinator.state.sealed_data import UnsealError, recovery_data

    try:
        members = json.loads(recovery_data(state) or b"{}")
        scheme, threshold = str(members["scheme"]), int(members["threshold"])
        return {"scheme": scheme, "threshold": threshold, "keys": len(members["hashes"])}
    except UnsealError as error:
        return {"scheme": f"{_UNKNOWN}: {error}", "threshold": 0, "keys": 0}
    except (ValueError, TypeError, KeyError, RecursionError):
        return {"scheme": _UNKNOWN, "threshold": 0, "keys": 0}


def _document(key: bytes) -> dict[str, Any]:
    """Return the members of a sealed key that are no key."""
    try:
        members = json.loads(key)
        return {name: members[name] for name in ("format", "protection", "sealedData")}
    except (ValueError, TypeError, KeyError, RecursionError):
        return {}


def _witnessed(witness: bytes) -> int:
    digits = witness.partition(b" ")[0]
    return int(digits) if digits.isdigit() and len(digits) < 20 else 0


def _first_line(data: bytes) -> str:
    line = data[:64].partition(b"\n")[0].decode("ascii", "replace")
    return line if line.startswith("ringtaw ") else _UNKNOWN


def _read(directory: Path, name: str, max_size: int) -> bytes | None:
    path = directory / name
    if os.path.exists(path) and not os.path.isfile(path):
        raise InputError(f"{path} is no regular file")
    try:
        with path.open("rb") as file:
            content = file.read(max_size + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    if len(content) > max_size:
        raise InputError(f"{path} is larger than {max_size >> 20} MiB")
    return content
