"""The order of the manifest's files: keys of encrypted mounts before anything that needs them.

Gramine opens no file of an encrypted mount before the mount's key is set (EACCES), and a file
created too early stays unreadable. Source: Gramine documentation, "Attestation and Secret
Provisioning"; libos/src/fs/dev/attestation.c.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from ringtaw_premain.errors import PolicyError
from ringtaw_premain.hookspecs import FileWrite, WriteMode

_KEY_SIZE: Final = 16
_HEX_DIGITS: Final = frozenset(b"0123456789abcdefABCDEF")


def order_files(device: str, files: Mapping[str, bytes]) -> list[FileWrite]:
    """Return the keys below ``device`` first, then the regular files, each group by path.

    Raises:
        PolicyError: A file below ``device`` is none a manifest may write, or has content that
            Gramine would not take.
    """
    keys: dict[str, FileWrite] = {}
    regular = []
    for path in sorted(files):
        canonical = _canonical(path)
        if canonical != device and not canonical.startswith(f"{device}/"):
            regular.append(FileWrite(path, files[path]))
        elif canonical in keys:
            raise PolicyError(f"the manifest writes {canonical} twice, once spelt {path!r}")
        else:
            _check(device, canonical, files[path])
            keys[canonical] = FileWrite(path, files[path], WriteMode.DEVICE)
    return [keys[path] for path in sorted(keys)] + regular


def _canonical(path: str) -> str:
    # POSIX lets two leading slashes mean something else, so normpath keeps them; Gramine does not.
    return "/" + os.path.abspath(path).lstrip("/")


def _check(device: str, path: str, content: bytes) -> None:
    directory, name = os.path.split(path)
    if directory == f"{device}/keys":
        _check_key(path, name, content)
    elif path == f"{device}/protected_files_key":
        _check_protected_files_key(device, path, content)
    else:
        raise PolicyError(
            f"a manifest may not write {path}",
            hint=f"below {device} it may only set keys: {device}/keys/NAME",
        )


def _check_key(path: str, name: str, content: bytes) -> None:
    if name.startswith("_"):
        raise PolicyError(
            f"{path}: key names that begin with an underscore are reserved by Gramine",
            hint="choose another key_name for the encrypted mount",
        )
    if len(content) != _KEY_SIZE:
        raise PolicyError(
            f"{path} takes exactly {_KEY_SIZE} bytes, the manifest gives {len(content)}",
            hint="use {{ raw .Secrets.NAME }} with a symmetric-key of Size 128",
        )
    if not os.path.exists(path):
        raise PolicyError(
            f"{path} does not exist",
            hint=f'declare the key in the Gramine manifest: fs.mounts with key_name = "{name}"',
        )


def _check_protected_files_key(device: str, path: str, content: bytes) -> None:
    """The one key of Gramine before 1.5: text, not bytes."""
    if not os.path.exists(path):
        raise PolicyError(
            f"{path} does not exist: Gramine 1.5 removed it",
            hint=f"write {device}/keys/default, 16 raw bytes, instead",
        )
    if len(content) != 2 * _KEY_SIZE or not _HEX_DIGITS.issuperset(content):
        raise PolicyError(
            f"{path} takes exactly {2 * _KEY_SIZE} hexadecimal digits, "
            f"the manifest gives {len(content)} bytes",
            hint="use {{ hex .Secrets.NAME }} with a symmetric-key of Size 128",
        )
