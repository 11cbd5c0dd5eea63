"""Packages and the platforms they run on."""

from __future__ import annotations

import re
from typing import Final

from ringtaw_coordinator.manifest.document import Node
from ringtaw_coordinator.manifest.model import Manifest, Package
from ringtaw_coordinator.manifest.report import Report

_SIGNED: Final = ("SignerID", "ProductID", "SecurityVersion")
_SGX: Final = ("UniqueID", *_SIGNED)
_WHAT_RUNS: Final = ("MRTD", "RTMR1", "RTMR2")
_HEX: Final = re.compile(r"[0-9a-f]*")
_CPU_SVN_SIZE: Final = 16


def check_packages(document: Node, manifest: Manifest, report: Report) -> None:
    """Packages in use identify enclaves in exactly one way; debug packages may be vague."""
    used = {marble.package for marble in manifest.marbles.values()}
    for name, package in manifest.packages.items():
        node = document.entries("Packages")[name]
        if "TDX" in node.members:
            _check_trust_domain(node, package, name in used, report)
        elif name in used:
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


def _check_trust_domain(node: Node, package: Package, in_use: bool, report: Report) -> None:
    """What stands for trust domains stands for nothing else, and says what runs in them."""
    if enclave := [key for key in _SGX if key in node.members]:
        message = f"names both TDX and {', '.join(enclave)}"
        report.error(node, message, "trust domains and SGX enclaves need packages of their own")
    measurements = node.members["TDX"]
    if not in_use or measurements.invalid:
        return
    if missing := [key for key in _WHAT_RUNS if key not in measurements.members]:
        note = report.warning if package.debug else report.error
        message = f"does not say what runs in the trust domains: it lacks {', '.join(missing)}"
        note(measurements, message, "a register that nothing extends is 96 zeros")
    elif "RTMR0" not in measurements.members:
        message = "lacks RTMR0, so the host may choose virtual hardware and ACPI tables"
        report.warning(measurements, message)


def _check_placeholders(node: Node, report: Report) -> None:
    for key in ("UniqueID", "SignerID"):
        _check_placeholder(node.get(key), 64, "enclave", report)
    if trust_domain := node.get("TDX"):
        for key in trust_domain.members:
            _check_placeholder(trust_domain.get(key), 96, "trust domain", report)


def _check_placeholder(node: Node | None, digits: int, of: str, report: Report) -> None:
    text = str(node.value).lower() if node else ""
    if node and text and (len(text) != digits or not _HEX.fullmatch(text)):
        hint = f"replace it by the {digits} hexadecimal digits of the {of}"
        report.warning(node, f"is a placeholder that matches no {of}", hint)


def check_infrastructures(document: Node, manifest: Manifest, report: Report) -> None:
    """A CPUSVN of another size than the platform's cannot be met."""
    for name, infrastructure in manifest.infrastructures.items():
        size = len(infrastructure.cpu_svn)
        if size not in (0, _CPU_SVN_SIZE):
            at = document.entries("Infrastructures")[name].members["CPUSVN"]
            report.warning(at, f"has {size} bytes; a platform's has {_CPU_SVN_SIZE}")
