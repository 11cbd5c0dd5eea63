"""An anchor in a file, on a volume that the host of the state cannot put back.

The operator creates the file, empty: so a volume that is not mounted is told from an anchor that
remembers nothing yet.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Final

from ringtaw_coordinator.errors import SettingsError, StoreError
from ringtaw_coordinator.state.anchor import API_VERSION, AnchorKind, Mark
from ringtaw_coordinator.state.filesystem import FileSystem

_MAX_BYTES: Final = 4096


class FileAnchor:
    """Replaces its file at every change: two fsyncs each."""

    def __init__(self, path: Path, files: FileSystem | None = None) -> None:
        self._path = path
        self._next = path.with_name(path.name + ".next")
        self._files = files or FileSystem()

    def read(self) -> Mark | None:
        """Return what the file holds."""
        try:
            content = self._files.read(self._path, _MAX_BYTES)
        except OSError as error:
            raise StoreError(f"the anchor cannot be read: {error}") from error
        if content is None:
            raise StoreError(
                f"there is no anchor {self._path}: mount its volume, or, at the very first start, "
                "create an empty file"
            )
        return _parse(content, self._path) if content else None

    def write(self, mark: Mark) -> None:
        """Replace the file."""
        content = json.dumps(asdict(mark)).encode() + b"\n"
        try:
            descriptor = self._files.create(self._next)
            try:
                self._files.write_all(descriptor, content)
                self._files.sync(descriptor)
            finally:
                self._files.close(descriptor)
            self._files.rename(self._next, self._path)
            self._files.sync_directory(self._path.parent)
        except OSError as error:
            raise StoreError(
                f"the anchor cannot be told of the change, which is not acknowledged: {error}"
            ) from error


def _parse(content: bytes, path: Path) -> Mark:
    try:
        members = json.loads(content)
        mark = Mark(members["deployment"], members["generation"], members["head"])
        if type(mark.generation) is not int or not _are_text(mark.deployment, mark.head):
            raise ValueError
    except (ValueError, TypeError, KeyError, RecursionError):
        raise StoreError(f"the anchor {path} is damaged") from None
    return mark


def _are_text(*values: object) -> bool:
    return all(isinstance(value, str) for value in values)


def _open(location: str) -> FileAnchor:
    if not location.startswith("/"):
        raise SettingsError("RINGTAW_ANCHOR: the path of a file anchor begins with /")
    return FileAnchor(Path(location))


FILE: Final = AnchorKind("file", "A file on a volume out of the host's reach", API_VERSION, _open)
