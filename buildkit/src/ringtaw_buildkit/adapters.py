"""An adapter's build side, with its hooks as typed calls.

Public. The counterpart of :class:`ringtaw_premain.runtime.Runtime`: pluggy checks that the hooks
exist and take the arguments they should; here their results are checked, and every error says which
adapter it comes from. What is installed, good or broken, is listed by
:func:`ringtaw_buildkit.inspection.inspect_adapters`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from difflib import get_close_matches
from typing import TypeVar

import pluggy
from ringtaw_premain.build_hookspecs import (
    BuildHooks,
    Finding,
    HostCommand,
    PackageProperties,
    Preparation,
    PrepareRequest,
    RunRequest,
    ValidateRequest,
)
from ringtaw_premain.errors import AdapterError, PlatformError, PremainError
from ringtaw_premain.hookspecs import Adapter
from ringtaw_premain.plugins import installed_adapters, load_adapter
from ringtaw_premain.runtime import connect

from ringtaw_buildkit import _results as results
from ringtaw_buildkit.document import DocumentError
from ringtaw_buildkit.findings import syntax_finding

Result = TypeVar("Result")


def build_side(name: str, search_path: Iterable[str] | None = None) -> BuildSide:
    """Return the build side of the installed adapter of that name.

    Raises:
        AdapterError: There is none, or it is unusable; says what is installed and what to do.
    """
    installed = installed_adapters(search_path)
    if name not in installed:
        listing = ", ".join(installed) or "none"
        nearest = get_close_matches(name, installed, n=1)
        cure = f"use {nearest[0]}" if nearest else f"install an adapter for {name}"
        raise AdapterError(f"there is no adapter {name!r}; installed: {listing}", hint=cure)
    entry = installed[name]
    try:
        return BuildSide(load_adapter(entry))
    except AdapterError as error:
        if isinstance(error.__cause__, ImportError):
            error.hint = f"install what it needs, usually the extra [build] of {entry.distribution}"
        raise


class BuildSide:
    """The build side of one adapter.

    Every call raises AdapterError if the adapter lacks the hook or breaks its contract, and
    PlatformError for a file that is missing, unreadable or not what it should be.
    """

    def __init__(self, adapter: Adapter) -> None:
        if not adapter.build:
            raise AdapterError(f"adapter({adapter.name}): has no build side", hint=adapter.note)
        self.adapter = adapter
        self.name = adapter.name
        self.manager = connect(adapter.name, adapter.build, BuildHooks)

    @property
    def hooks(self) -> tuple[str, ...]:
        """The names of the hooks that the adapter has."""
        return hook_names(self.manager, BuildHooks)

    def prepare_config(self, request: PrepareRequest) -> Preparation:
        """Return how to add the premain to a user's existing configuration."""
        return self._checked(results.preparation, "prepare_config", request=request)

    def validate_config(self, request: ValidateRequest) -> list[Finding]:
        """Return what is wrong or doubtful in a configuration; bad syntax is a finding too."""
        try:
            return self._checked(results.findings, "validate_config", request=request)
        except DocumentError as error:
            return [syntax_finding(error)]

    def package_properties(self, artefact: str) -> PackageProperties:
        """Return the identity of a built enclave."""
        return self._checked(results.properties, "package_properties", artefact=artefact)

    def host_command(self, request: RunRequest) -> HostCommand:
        """Return the command that starts the enclave on the host."""
        return self._checked(results.command, "host_command", request=request)

    def _checked(self, check: Callable[[object], Result], hook: str, **arguments: object) -> Result:
        if hook not in self.hooks:
            note = self.adapter.note or f"its hooks are: {', '.join(self.hooks) or 'none'}"
            raise AdapterError(f"adapter({self.name}): does not provide {hook}", hint=note)
        result = self._call(hook, **arguments)
        try:
            return check(result)
        except results.WrongResult as error:
            raise AdapterError(f"adapter({self.name}): {hook} returned {error}") from None

    def _call(self, hook: str, **arguments: object) -> object:
        """Call a hook; what it prints goes to stderr, since stdout may be somebody's data.

        Only the type of an unforeseen exception is told: its text might hold a secret.
        """
        try:
            with redirect_stdout(sys.stderr):
                return getattr(self.manager.hook, hook)(**arguments)
        except DocumentError:  # says which file of the user's is at fault, not the adapter
            raise
        except PremainError as error:
            error.message = f"adapter({self.name}): {error.message}"
            raise
        except OSError as error:
            raise PlatformError(f"adapter({self.name}): {hook}: {error}") from error
        except (Exception, SystemExit) as error:
            cause = type(error).__name__
            hint = f"report it to the makers of the adapter {self.name}"
            message = f"adapter({self.name}): {hook} failed with {cause}"
            raise AdapterError(message, hint=hint) from error


def hook_names(manager: pluggy.PluginManager, specification: type) -> tuple[str, ...]:
    """Return the hooks that one side of an adapter has, in the order of the contract."""
    specified = (name for name in vars(specification) if not name.startswith("_"))
    return tuple(name for name in specified if getattr(manager.hook, name).get_hookimpls())
