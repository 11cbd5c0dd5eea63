"""Go templates in the files and environment of Marbles.

A manifest's templates are compiled when it is set and executed at each activation::

    marble = MarbleTemplates("frontend", manifest.marbles["frontend"].parameters)
    files, env = marble.render(TemplateData(secrets, previous, marblerun))

:func:`dry_run` checks all of a manifest's templates with stand-ins for secrets.
"""

from __future__ import annotations

from ringtaw_coordinator.templates.compiler import compile_template
from ringtaw_coordinator.templates.dry_run import dry_run
from ringtaw_coordinator.templates.marble import MarbleTemplates
from ringtaw_coordinator.templates.resolve import Target
from ringtaw_coordinator.templates.source import LocatedTemplateError
from ringtaw_coordinator.templates.template import Template, TemplateData, TypedSecret

__all__ = [
    "LocatedTemplateError",
    "MarbleTemplates",
    "Target",
    "Template",
    "TemplateData",
    "TypedSecret",
    "compile_template",
    "dry_run",
]
