"""Marbles: what they refer to, and what can be handed to a process."""

from __future__ import annotations

from ringtaw_coordinator.manifest.document import Node
from ringtaw_coordinator.manifest.model import Manifest
from ringtaw_coordinator.manifest.report import Report
from ringtaw_coordinator.names import quoted


def check_marbles(document: Node, manifest: Manifest, report: Report) -> None:
    """Packages and TLS tags exist; names and arguments are ones that a process can have."""
    packages, tags = document.entries("Packages"), document.entries("TLS")
    for name in manifest.marbles:
        node = document.entries("Marbles")[name]
        package = node.text("Package")
        if package and package not in packages:
            message = f"there is no package {quoted(package)}"
            report.unknown(node.members["Package"], message, package, packages)
        for tag in node.array("TLS"):
            if tag.value not in tags:
                text = str(tag.value)
                report.unknown(tag, f"there is no TLS tag {quoted(text)}", text, tags)
        _check_parameters(node.get("Parameters") or Node({}), report)


def _check_parameters(node: Node, report: Report) -> None:
    for name, content in node.entries("Env").items():
        if "=" in name or "\0" in name:
            report.error(content, "no environment variable can have a name with = or NUL")
    for path, content in node.entries("Files").items():
        if "\0" in path:
            report.error(content, "no file can have a path with NUL")
    for argument in node.array("Argv"):
        if "\0" in str(argument.value):
            report.error(argument, "no argument can contain NUL")
