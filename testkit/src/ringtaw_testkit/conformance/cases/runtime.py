"""The runtime side as a plugin: its hooks, what it loads, and when it takes itself to be meant."""

from __future__ import annotations

from typing import Final

from ringtaw_testkit.conformance.context import Context
from ringtaw_testkit.conformance.imports import forbidden, imported_by
from ringtaw_testkit.conformance.model import Cases, Failed, Side, Skipped, demand
from ringtaw_testkit.conformance.probe import Observation

CASES: Final = Cases("runtime", Side.RUNTIME)
NEEDED: Final = ("detect", "issue_evidence", "launch_spec")
_MAX_MODULES: Final = 25
_SLOW: Final = 500.0
"""Milliseconds: far more than any honest detect, so that no busy machine counts as one."""


@CASES.case(
    "hooks-are-the-contracts",
    because="a hook with a misspelt name would never be called, and nobody would notice",
)
def hooks_are_the_contracts(context: Context) -> None:
    """The class loads, and every method marked as a hook is one, with the contract's arguments."""
    if error := context.outside.load_error:
        raise Failed(error.text)


@CASES.case(
    "hooks-are-marked",
    because="without the mark the plugin host takes it for an ordinary method and leaves it out",
)
def hooks_are_marked(context: Context) -> None:
    """Every method that has the name of a hook is marked with @hookimpl."""
    if context.outside.load_error:
        raise Skipped("the runtime side does not load")
    unmarked = context.outside.call("unmarked").value
    demand(not unmarked, f"without @hookimpl: {', '.join(unmarked)}")


@CASES.case(
    "provides-what-a-marble-needs",
    because="no Marble gets to its application without these",
)
def provides_what_a_marble_needs(context: Context) -> None:
    """It provides detect, issue_evidence and launch_spec."""
    if context.outside.load_error:
        raise Skipped("the runtime side does not load")
    missing = [hook for hook in NEEDED if hook not in context.outside.hooks]
    demand(not missing, f"it does not provide {', '.join(missing)}")


@CASES.case(
    "loads-nothing-forbidden",
    because="every module is measured into every enclave, attacks it and is loaded at every start",
)
def loads_nothing_forbidden(context: Context) -> None:
    """Importing the runtime side loads no module that has no place in an enclave."""
    context.require_side(Side.RUNTIME)
    found = forbidden(_runtime_import(context))
    demand(not found, f"it imports {', '.join(found)}")


@CASES.case(
    "loads-little",
    because="every module is measured into every enclave and loaded at every start",
)
def loads_little(context: Context) -> None:
    """Importing the runtime side loads at most 25 modules beyond the contract."""
    context.require_side(Side.RUNTIME)
    modules = _runtime_import(context)
    demand(len(modules) <= _MAX_MODULES, f"it loads {len(modules)} modules")


@CASES.case(
    "detect-says-no-outside",
    because="the premain asks all adapters that are installed; one that says yes everywhere, or "
    "raises, takes every other one's place",
)
def detect_says_no_outside(context: Context) -> None:
    """Outside its runtime detect returns False, at once, and touches nothing."""
    context.require_hook(context.outside, "detect")
    asked = [context.outside.call("detect") for _ in range(3)]
    for each in asked:
        demand(each.value is False, "it says yes on this machine, outside its runtime")
        _demand_nothing_done(each)
    quickest = min(each.milliseconds for each in asked)  # the machine may be busy
    demand(quickest < _SLOW, f"detect took {quickest:.0f} ms")


@CASES.case(
    "detect-says-yes-inside",
    because="without a name in its settings the premain finds its adapter this way",
)
def detect_says_yes_inside(context: Context) -> None:
    """Inside its runtime detect returns True, the second time too, or never if so declared."""
    context.require_hook(context.within, "detect")
    answers = [context.within.call("detect").value for _ in range(2)]
    expected = context.harness.detects
    demand(answers == [expected, expected], f"detect says {answers[0]}, then {answers[1]}")


@CASES.case(
    "is-detected-alone",
    because="the premain starts nothing where two adapters claim one runtime",
)
def is_detected_alone(context: Context) -> None:
    """Inside its runtime no other adapter that is installed detects itself as well."""
    if not context.harness.detects:
        raise Skipped("it is only chosen by name")
    context.require_hook(context.within, "detect")
    others = context.within.call("others_detected").value
    demand(
        not others, f"so does {', '.join(others)}: uninstall one of them, or let one be stricter"
    )


def _runtime_import(context: Context) -> frozenset[str]:
    module = str(context.adapter.runtime).partition(":")[0]
    own = module.partition(".")[0]
    modules = imported_by(module).modules
    return frozenset(name for name in modules if name.partition(".")[0] != own)


def _demand_nothing_done(asked: Observation) -> None:
    done = [*asked.writes, *asked.starts, *asked.calls, *asked.leaks]
    if done:
        raise Failed(f"detect has side effects: {done[0]}")
