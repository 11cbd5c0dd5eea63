"""Findings: how they name a place, and in which order they are told.

Public. The dataclass is the contract's: :class:`ringtaw_premain.build_hookspecs.Finding`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Final

from ringtaw_premain.build_hookspecs import Finding, Severity

from ringtaw_buildkit.document import DocumentError

SYNTAX: Final = "syntax"
"""Code of the finding that a file cannot be read in its format at all."""

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def pointer(*keys: str | int) -> str:
    """Return a path of keys as people write it: ``sgx.trusted_files[3].uri``."""
    text = ""
    for key in keys:
        if isinstance(key, int):
            text += f"[{key}]"
        else:
            name = key if _BARE.fullmatch(key) else json.dumps(key, ensure_ascii=False)
            text += f".{name}" if text else name
    return text


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings by file and line, those without a line after the others, none twice."""
    return sorted(dict.fromkeys(findings), key=_place)


def syntax_finding(error: DocumentError) -> Finding:
    """Return the finding for a file that cannot be read in its format."""
    return Finding(Severity.ERROR, SYNTAX, error.path, error.line, "", error.message, error.cure)


def _place(finding: Finding) -> tuple[str, bool, int, str, str, str]:
    line = finding.line
    return (
        finding.file,
        line is None,
        line or 0,
        finding.pointer,
        finding.code,
        finding.message,
    )
