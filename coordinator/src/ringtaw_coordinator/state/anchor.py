"""An anchor: a small memory out of the host's reach, against old states put back.

Sealing alone cannot tell the latest state from an older one that the host has kept and puts back
with its key. An anchor remembers which state was the last. A Coordinator that is given one
(``RINGTAW_ANCHOR``, ``kind:location``) refuses to serve anything older, and tells the anchor of
each change after it is durable and before it is acknowledged.

``file`` is built in; other kinds are found through the entry-point group
:data:`ENTRY_POINT_GROUP`, where an entry's name is the kind and its object an :class:`AnchorKind`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Final, Protocol

from ringtaw_coordinator.errors import PlatformError, SettingsError
from ringtaw_coordinator.names import quoted
from ringtaw_coordinator.state.sealed_data import OutdatedError

API_VERSION: Final = 1
"""Version of this contract. A kind made for another version is refused, naming both."""
ENTRY_POINT_GROUP: Final = "ringtaw.anchors"


@dataclass(frozen=True, slots=True)
class Mark:
    """What an anchor remembers: one state of one deployment. None of it is secret."""

    deployment: str
    """SHA-256 of the deployment's root certificate, hexadecimal."""
    generation: int
    """How many changes the deployment has had."""
    head: str
    """Hash over the sealed state and the changes behind it, hexadecimal; "" if none is kept."""


class Anchor(Protocol):
    """Remembers one mark. Calls may block; they come one at a time."""

    def read(self) -> Mark | None:
        """Return what was written last, None if nothing ever was.

        Raises:
            StoreError: It cannot be told. An anchor that is not there is not an empty one.
        """
        ...

    def write(self, mark: Mark) -> None:
        """Remember a mark in the place of the one before, durably.

        Raises:
            StoreError: It may or may not be remembered.
        """
        ...


@dataclass(frozen=True, slots=True)
class AnchorKind:
    """What a kind of anchor is; ``open`` takes the location from the setting.

    ``open`` raises SettingsError for a location that there cannot be.
    """

    name: str
    summary: str
    api_version: int
    open: Callable[[str], Anchor]


def open_anchor(setting: str, built_in: AnchorKind) -> Anchor:
    """Return the anchor that a setting names.

    Raises:
        SettingsError: There is none of this kind, or none there.
        PlatformError: A kind that is installed cannot be used.
    """
    name, colon, location = setting.partition(":")
    if not colon or not location:
        raise SettingsError(f"RINGTAW_ANCHOR: {quoted(setting)} is not of the form kind:location")
    if name == built_in.name:
        return built_in.open(location)
    found = entry_points(group=ENTRY_POINT_GROUP, name=name)
    if len(found) != 1:
        how = "no kind" if not found else "more than one kind"
        raise SettingsError(f"RINGTAW_ANCHOR: there is {how} of anchor {quoted(name)} installed")
    try:
        kind = found[name].load()
    except Exception as error:
        raise PlatformError(f"anchor({name}): cannot be imported: {error!r}") from error
    if not isinstance(kind, AnchorKind) or kind.api_version != API_VERSION:
        raise PlatformError(
            f"anchor({name}): is not an AnchorKind for version {API_VERSION} of the contract"
        )
    return kind.open(location)


@dataclass(frozen=True, slots=True)
class Memory:
    """Who remembers a mark, and what an operator does about a state that does not fit it."""

    holder: str
    remedy: str


ANCHOR: Final = Memory(
    "the anchor remembers",
    "Put the latest state back and restart the Coordinator; recovery secrets do not help. To "
    "accept this one on purpose, empty the anchor that RINGTAW_ANCHOR names, then restart.",
)


def check_against(remembered: Mark | None, found: Mark, memory: Memory = ANCHOR) -> None:
    """Return if a state that was found is not older than what is remembered.

    It may be newer: of a change that a crash interrupted the anchor was not told.

    Raises:
        OutdatedError: It is older, or of another deployment or history.
    """
    if remembered is None:
        return
    missing, reason = remembered.generation - found.generation, ""
    if found.deployment != remembered.deployment:
        reason = f"the state is of another deployment than {memory.holder}"
    elif missing > 0:
        what = "1 change is" if missing == 1 else f"{missing} changes are"
        reason = f"the state is older than {memory.holder}: {what} missing"
    elif missing == 0 and found.head != remembered.head:
        reason = f"the state is of another history than {memory.holder}"
    if reason:
        raise OutdatedError(reason, memory.remedy)
