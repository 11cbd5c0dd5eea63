"""A number of bytes that many requests share."""

from __future__ import annotations


class Budget:
    """Bytes of memory that strangers may make the process hold."""

    def __init__(self, size: int) -> None:
        self._left = size

    def reserve(self, size: int) -> bool:
        """Take ``size`` bytes; return whether there were as many."""
        if size > self._left:
            return False
        self._left -= size
        return True

    def release(self, size: int) -> None:
        """Give back what was reserved."""
        self._left += size
