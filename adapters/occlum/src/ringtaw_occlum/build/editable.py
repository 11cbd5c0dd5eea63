"""Which files are edited: those without errors."""

from __future__ import annotations

from ringtaw_buildkit.document import Document
from ringtaw_buildkit.schema import schema_findings
from ringtaw_premain.build_hookspecs import Severity
from ringtaw_premain.errors import PlatformError
from ringtaw_schemas import libos_schema


def require_valid(document: Document, schema: str) -> None:
    """Refuse a file with errors: what to add and where would be guesswork.

    Raises:
        PlatformError: The first error.
    """
    for finding in schema_findings(document, libos_schema(schema)):
        if finding.severity is Severity.ERROR:
            place = f"{finding.file}:{finding.line}" if finding.line else finding.file
            what = f"{finding.pointer} {finding.message}".strip()
            raise PlatformError(f"{place}: {what}", hint=finding.cure)
