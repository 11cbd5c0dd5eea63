"""A reader for DER (ITU-T X.690) as strict as the little that the SGX extension needs.

Only definite lengths in their shortest form, only tags of one byte.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
OCTET_STRING: Final = 0x04
OBJECT_IDENTIFIER: Final = 0x06
ENUMERATED: Final = 0x0A
SEQUENCE: Final = 0x30


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its tag and its content."""

    tag: int
    content: bytes

    def expect(self, tag: int) -> bytes:
        """Return the content of an element that must have this tag.

        Raises:
            ValueError: It has another one.
        """
        if self.tag != tag:
            raise ValueError(f"DER tag {self.tag:#04x} where {tag:#04x} belongs")
        return self.content

    def children(self) -> tuple[Element, ...]:
        """Return the elements of a SEQUENCE.

        Raises:
            ValueError: It is not a SEQUENCE of well-formed elements.
        """
        return tuple(_elements(self.expect(SEQUENCE)))

    def unsigned(self, tag: int, maximum: int) -> int:
        """Return a number of this tag between 0 and the maximum.

        Raises:
            ValueError: It is something else, or not in its shortest form.
        """
        content = self.expect(tag)
        if not content or (len(content) > 1 and content[0] == 0 and content[1] < 0x80):
            raise ValueError("DER number is not in its shortest form")
        number = int.from_bytes(content, "big", signed=True)
        if not 0 <= number <= maximum:
            raise ValueError(f"DER number is not between 0 and {maximum}")
        return number


def parse_element(data: bytes) -> Element:
    """Read data that consists of exactly one element.

    Raises:
        ValueError: It does not.
    """
    elements = tuple(_elements(data))
    if len(elements) != 1:
        raise ValueError(f"{len(elements)} DER elements where one belongs")
    return elements[0]


def _elements(data: bytes) -> Iterator[Element]:
    position = 0
    while position < len(data):
        tag = data[position]
        if tag & 0x1F == 0x1F:
            raise ValueError("DER tag of more than one byte")
        start, length = _length(data, position + 1)
        if length > len(data) - start:
            raise ValueError("DER element is cut off")
        position = start + length
        yield Element(tag, data[start:position])


def _length(data: bytes, position: int) -> tuple[int, int]:
    """Return where the content begins and how long it is."""
    if position >= len(data):
        raise ValueError("DER element is cut off")
    first = data[position]
    if first < 0x80:
        return position + 1, first
    start = position + 1 + (first & 0x7F)
    encoded = data[position + 1 : start]
    length = int.from_bytes(encoded, "big")
    if not 1 <= len(encoded) <= 4 or start > len(data) or encoded[0] == 0 or length < 0x80:
        raise ValueError("DER length is not in its shortest form")
    return start, length
