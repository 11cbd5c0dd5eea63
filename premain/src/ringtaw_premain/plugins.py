"""The plugin host: finds the installed adapters and makes exactly one of them active.

Public. Used by the premain, by a Coordinator for its own quote and sealing key, and by tools that
list what is installed. How an adapter looks is in :mod:`ringtaw_premain.hookspecs`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping

from ringtaw_premain._entry_points import EntryPoint, entry_points
from ringtaw_premain.errors import AdapterError
from ringtaw_premain.hookspecs import API_VERSION, ENTRY_POINT_GROUP, Adapter
from ringtaw_premain.runtime import Runtime, load_reference

__all__ = [
    "EntryPoint",
    "Runtime",
    "choose_runtime",
    "declared_adapters",
    "installed_adapters",
    "load_adapter",
]


def declared_adapters(search_path: Iterable[str] | None = None) -> list[EntryPoint]:
    """Return every adapter that an installed distribution declares, equal names included."""
    return list(entry_points(ENTRY_POINT_GROUP, sys.path if search_path is None else search_path))


def installed_adapters(search_path: Iterable[str] | None = None) -> dict[str, EntryPoint]:
    """Return the adapters that are installed, by name, without loading any of them.

    Raises:
        AdapterError: Two distributions declare different adapters of the same name.
    """
    found: dict[str, EntryPoint] = {}
    for entry in declared_adapters(search_path):
        known = found.setdefault(entry.name, entry)
        if known.reference != entry.reference:
            raise AdapterError(
                f"adapter({entry.name}): declared by both {known.distribution} "
                f"({known.reference}) and {entry.distribution} ({entry.reference})",
                hint="uninstall one of them",
            )
    return dict(sorted(found.items()))


def load_adapter(entry: EntryPoint) -> Adapter:
    """Import the module that the entry point names and return its adapter.

    Raises:
        AdapterError: The module cannot be imported, or what it holds is not this adapter, made for
            this version of the contract.
    """
    adapter = load_reference(entry.name, entry.reference)
    if not isinstance(adapter, Adapter):
        raise AdapterError(
            f"adapter({entry.name}): {entry.reference} of {entry.distribution} is not an Adapter",
            hint="let the entry point name an object of class ringtaw_premain.hookspecs.Adapter",
        )
    if adapter.api_version != API_VERSION:
        upgrade = entry.distribution if adapter.api_version < API_VERSION else "ringtaw-premain"
        raise AdapterError(
            f"adapter({entry.name}): made for version {adapter.api_version} of the contract, "
            f"this premain has version {API_VERSION}",
            hint=f"upgrade {upgrade}",
        )
    if adapter.name != entry.name:
        raise AdapterError(
            f"adapter({entry.name}): calls itself {adapter.name!r}",
            hint="let the entry point and the Adapter have the same name",
        )
    return adapter


def choose_runtime(name: str = "", search_path: Iterable[str] | None = None) -> Runtime:
    """Return the adapter of that name, or the one that detects its runtime, ready for its hooks.

    Raises:
        AdapterError: There is not exactly one, or it has no runtime side; lists what is installed.
    """
    installed = installed_adapters(search_path)
    if name:
        return _named(name, installed)
    adapters = [load_adapter(entry) for entry in installed.values()]
    runtimes = [Runtime(adapter) for adapter in adapters if adapter.runtime]
    detected = [runtime for runtime in runtimes if runtime.detect()]
    if len(detected) != 1:
        what = " and ".join(runtime.name for runtime in detected) or "no adapter"
        raise AdapterError(
            f"{what} detected its runtime here; {_listing(installed)}",
            hint="set RINGTAW_ADAPTER to the name of the one to use",
        )
    return detected[0]


def _named(name: str, installed: Mapping[str, EntryPoint]) -> Runtime:
    if name not in installed:
        raise AdapterError(
            f"there is no adapter {name!r}; {_listing(installed)}",
            hint=f"install ringtaw-adapter-{name} or correct RINGTAW_ADAPTER",
        )
    adapter = load_adapter(installed[name])
    if not adapter.runtime:
        raise AdapterError(f"adapter({name}): has no runtime side", hint=adapter.note)
    return Runtime(adapter)


def _listing(installed: Mapping[str, EntryPoint]) -> str:
    return f"installed: {', '.join(installed) or 'none'}"
