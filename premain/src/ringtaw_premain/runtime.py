"""An adapter's runtime side, with its hooks as typed calls.

pluggy checks that the hooks exist and take the arguments they should; here their results are
checked, and every error says which adapter it comes from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TypeVar, cast

import pluggy

from ringtaw_premain.errors import AdapterError, NoSealingKeyError, PlatformError, PremainError
from ringtaw_premain.hookspecs import (
    PROJECT,
    Adapter,
    FileWrite,
    KeyBinding,
    LaunchRequest,
    LaunchSpec,
    RuntimeHooks,
)

Result = TypeVar("Result")


def load_reference(adapter: str, reference: str) -> object:
    """Return what ``module:attribute`` names.

    Raises:
        AdapterError: It cannot be imported; names the adapter and the cause.
    """
    module, _, attribute = reference.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except (Exception, SystemExit) as error:
        cause = f"{type(error).__name__}: {error}"
        raise AdapterError(f"adapter({adapter}): cannot load {reference}: {cause}") from error


class Runtime:
    """The runtime side of one adapter.

    Every call raises AdapterError if the adapter breaks the hook's contract or lacks a hook that it
    needs, the errors that the hook's specification lists, and PlatformError for any other OSError.
    """

    def __init__(self, adapter: Adapter) -> None:
        self.adapter = adapter
        self.name = adapter.name
        self.manager = connect(adapter.name, str(adapter.runtime), RuntimeHooks)
        self._hooks = self.manager.hook

    def detect(self) -> bool:
        """Whether this process runs in the adapter's runtime; no hook means it cannot tell."""
        return self._has("detect") and bool(self._call("detect"))

    def issue_evidence(self, report_data: bytes) -> bytes:
        """Return a quote over 64 bytes of report data."""
        return self._checked(bytes, "issue_evidence", report_data=report_data)

    def sealing_key(self, binding: KeyBinding) -> bytes:
        """Return the platform's sealing key.

        Raises:
            NoSealingKeyError: The platform has none, or the adapter provides none.
        """
        if not self._has("sealing_key"):
            message = f"adapter({self.name}): does not provide sealing_key"
            raise NoSealingKeyError(message, hint=self.adapter.note)
        return self._checked(bytes, "sealing_key", binding=binding)

    def order_files(self, files: Mapping[str, bytes]) -> Sequence[FileWrite]:
        """Return the files in the order and manner in which they are written."""
        if not self._has("order_files"):
            return [FileWrite(path, files[path]) for path in sorted(files)]
        writes = self._checked(Sequence, "order_files", files=files)  # type: ignore[type-abstract]
        if sorted((write.path, write.content) for write in writes) != sorted(files.items()):
            raise AdapterError(f"adapter({self.name}): order_files changed the set of files")
        return writes

    def launch_spec(self, request: LaunchRequest) -> LaunchSpec:
        """Return program, argv and environment of the application."""
        return self._checked(LaunchSpec, "launch_spec", request=request)

    def _has(self, hook: str) -> bool:
        return bool(getattr(self._hooks, hook).get_hookimpls())

    def _checked(self, kind: type[Result], hook: str, **arguments: object) -> Result:
        if not self._has(hook):
            note = self.adapter.note
            raise AdapterError(f"adapter({self.name}): does not provide {hook}", hint=note)
        result = self._call(hook, **arguments)
        if not isinstance(result, kind):
            found = type(result).__name__
            raise AdapterError(f"adapter({self.name}): {hook} returned {found}")
        return result

    def _call(self, hook: str, **arguments: object) -> object:
        """Only the type of an unforeseen exception is told: its text might hold a secret."""
        try:
            return getattr(self._hooks, hook)(**arguments)
        except PremainError as error:
            error.message = f"adapter({self.name}): {error.message}"
            raise
        except OSError as error:
            raise PlatformError(f"adapter({self.name}): {hook}: {error}") from error
        except (Exception, SystemExit) as error:
            cause = type(error).__name__
            raise AdapterError(f"adapter({self.name}): {hook} failed with {cause}") from error


def connect(adapter: str, reference: str, specification: type) -> pluggy.PluginManager:
    """Return one side of an adapter, checked against its specification.

    One plugin manager per adapter and side: hooks of different adapters never mix.

    Raises:
        AdapterError: It cannot be loaded, or its hooks are not those of the contract.
    """
    side = cast("Callable[[], object]", load_reference(adapter, reference))
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(specification)
    try:
        manager.register(side(), adapter)
        _refuse_unknown_hooks(manager, adapter, reference)
    except PremainError:
        raise
    except (Exception, SystemExit) as error:
        cause = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise AdapterError(
            f"adapter({adapter}): {reference} is unusable: {cause}",
            hint=f"compare it with {specification.__module__}.{specification.__name__}",
        ) from error
    return manager


def _refuse_unknown_hooks(manager: pluggy.PluginManager, adapter: str, reference: str) -> None:
    """Refuse what check_pending() refuses, in words that help."""
    names = [name for name in vars(manager.hook) if getattr(manager.hook, name).has_spec()]
    for name, caller in vars(manager.hook).items():
        if not caller.has_spec() and not all(i.optionalhook for i in caller.get_hookimpls()):
            likeness = {known: len(_pairs(known) & _pairs(name)) for known in names}
            nearest = max(names, key=likeness.__getitem__)
            meant = f"rename {name} to {nearest}" if likeness[nearest] else f"remove {name}"
            raise AdapterError(
                f"adapter({adapter}): {reference} has a hook {name!r} that the contract does not "
                f"have; the hooks of this side are {', '.join(names)}",
                hint=meant,
            )


def _pairs(word: str) -> set[str]:
    return {word[at : at + 2] for at in range(len(word) - 1)}
