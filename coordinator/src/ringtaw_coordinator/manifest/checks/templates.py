"""Templates: a dry run, so that no Marble finds a mistake first."""

from __future__ import annotations

from typing import Final

from ringtaw_coordinator.manifest.document import Node
from ringtaw_coordinator.manifest.model import Manifest, Marble
from ringtaw_coordinator.manifest.report import Report
from ringtaw_coordinator.templates.dry_run import Rehearsal
from ringtaw_coordinator.templates.stand_ins import stand_in_data

MAX_ACTIONS: Final = 100_000
"""Actions ({{ … }}) in all templates of a manifest."""


def check_templates(document: Node, manifest: Manifest, report: Report) -> None:
    """Render every Marble's parameters with stand-ins for its secrets."""
    if sum(map(_actions, manifest.marbles.values())) > MAX_ACTIONS:
        at = document.members["Marbles"]
        report.error(at, f"the templates have more than {MAX_ACTIONS:,} actions together")
        return
    undecided = document.entries("Secrets").keys() - manifest.secrets.keys()
    rehearsal = Rehearsal(stand_in_data(manifest.secrets, {}), manifest.tls, undecided)
    for name, marble in manifest.marbles.items():
        for finding in rehearsal.marble(name, marble):
            report.error(document.find(finding.path), finding.message, finding.hint)
            if report.full:
                return


def _actions(marble: Marble) -> int:
    contents = (*marble.parameters.files.values(), *marble.parameters.env.values())
    return sum(content.data.count(b"{{") for content in contents if content.is_template)
