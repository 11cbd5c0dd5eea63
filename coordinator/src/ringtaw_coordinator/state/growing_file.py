"""A file that grows at its end, piece by piece."""

from __future__ import annotations

from pathlib import Path

from ringtaw_coordinator.state.filesystem import FileSystem


class GrowingFile:
    """Knows how much of a file counts; what stands behind that is cut off before it grows."""

    def __init__(self, files: FileSystem, path: Path, size: int, found: int | None = None) -> None:
        """Take a file of which ``size`` bytes count, of ``found``; it is opened when it grows."""
        self._files = files
        self._path = path
        self._size = size
        self._found = size if found is None else found
        self._written = 0
        self._descriptor = -1

    def prepare(self) -> None:
        """Make sure that the file can be written, and is as it was left.

        Raises:
            OSError: It cannot, or is not. It is as it was.
        """
        self.check()
        if self._descriptor < 0:
            self._descriptor = self._files.open_to_append(self._path, self._size)
            self._found = self._size

    def check(self) -> None:
        """Return if the file is as it was left.

        Raises:
            OSError: It is not, or cannot be looked at.
        """
        if self._descriptor < 0:
            self._files.require_size(self._path, self._found)
        else:
            self._files.require_untouched(self._descriptor, self._path, self._size)

    def write(self, piece: bytes) -> None:
        """Write behind what counts, after :meth:`prepare`; it counts from :meth:`sync` on.

        Raises:
            OSError: It cannot be written, or not all of it.
        """
        self._files.write_all(self._descriptor, piece)
        self._written = len(piece)

    def sync(self) -> None:
        """Return once what was written last is durable.

        Raises:
            OSError: It may be or not.
        """
        self._files.sync(self._descriptor)
        self._size += self._written
        self._found = self._size

    def shrink(self, by: int = 0) -> None:
        """Cut off what does not count, and ``by`` bytes more, durably.

        Raises:
            OSError: It may still be there.
        """
        self.close()
        self._size -= by
        self._descriptor = self._files.open_to_append(self._path, self._size)
        self._found = self._size

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            self._files.close(self._descriptor)
            self._descriptor = -1
