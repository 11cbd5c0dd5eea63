"""Calls of a build side's hooks, as the cases make them."""

from __future__ import annotations

from pathlib import Path

from ringtaw_testkit.conformance.context import Context, result_error
from ringtaw_testkit.conformance.model import Failed, Skipped
from ringtaw_testkit.conformance.probe import Observation


def validate(context: Context, path: Path) -> Observation:
    """Ask what is wrong with a file."""
    context.require_hook(context.build, "validate_config")
    variables = _variables(context)
    return context.build.call("validate_config", {"config": str(path), "variables": variables})


def prepare(context: Context, path: Path, companions: tuple[Path, ...] = ()) -> Observation:
    """Ask how the premain is added to a file."""
    context.require_hook(context.build, "prepare_config")
    request = {"config": str(path), "companions": [str(companion) for companion in companions]}
    return context.build.call("prepare_config", request)


def properties(context: Context, path: Path) -> Observation:
    """Ask what a built enclave is."""
    context.require_hook(context.build, "package_properties")
    return context.build.call("package_properties", {"artefact": str(path)})


def demand_contract_only(what: str, seen: Observation) -> None:
    """Demand a result, or an error that the contract has."""
    try:
        if seen.error:
            result_error(seen, "PlatformError")
    except Failed as failed:
        raise Failed(f"{what}: {failed}") from None


def _variables(context: Context) -> dict[str, str]:
    try:
        return dict(context.sample.variables)
    except Skipped:
        return {}
