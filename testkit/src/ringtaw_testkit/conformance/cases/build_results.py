"""The build side, after the build: what was built, how it is started, and what hooks never do."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

from ringtaw_testkit.conformance.build_calls import (
    demand_contract_only,
    prepare,
    properties,
    validate,
)
from ringtaw_testkit.conformance.context import Context, result_error
from ringtaw_testkit.conformance.garbage import artefacts, configurations
from ringtaw_testkit.conformance.model import Cases, Side, Skipped, demand
from ringtaw_testkit.conformance.probe import CANARY

CASES: Final = Cases("build", Side.BUILD)


@CASES.case(
    "survives-bad-artefacts",
    because="a package's identity read from something else would admit something else",
)
def survives_bad_artefacts(context: Context) -> None:
    """What is no built enclave is refused with a PlatformError that names the file."""
    for what, path in artefacts(context.new_directory("garbage")):
        text = result_error(properties(context, path), "PlatformError")
        demand(path.name in text, f"{what}: the error does not name the file: {text}")


@CASES.case(
    "survives-damaged-artefacts",
    because="half a download must not become a package",
)
def survives_damaged_artefacts(context: Context) -> None:
    """A built enclave that was cut off is refused, or read where what counts is still whole."""
    artefact = _artefact(context)
    content = artefact.read_bytes()
    damaged = context.new_directory("damaged") / artefact.name
    for part in range(8):
        damaged.write_bytes(content[: len(content) * part // 8])
        demand_contract_only(f"{part}/8 of {artefact.name}", properties(context, damaged))


@CASES.case(
    "reads-what-was-built",
    because="the manifest's package is made of it",
)
def reads_what_was_built(context: Context) -> None:
    """The properties of a built enclave are what they are known to be."""
    found = properties(context, _artefact(context)).value
    expected = context.sample.properties
    if expected is None:
        raise Skipped("the harness does not say what the artefact is")
    for name, value in found.items():
        demand(value == getattr(expected, name), f"{name} is {value!r}")


@CASES.case(
    "command-tells-no-secret",
    because="everybody on the host can read the arguments of every process",
)
def command_tells_no_secret(context: Context) -> None:
    """Nothing of the environment gets into the command's arguments."""
    context.require_hook(context.build, "host_command")
    environ = {"PATH": "/usr/bin:/bin", "EDG_MARBLE_TYPE": "frontend", "TOKEN": CANARY.decode()}
    asked = context.build.call("host_command", {"arguments": ["image"], "environ": environ})
    demand_contract_only("host_command", asked)
    if asked.error:
        return
    command = asked.value
    demand(CANARY.decode() not in "\0".join(command["argv"]), "a secret is in the arguments")
    demand(command["install_hint"].strip(), "it does not say how to install the program")
    kept = command["environ"].get("EDG_MARBLE_TYPE") == "frontend"
    demand(kept or "frontend" in "\0".join(command["argv"]), "it loses the Marble's settings")


@CASES.case(
    "only-reads",
    because="whoever calls a hook shows what it proposes and asks before anything happens",
)
def only_reads(context: Context) -> None:
    """No hook writes, starts a process, calls anybody, prints or leaves anything behind."""
    _exercise(context)
    for seen in context.build.observations:
        done = [*seen.writes, *seen.starts, *seen.calls, *seen.leaks, *seen.told]
        done += [f"it prints {seen.output[:100]}"] if seen.output else []
        demand(not done, f"{seen.hook}: {', '.join(done[:3])}")


def _exercise(context: Context) -> None:
    """Call every hook once, with what is good if there is something."""
    context.require_hook(context.build, "unmarked")
    hooks = context.build.hooks
    garbage = context.new_directory("garbage")
    [(_, path), *_] = configurations(garbage)
    with suppress(Skipped):
        path = context.sample.unprepared or context.sample.config
    if "validate_config" in hooks:
        validate(context, path)
    if "prepare_config" in hooks:
        prepare(context, path)
    if "package_properties" in hooks:
        properties(context, path)
    if "host_command" in hooks:
        context.build.call("host_command", {"arguments": [], "environ": {}})


def _artefact(context: Context) -> Path:
    context.require_hook(context.build, "package_properties")
    if context.sample.artefact is None:
        raise Skipped("the harness has no built enclave")
    return context.sample.artefact
