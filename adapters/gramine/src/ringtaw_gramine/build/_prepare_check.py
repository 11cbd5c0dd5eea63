"""After the edit: what changed must be what was meant to change, in the data as well."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ringtaw_premain.errors import PlatformError

from ._prepare_needs import MINIMUMS, PASSTHROUGHS
from .configuration import Configuration
from .premain import MARBLERUNS_FILE, Kind, find_premain

_REPLACED: Final = {
    ("libos", "entrypoint"),
    ("loader", "argv"),
    ("loader", "argv_src_file"),
    ("loader", "insecure__use_cmdline_argv"),
    ("loader", "env", "LD_LIBRARY_PATH"),
    ("loader", "env", "RINGTAW_ADAPTER"),
    ("sgx", "remote_attestation"),
    ("sgx", "max_threads"),
    *MINIMUMS,
    *(("loader", "env", name) for name in PASSTHROUGHS),
}
_EXTENDED: Final = {("fs", "mounts"), ("sgx", "trusted_files"), ("sgx", "allowed_files")}


def require_intended(before: Configuration, after: Configuration) -> None:
    """Compare what a manifest said with what it says now.

    Raises:
        PlatformError: Something else changed, or the premain is not what is started.
    """
    differing = sorted(
        set(_differences((), before.subject.document.data, after.subject.document.data))
    )
    path = before.subject.document.path
    if differing:
        raise PlatformError(
            f"{path}: the edit would change {', '.join(differing)} as well",
            hint="add the premain by hand, as the documentation shows",
        )
    premain = find_premain(after)
    if premain.kind is not Kind.PYTHON or not premain.program or premain.extra:
        raise PlatformError(
            f"{path}: the edit would not start the premain",
            hint="add it by hand, as the documentation shows",
        )


def _differences(keys: tuple[str, ...], old: Any, new: Any) -> Iterator[str]:
    if keys in _REPLACED:
        return
    if keys in _EXTENDED:
        if not _is_extended(_kept(old or []), new):
            yield ".".join(keys)
    elif isinstance(new, Mapping) and (old is None or isinstance(old, Mapping)):
        known = old or {}
        for key in known.keys() | new.keys():
            yield from _differences((*keys, key), known.get(key), new.get(key))
    elif isinstance(old, Mapping) and new is None:
        for key, value in old.items():
            yield from _differences((*keys, key), value, None)
    elif old != new:
        yield ".".join(keys)


def _kept(elements: list[Any]) -> list[Any]:
    """Return the elements without MarbleRun's premain, which ours takes the place of."""
    return [each for each in elements if not MARBLERUNS_FILE.fullmatch(_uri(each))]


def _uri(element: Any) -> str:
    uri = element.get("uri") if isinstance(element, Mapping) else element
    return uri if isinstance(uri, str) else ""


def _is_extended(old: list[Any], new: Any) -> bool:
    """Whether all old elements are there, in their order."""
    rest = iter(new if isinstance(new, list) else [])
    return all(any(element == each for each in rest) for element in old)
