"""The file that keeps a Marble's UUID, so that a restarted Marble is the same Marble.

Private symmetric secrets derive from the UUID (MarbleRun documentation, "Secrets management"), so
a file that holds none is an error and never silently replaced.
"""

from __future__ import annotations

import os
import stat
from typing import Final

from ringtaw_premain._descriptors import sync, write_all
from ringtaw_premain.errors import PlatformError, SettingsError

MAX_SIZE: Final = 256
"""Bytes; every accepted form with white space around it is shorter."""

_CURE: Final = "delete the file to get a new UUID, or point EDG_MARBLE_UUID_FILE elsewhere"
_GROUP_ENDS: Final = (8, 12, 16, 20, 32)


def marble_uuid(path: str) -> str:
    """Return the UUID in the file, canonical and in lower case; create the file if it is missing.

    Raises:
        SettingsError: There is something else than a UUID.
        PlatformError: The file can be neither read nor created.
    """
    try:
        content = _read(path)
    except FileNotFoundError:
        return _create(path)
    except OSError as error:
        raise PlatformError(f"cannot read the UUID file {path!r}: {error.strerror}") from None
    try:
        return parse_uuid(content.decode("ascii").strip())
    except ValueError:
        raise SettingsError(f"the file {path!r} holds no UUID", hint=_CURE) from None


def parse_uuid(text: str) -> str:
    """Return the canonical form of any form that Go's github.com/google/uuid takes.

    These are the canonical one, 32 hexadecimal digits, ``{...}`` and ``urn:uuid:...``.

    Raises:
        ValueError: The text is in none of these forms.
    """
    text = text.lower()
    digits = text.replace("-", "")
    if digits.startswith("urn:uuid:"):
        text, digits = text[9:], digits[9:]
    elif text[:1] + text[-1:] == "{}":
        text, digits = text[1:-1], digits[1:-1]
    if len(digits) != 32 or not set(digits) <= set("0123456789abcdef"):
        raise ValueError("not a UUID")
    if text not in (digits, _canonical(digits)):
        raise ValueError("not a UUID")
    return _canonical(digits)


def _canonical(digits: str) -> str:
    starts = (0, *_GROUP_ENDS)
    return "-".join(digits[start:end] for start, end in zip(starts, _GROUP_ENDS, strict=False))


def _read(path: str) -> bytes:
    """Follows symbolic links: Kubernetes makes files of a downward API volume as such."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise SettingsError(f"the UUID file {path!r} is not a regular file", hint=_CURE)
        content = os.read(descriptor, MAX_SIZE + 1)
    finally:
        os.close(descriptor)
    if len(content) > MAX_SIZE:
        raise SettingsError(f"the file {path!r} is too large to be a UUID file", hint=_CURE)
    return content


def _create(path: str) -> str:
    uuid = _random_uuid()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o600)
    except FileExistsError:
        raise PlatformError(
            f"the UUID file {path!r} is a dangling link, or another Marble just created it",
            hint="give each Marble its own EDG_MARBLE_UUID_FILE",
        ) from None
    except OSError as error:
        raise PlatformError(
            f"cannot create the UUID file {path!r}: {error.strerror}",
            hint="set EDG_MARBLE_UUID_FILE to a place that can be written",
        ) from None
    try:
        write_all(descriptor, uuid.encode("ascii"))
        sync(descriptor)
    except OSError as error:
        os.unlink(path)
        raise PlatformError(f"cannot write the UUID file {path!r}: {error.strerror}") from None
    finally:
        os.close(descriptor)
    return uuid


def _random_uuid() -> str:
    """RFC 9562 section 5.4: version 4."""
    random = bytearray(os.urandom(16))
    random[6] = 0x40 | random[6] & 0x0F
    random[8] = 0x80 | random[8] & 0x3F
    return _canonical(random.hex())
