"""What an adapter says of itself."""

from __future__ import annotations

from typing import Final

from ringtaw_premain.errors import AdapterError
from ringtaw_premain.plugins import load_adapter

from ringtaw_testkit.conformance.context import Context
from ringtaw_testkit.conformance.imports import imported_by
from ringtaw_testkit.conformance.model import Cases, Failed, Side, demand

CASES: Final = Cases("descriptor", Side.RUNTIME)
_MAX_SUMMARY: Final = 100
_MAX_MODULES: Final = 10


@CASES.case(
    "loads",
    because="the plugin host refuses anything else, and with it every start that has to choose",
)
def loads(context: Context) -> None:
    """The entry point names an Adapter of that very name, made for this version of the contract."""
    try:
        load_adapter(context.entry)
    except AdapterError as error:
        raise Failed(str(error)) from None


@CASES.case(
    "describes-itself",
    because="people choose an adapter from a list, and ask why a side is missing",
)
def describes_itself(context: Context) -> None:
    """It has a summary of one short line, at least one side, and a note if a side is missing."""
    adapter = context.adapter
    demand(adapter.summary.strip(), "the summary is empty")
    demand("\n" not in adapter.summary, "the summary has more than one line")
    demand(len(adapter.summary) <= _MAX_SUMMARY, f"the summary has over {_MAX_SUMMARY} characters")
    demand(adapter.runtime or adapter.build, "it has neither a runtime nor a build side")
    demand(
        (adapter.runtime and adapter.build) or adapter.note,
        "a side is missing and the note does not say why",
    )


@CASES.case(
    "imports-little",
    because="a premain that detects its adapter imports the descriptors of all that are installed",
)
def imports_little(context: Context) -> None:
    """Importing the descriptor loads neither side and next to nothing else."""
    adapter = context.adapter
    modules = imported_by(context.entry.reference.partition(":")[0]).modules
    sides = [side.partition(":")[0] for side in (adapter.runtime, adapter.build) if side]
    for module in sides:
        demand(module not in modules, f"it imports its own side {module}")
    foreign = sorted(modules - {context.entry.reference.partition(":")[0].partition(".")[0]})
    demand(len(foreign) <= _MAX_MODULES, f"it imports {len(foreign)} modules: {_some(foreign)}")


def _some(names: list[str]) -> str:
    return ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
