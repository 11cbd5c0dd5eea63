"""The order of the manifest's files, also of those that no honest manifest has."""

from __future__ import annotations

from typing import Final

from ringtaw_testkit.conformance.context import Context
from ringtaw_testkit.conformance.model import Cases, Failed, Side, demand
from ringtaw_testkit.conformance.probe import CANARY, Observation

CASES: Final = Cases("files", Side.RUNTIME)
_DEVICE: Final = "device"
_ORDINARY: Final = {"b/key": b"1", "a": b"2", "/tmp/c.pem": b"3", "ü": b""}  # noqa: S108
HOSTILE_PATHS: Final = (
    "",
    ".",
    "..",
    "/",
    "../outside",
    "/usr/../etc/passwd",
    "nul\0byte",
    "a//b/./c/",
    "~/key",
    "new\nline",
    "\udcff-not-utf-8",
    "x" * 5000,
    "/".join("x" * 2000),
    "/proc/self/mem",
    "/dev/null",
    "/dev/sda",
)
"""Paths that a hostile manifest may have. The premain refuses them when it writes."""


@CASES.case(
    "keeps-the-set",
    because="a file that is lost or doubled is a key that is missing or where it should not be",
)
def keeps_the_set(context: Context) -> None:
    """Every file is returned once, under the path and with the content that the manifest gives."""
    given = {**_ORDINARY, **_devices(context)}
    returned = _order(context, given).value
    found = sorted((path, content) for path, content, _ in returned)
    demand(
        found == sorted((path, content.hex()) for path, content in given.items()),
        "the files it returns are not those it was given",
    )
    demand(not _order(context, {}).value, "it makes files of its own")


@CASES.case(
    "keys-come-first",
    because="a mount is readable only after its key was set; a file written before is lost",
)
def keys_come_first(context: Context) -> None:
    """Pseudo-files come before all regular files."""
    devices = _devices(context)
    modes = [mode for _, _, mode in _order(context, {**_ORDINARY, **devices}).value]
    demand(modes == sorted(modes), f"the order is {', '.join(modes)}")
    demand(
        modes.count(_DEVICE) == len(devices),
        f"it writes {modes.count(_DEVICE)} as pseudo-files, the harness declares {len(devices)}",
    )


@CASES.case(
    "withstands-hostile-paths",
    because="a Coordinator may be taken over; what the premain must refuse has to get that far",
)
def withstands_hostile_paths(context: Context) -> None:
    """Each path is either refused with an error of the contract or passed on, as a regular file."""
    for path in HOSTILE_PATHS:
        ordered = _order(context, {path: CANARY})
        if ordered.error:
            demand(not ordered.error.foreign, f"{path[:40]!r}: it raised {ordered.error}")
            continue
        [[returned, content, mode]] = ordered.value
        demand((returned, content) == (path, CANARY.hex()), f"{path[:40]!r}: it was changed")
        demand(mode != _DEVICE, f"{path[:40]!r}: it would be written as a pseudo-file")


@CASES.case(
    "is-not-fooled-by-spelling",
    because="the premain must recognise two names of one file, and 'dir/../key' as leading outside",
)
def is_not_fooled_by_spelling(context: Context) -> None:
    """A pseudo-file under another spelling is refused or still written as what it is."""
    for path, content in _devices(context).items():
        head, _, tail = path.rpartition("/")
        for spelling in (f"{head}//{tail}", f"{head}/./{tail}", f"{head}/x/../{tail}", f"/{path}"):
            ordered = _order(context, {spelling: content})
            if ordered.error:
                demand(not ordered.error.foreign, f"{spelling}: it raised {ordered.error}")
            elif ordered.value[0][2] != _DEVICE:
                raise Failed(f"{spelling} would be written as a regular file")


@CASES.case(
    "leaves-writing-to-the-premain",
    because="the premain writes all files or none, and removes them if the start fails",
)
def leaves_writing_to_the_premain(context: Context) -> None:
    """order_files writes nothing itself."""
    ordered = _order(context, {**_ORDINARY, **_devices(context)})
    demand(not ordered.writes, f"it does: {', '.join(ordered.writes[:3])}")


def _order(context: Context, files: dict[str, bytes]) -> Observation:
    context.require_hook(context.anywhere, "order_files")
    given = {path: content.hex() for path, content in files.items()}
    return context.anywhere.call("order_files", {"files": given})


def _devices(context: Context) -> dict[str, bytes]:
    context.require_hook(context.anywhere, "order_files")
    return dict(context.inside.devices) if context.is_inside(context.anywhere) else {}
