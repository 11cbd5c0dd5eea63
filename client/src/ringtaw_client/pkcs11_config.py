"""The file that says which token to use and how: the one that MarbleRun's command takes.

JSON with the members of crypto11's ``Config`` that choose a token: ``Path`` of the PKCS #11 module,
one of ``TokenLabel``, ``TokenSerial`` and ``SlotNumber``, and ``Pin``. As with Go's JSON, their
letter case does not matter, and other members, such as the size of a pool, are passed over.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ringtaw_client._files import read_file
from ringtaw_client._json import FormatError, Record, parse_object
from ringtaw_client.errors import InputError

CHOICES: Final = ("TokenLabel", "TokenSerial", "SlotNumber")
MEMBERS: Final = (*CHOICES, "Path", "Pin", "LoginNotSupported")
EXAMPLE: Final = '{"Path": "/usr/lib/softhsm/libsofthsm2.so", "TokenLabel": "operators"}'
OF_OTHERS: Final = 0o077
"""Permissions of everybody but the owner."""


@dataclass(frozen=True, slots=True)
class TokenConfig:
    """Which module, which token, and the PIN if the file has it."""

    source: Path
    module: Path
    label: str = ""
    serial: str = ""
    slot: int | None = None
    pin: str | None = field(default=None, repr=False)
    login: bool = True
    """Whether the token wants a login at all."""

    @classmethod
    def from_file(cls, path: Path) -> TokenConfig:
        """Read the file.

        Raises:
            InputError: It cannot be read, or does not say which module and token.
        """
        return cls.from_json(read_file(path), path)

    @classmethod
    def from_json(cls, text: bytes, source: Path) -> TokenConfig:
        """Read what is in the file; it was ``source``.

        Raises:
            InputError: It does not say which module and token.
        """
        try:
            return cls._from_record(source, parse_object(text).in_any_case(MEMBERS))
        except FormatError as error:
            raise InputError(f"{source}: {error}", hint=f"for example: {EXAMPLE}") from None

    @classmethod
    def _from_record(cls, path: Path, record: Record) -> TokenConfig:
        if sum(_is_given(record, key) for key in CHOICES) != 1:
            raise FormatError(f"exactly one of {', '.join(CHOICES)} must be there")
        return cls(
            source=path,
            module=Path(record.name("Path")),
            label=record.name("TokenLabel") if record.has("TokenLabel") else "",
            serial=record.name("TokenSerial") if record.has("TokenSerial") else "",
            slot=record.integer("SlotNumber") if record.has("SlotNumber") else None,
            pin=record.text("Pin") if record.has("Pin") else None,
            login=not record.boolean("LoginNotSupported"),
        )

    @property
    def token(self) -> str:
        """The token in words."""
        if self.slot is not None:
            return f"the token in slot {self.slot}"
        return f"the token labelled {self.label!r}" if self.label else f"the token {self.serial!r}"

    @property
    def exposes_pin(self) -> bool:
        """Whether somebody else on this machine could read the PIN in the file."""
        return bool(self.pin) and bool(self.source.stat().st_mode & OF_OTHERS)


def _is_given(record: Record, key: str) -> bool:
    """Whether a member is there; Go takes an empty string for none."""
    return record.has(key) and (key == "SlotNumber" or record.text(key) != "")
