"""Reading the files that a caller names."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ringtaw_client.errors import InputError

SMALL: Final = 1 << 20


def read_file(path: Path, max_size: int = SMALL) -> bytes:
    """Return a file's content.

    Raises:
        InputError: It cannot be read, or is larger than ``max_size`` bytes.
    """
    try:
        with path.open("rb") as file:
            content = file.read(max_size + 1)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    if len(content) > max_size:
        raise InputError(f"{path} is larger than {max_size:,} bytes")
    return content
