"""Calls to hooks of a build side, for :mod:`ringtaw_testkit._probe`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from ringtaw_buildkit.adapters import BuildSide
from ringtaw_premain.build_hookspecs import (
    BuildHooks,
    HostCommand,
    PrepareRequest,
    RunRequest,
    ValidateRequest,
)
from ringtaw_premain.hookspecs import PROJECT, Adapter
from ringtaw_premain.runtime import load_reference

Arguments = Mapping[str, Any]


def build_calls(adapter: Adapter) -> dict[str, Callable[[Arguments], object]]:
    """Return the hooks that the adapter has, as calls with JSON data in and out."""
    side = BuildSide(adapter)
    calls: dict[str, Callable[[Arguments], object]] = {
        "validate_config": lambda given: [
            asdict(finding) for finding in side.validate_config(ValidateRequest(**given))
        ],
        "prepare_config": lambda given: asdict(
            side.prepare_config(
                PrepareRequest(given["config"], companions=tuple(given["companions"]))
            )
        ),
        "package_properties": lambda given: asdict(side.package_properties(given["artefact"])),
        "host_command": lambda given: _command(
            side.host_command(RunRequest(tuple(given["arguments"]), given["environ"]))
        ),
    }
    present = {hook: calls[hook] for hook in calls if hook in side.hooks}
    return present | {"unmarked": lambda _: _unmarked(adapter)}


def _command(command: HostCommand) -> dict[str, object]:
    return {
        "argv": list(command.argv),
        "environ": dict(command.environ),
        "install_hint": command.install_hint,
    }


def _unmarked(adapter: Adapter) -> list[str]:
    side = load_reference(adapter.name, str(adapter.build))
    hooks = [name for name in vars(BuildHooks) if not name.startswith("_")]
    return [
        hook
        for hook in hooks
        if hasattr(side, hook) and not hasattr(getattr(side, hook), f"{PROJECT}_impl")
    ]
