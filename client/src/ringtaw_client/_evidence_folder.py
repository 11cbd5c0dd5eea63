"""The files of saved evidence: each is listed with its SHA-256, and must be as it was saved.

The list is in ``evidence.json``, which nobody has signed: it shows what was damaged or mixed up.
Against whoever makes a list of his own stand the signatures in the files.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from ringtaw_client._files import SMALL, read_file
from ringtaw_client._json import FormatError, Record, parse_object
from ringtaw_client.checks import Check
from ringtaw_client.errors import EvidenceRejectedError, InputError

HEAD: Final = "evidence.json"
FORM: Final = 2
"""Form 1 had neither the list nor what belongs to Marbles and the update log."""
_DIGEST: Final = re.compile("[0-9a-f]{64}")
_DAMAGED: Final = "it was damaged or exchanged: get the evidence anew from where it came"


@dataclass(slots=True)
class Folder:
    """A directory that is read; ``read`` are the names of files that were as listed."""

    directory: Path
    head: Record
    form: int
    listed: Mapping[str, str]
    read_files: set[str] = field(default_factory=set)

    @classmethod
    def open(cls, directory: Path) -> Folder:
        """Read the list.

        Raises:
            FormatError, InputError: There is none, or of a form that is not known.
        """
        if not os.path.lexists(directory / HEAD):
            raise InputError(f"there is no {HEAD}", hint="was saving interrupted? it comes last")
        head = parse_object(_read(directory / HEAD, SMALL))
        form = head.integer("form")
        if not 1 <= form <= FORM:
            raise FormatError(f"it is of form {form}, known are those up to {FORM}")
        files = head.record("files") if form > 1 else Record({})
        listed = {name: files.text(name) for name in files.member_names()}
        if not all(map(_DIGEST.fullmatch, listed.values())):
            raise FormatError("files has something else than SHA-256 in hex")
        if outside := [name for name in listed if "/" in name]:
            raise FormatError(f"{HEAD} lists {outside[0]}, which is no part of evidence")
        return cls(directory, head, form, listed)

    def has(self, name: str) -> bool:
        """Whether a file belongs to the evidence."""
        return name in self.listed if self.form > 1 else os.path.lexists(self.directory / name)

    def read(self, name: str, max_size: int = SMALL) -> bytes:
        """Return the content of a file.

        Raises:
            EvidenceRejectedError: It is missing, or another one than was saved.
            FormatError, InputError: It is not listed, cannot be read, or is too large.
        """
        path = self.directory / name
        if self.form == 1:
            return _read(path, max_size)
        if name not in self.listed:
            raise FormatError(f"{HEAD} does not list {name}")
        content = _read(path, max_size) if os.path.lexists(path) else None
        found = "no such file" if content is None else sha256(content).hexdigest()
        if content is None or found != self.listed[name]:
            raise EvidenceRejectedError(
                f"{name} is not the file that was saved",
                where=str(self.directory),
                hint=_DAMAGED,
                checks=[Check("files", f"{name} with SHA-256 {self.listed[name]}", found, False)],
            )
        self.read_files.add(name)
        return content

    def require_all_read(self) -> None:
        """Make sure that the list has nothing that evidence has not.

        Raises:
            FormatError: It has.
        """
        if strange := sorted(self.listed.keys() - self.read_files):
            raise FormatError(f"{HEAD} lists {strange[0]}, which is no part of evidence")


def write_folder(directory: Path, head: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
    """Write all files, the list last, into a directory, which must not exist or be empty.

    Raises:
        InputError: It cannot be written, or has something in it.
    """
    listed = {name: sha256(content).hexdigest() for name, content in files.items()}
    text = json.dumps({"form": FORM, **head, "files": listed}, indent=1)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if any(directory.iterdir()):
            raise InputError(f"{directory} is not empty", hint="name a new directory")
        for name, content in {**files, HEAD: f"{text}\n".encode()}.items():
            _write(directory / name, content)
    except OSError as error:
        raise InputError(
            f"cannot write to {directory}: {error.strerror}", hint="name another directory"
        ) from None


def _read(path: Path, max_size: int) -> bytes:
    """Read a regular file: a pipe might never end, a link lead to what is none of the evidence."""
    if os.path.islink(path) or (os.path.exists(path) and not os.path.isfile(path)):
        raise InputError(f"{path} is no regular file")
    return read_file(path, max_size)


def _write(path: Path, content: bytes) -> None:
    """Write a file that is there completely or not at all."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    os.replace(temporary, path)
