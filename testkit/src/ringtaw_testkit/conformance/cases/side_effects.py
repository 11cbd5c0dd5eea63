"""What hooks do beside their result; looks at every call that the cases before have made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from ringtaw_testkit.conformance.context import Context
from ringtaw_testkit.conformance.model import Cases, Side, Skipped, demand
from ringtaw_testkit.conformance.probe import CANARY, Observation

CASES: Final = Cases("side-effects", Side.RUNTIME)


@CASES.case(
    "nothing-is-left-behind",
    because="the application inherits the process: descriptors, variables, threads, handlers",
)
def nothing_is_left_behind(context: Context) -> None:
    """No hook leaves a descriptor, variable, thread, child, handler, file or directory behind."""
    _nothing(context, lambda observation: observation.leaks)


@CASES.case(
    "no-secret-is-told",
    because="the host reads logs, arguments, environments and the names of files",
)
def no_secret_is_told(context: Context) -> None:
    """No secret that a hook was given is in an error, in output, in arguments or a file's name."""
    _nothing(context, lambda observation: observation.told)


@CASES.case(
    "nothing-is-printed",
    because="output is the application's, and the premain's log has a form of its own",
)
def nothing_is_printed(context: Context) -> None:
    """No hook writes to standard output or standard error."""
    _nothing(context, lambda observation: [observation.output] if observation.output else [])


@CASES.case(
    "no-process-is-started",
    because="a process on its way could see the secrets, and most libOSes have none",
)
def no_process_is_started(context: Context) -> None:
    """No hook starts a process."""
    _nothing(context, lambda observation: observation.starts)


@CASES.case(
    "errors-are-the-contracts",
    because="of an error nobody foresaw only the type is told, which helps nobody",
)
def errors_are_the_contracts(context: Context) -> None:
    """Whatever hooks are given, they raise errors of ringtaw_premain.errors, or OSError."""
    _nothing(
        context,
        lambda seen: [str(seen.error)] if seen.error and _foreign(seen) else [],
    )


def _foreign(observation: Observation) -> bool:
    error = observation.error
    empty_argv = observation.hook == "launch_spec" and not observation.arguments["argv"]
    return error is not None and bool(error.foreign) and not empty_argv  # the host gives one


def _nothing(context: Context, of: Callable[[Observation], Iterable[str]]) -> None:
    _exercise(context)
    found = list(_found(context.observations, of))
    demand(not found, "; ".join(found[:3]))


def _found(
    observations: Iterable[Observation], of: Callable[[Observation], Iterable[str]]
) -> Iterator[str]:
    seen = set()
    for observation in observations:
        for line in of(observation):
            if (observation.hook, line) not in seen:
                seen.add((observation.hook, line))
                yield f"{observation.hook}: {line[:200]}"


def _exercise(context: Context) -> None:
    """Have secrets in play, inside if anybody can get there."""
    probe = context.anywhere
    if probe.load_error:
        raise Skipped("the runtime side does not load")
    if "order_files" in probe.hooks:
        files = {"/etc/key": CANARY.hex(), f"/x/{'y' * 300}": CANARY.hex(), "nul\0": CANARY.hex()}
        probe.call("order_files", {"files": files})
    if "launch_spec" in probe.hooks:
        request = {"argv": ["/absent"], "arguments": [], "command_line": ["/absent"]}
        probe.call("launch_spec", {**request, "environ": {"SECRET": CANARY.decode()}})
