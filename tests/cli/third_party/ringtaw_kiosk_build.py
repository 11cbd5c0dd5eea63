"""The build side of the adapter ``kiosk``: a TOML configuration, a JSON artefact, a script."""

from __future__ import annotations

import os
from collections.abc import Mapping

from ringtaw_buildkit.document import Document, parse_toml, read_json, read_text
from ringtaw_buildkit.schema import schema_findings
from ringtaw_premain.build_hookspecs import (
    FileChange,
    Finding,
    HostCommand,
    PackageProperties,
    Preparation,
    PrepareRequest,
    RunRequest,
    Severity,
    ValidateRequest,
)
from ringtaw_premain.hookspecs import hookimpl

SCHEMA: Mapping[str, object] = {
    "x-object": "table",
    "type": "object",
    "required": ["entrypoint"],
    "additionalProperties": False,
    "properties": {
        "entrypoint": {"type": "string", "x-cure": "name the program to start"},
        "threads": {"type": "integer", "minimum": 1},
        "debug": {"const": False, "x-severity": "warning", "x-cure": "remove it in production"},
        "title": {"type": "string"},
    },
}


class KioskBuild:
    """All hooks of a build side."""

    @hookimpl
    def prepare_config(self, request: PrepareRequest) -> Preparation:
        """Start the premain in place of the program."""
        document = _read(request.config, {})
        wanted = f"{request.runtime}/ringtaw-premain"
        program = document.data.get("entrypoint", "")
        notes = [f"{request.runtime} goes into the image", *request.companions]
        if program == wanted:
            return Preparation((), tuple(notes))
        after = document.text.replace(program, wanted)
        return Preparation((FileChange(request.config, document.text, after),), tuple(notes))

    @hookimpl
    def validate_config(self, request: ValidateRequest) -> list[Finding]:
        """Check the schema, and that the manifest's Marble exists."""
        document = _read(request.config, request.variables)
        findings = schema_findings(document, SCHEMA)
        if request.manifest and request.marble:
            message = f"Marble {request.marble} has no Argv"
            place = f"Marbles.{request.marble}"
            cure = "give it one"
            findings.append(
                Finding(Severity.WARNING, "no-argv", "manifest", None, place, message, cure)
            )
        return findings

    @hookimpl
    def package_properties(self, artefact: str) -> PackageProperties:
        """Read them from JSON."""
        data = read_json(artefact).data
        return PackageProperties(
            data["unique_id"], data["signer_id"], data["product"], data["version"], data["debug"]
        )

    @hookimpl
    def host_command(self, request: RunRequest) -> HostCommand:
        """Start the script with the premain's variables."""
        mode = ["--direct"] if request.direct else []
        argv = ("kiosk-run", *mode, *request.arguments)
        return HostCommand(argv, request.environ, "install the package kiosk-tools")


def _read(path: str, variables: Mapping[str, str]) -> Document:
    text = read_text(path)
    for name, value in variables.items():
        text = text.replace(f"@{name}@", value)
    return parse_toml(os.path.relpath(path), text)
