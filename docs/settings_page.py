"""Generates docs/settings.md from the settings' own tables: ``python -m docs.settings_page``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final, Protocol

from ringtaw_coordinator.settings import LIMITS
from ringtaw_coordinator.settings import SETTINGS as COORDINATOR
from ringtaw_premain.settings import SETTINGS as PREMAIN

PAGE: Final = Path(__file__).with_name("settings.md")

INTRODUCTION: Final = """\
# Settings

Both programs read their settings from environment variables. An empty value counts as unset. The
`EDG_…` variables are MarbleRun's, `OE_SIMULATION` is Open Enclave's, the `RINGTAW_…` ones are
Ringtaw's. This page is generated from the code.
"""
COORDINATOR_INTRODUCTION: Final = """\
Program `ringtaw-coordinator`. Exit codes: 0 ended by a signal, 1 failed, 2 a setting or option is
wrong.
"""
LIMITS_INTRODUCTION: Final = """\
Whoever connects is a stranger until the Coordinator has looked at what they ask for. These bounds
hold for every one of them. Numbers are plain: seconds may have a point.
"""
PREMAIN_INTRODUCTION: Final = """\
Program `ringtaw-premain`. Inside an enclave these come from the libOS's configuration: fixed there
they are measured, passed through they are the host's word, which decides where the premain asks and
as what, never what it gets. Exit codes: the application's own; 125 the premain failed, 126 the
application cannot be executed, 127 there is no such application.
"""


class Setting(Protocol):
    """One environment variable, as both programs describe theirs."""

    @property
    def name(self) -> str:
        """The variable."""

    @property
    def default(self) -> str:
        """The value that counts when it is unset."""

    @property
    def description(self) -> str:
        """What it does, Markdown."""


def render() -> str:
    """Return the whole page."""
    sections = [
        INTRODUCTION,
        f"## Coordinator\n\n{COORDINATOR_INTRODUCTION}\n{_table(COORDINATOR)}",
        f"### Limits\n\n{LIMITS_INTRODUCTION}\n{_table(LIMITS)}",
        f"## Premain\n\n{PREMAIN_INTRODUCTION}\n{_table(PREMAIN)}",
    ]
    return "\n".join(sections)


def _table(settings: Iterable[Setting]) -> str:
    lines = ["| variable | default | what it does |", "| --- | --- | --- |"]
    for setting in settings:
        default = f"`{setting.default}`" if setting.default else ""
        lines.append(f"| `{setting.name}` | {default} | {setting.description} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(render())
