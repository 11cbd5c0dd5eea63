"""A cursor over bytes from outside that never reads past their end."""

from __future__ import annotations

from ringtaw_attestation.errors import EvidenceError, Step


class Reader:
    """Takes fields off the front, little-endian, each with a name for the error message."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.position = 0

    @property
    def remaining(self) -> int:
        """Number of bytes not taken yet."""
        return len(self._data) - self.position

    def take(self, length: int, what: str) -> bytes:
        """Take that many bytes.

        Raises:
            EvidenceError: There are fewer.
        """
        if length > self.remaining:
            raise malformed(f"cut off in {what}: {length} bytes needed, {self.remaining} there")
        start = self.position
        self.position += length
        return self._data[start : self.position]

    def unsigned(self, length: int, what: str) -> int:
        """Take an unsigned integer of that many bytes.

        Raises:
            EvidenceError: There are fewer.
        """
        return int.from_bytes(self.take(length, what), "little")

    def finish(self, what: str) -> None:
        """Check that nothing is left.

        Raises:
            EvidenceError: Something is.
        """
        if self.remaining:
            raise malformed(f"{self.remaining} bytes too many in {what}")


def malformed(message: str, *, hint: str = "") -> EvidenceError:
    """Return the error for a quote that is not well-formed."""
    return EvidenceError(Step.QUOTE_FORMAT, message, hint=hint)
