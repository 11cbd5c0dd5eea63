"""Packages and the platforms they run on."""

from __future__ import annotations

import re
from typing import Final

from ringtaw_coordinator.manifest.document import Node
from ringtaw_coordinator.manifest.model import Manifest, Package
from ringtaw_coordinator.manifest.report import Report

_IDENTITY: Final = re.compile(r"[0-9a-f]{64}")
_SIGNED: Final = ("SignerID", "ProductID", "SecurityVersion")
_CPU_SVN_SIZE: Final = 16


def check_packages(document: Node, manifest: Manifest, report: Report) -> None:
    """Packages in use identify enclaves in exactly one way; debug packages may be vague."""
    used = {marble.package for marble in manifest.marbles.values()}
    for name, package in manifest.packages.items():
        node = document.entries("Packages")[name]
        if name in used:
            _check_identity(node, package, report)
        if package.debug:
            _check_placeholders(node, report)


def _check_identity(node: Node, package: Package, report: Report) -> None:
    signed = [key for key in _SIGNED if key in node.members]
    by_build = "UniqueID" in node.members
    if by_build and signed:
        message = f"names both UniqueID and {', '.join(signed)}"
    elif not by_build and len(signed) < len(_SIGNED):
        missing = ", ".join(key for key in _SIGNED if key not in signed)
        message = f"does not say which enclaves it stands for: it lacks UniqueID, or {missing}"
    else:
        return
    note = report.warning if package.debug else report.error
    note(node, message, f"name either UniqueID alone, or {', '.join(_SIGNED)}")


def _check_placeholders(node: Node, report: Report) -> None:
    for key in ("UniqueID", "SignerID"):
        text = node.text(key)
        if text and not _IDENTITY.fullmatch(text.lower()):
            hint = "replace it by the 64 hexadecimal digits of the enclave"
            report.warning(node.members[key], "is a placeholder that matches no enclave", hint)


def check_infrastructures(document: Node, manifest: Manifest, report: Report) -> None:
    """A CPUSVN of another size than the platform's cannot be met."""
    for name, infrastructure in manifest.infrastructures.items():
        size = len(infrastructure.cpu_svn)
        if size not in (0, _CPU_SVN_SIZE):
            at = document.entries("Infrastructures")[name].members["CPUSVN"]
            report.warning(at, f"has {size} bytes; a platform's has {_CPU_SVN_SIZE}")
