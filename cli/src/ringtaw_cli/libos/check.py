"""``ringtaw ADAPTER check``: what is wrong in libOS configurations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import click
from ringtaw_buildkit.adapters import BuildSide
from ringtaw_buildkit.document import Document, DocumentError, read_json
from ringtaw_buildkit.findings import pointer
from ringtaw_buildkit.marbles import read_marbles
from ringtaw_buildkit.subject import MANIFEST
from ringtaw_premain.build_hookspecs import Finding, ValidateRequest

from ringtaw_cli.command import Command, did_you_mean, format_option
from ringtaw_cli.findings import tell, verdict
from ringtaw_cli.libos.group import pass_side
from ringtaw_cli.libos.pairs import pairs


@click.command(
    cls=Command,
    examples=(
        "CONFIG",
        "--manifest manifest.json --marble frontend CONFIG",
        "-D arch_libdir=/lib/x86_64-linux-gnu --format json CONFIG",
    ),
)
@click.argument("configs", metavar="CONFIG...", nargs=-1, required=True)
@click.option("--manifest", metavar="FILE", help="The Coordinator's manifest to agree with.")
@click.option("--marble", metavar="NAME", default="", help="The Marble of it that CONFIG is for.")
@click.option(
    "-D",
    "variables",
    metavar="KEY=VALUE",
    multiple=True,
    callback=pairs,
    help="A value for a templated CONFIG. May be repeated.",
)
@click.option("--strict", is_flag=True, help="Fail on warnings too.")
@format_option()
@pass_side
def check(
    side: BuildSide,
    configs: Sequence[str],
    manifest: str | None,
    marble: str,
    variables: Mapping[str, str],
    strict: bool,
    output_format: str,
) -> int:
    """Find what is wrong or doubtful in configurations.

    Findings go to stdout, one per line, each followed by what to do. The exit code is 0 without
    errors, 11 with errors (with --strict: with warnings too).
    """
    document = _manifest(manifest, marble)
    data = None if document is None else document.data
    requests = [ValidateRequest(config, data, marble, variables) for config in configs]
    findings = [found for request in requests for found in side.validate_config(request)]
    if document is not None:
        findings = _in_manifest(findings, document)
    tell(findings, len(configs), output_format)
    return verdict(findings, strict=strict)


def _manifest(path: str | None, marble: str) -> Document | None:
    if path is None:
        if marble:
            raise click.UsageError("--marble names a Marble of a manifest: give --manifest too")
        return None
    document = read_json(path)
    if not isinstance(document.data, Mapping):
        raise DocumentError(path, 1, "is not a JSON object", "name the Coordinator's manifest")
    marbles = read_marbles(document.data)
    if marble and marble not in marbles:
        nearest = did_you_mean(marble, marbles)
        raise click.UsageError(f"{path} has no Marble {marble!r}{nearest}")
    return document


def _in_manifest(findings: Sequence[Finding], manifest: Document) -> list[Finding]:
    """Give findings about the manifest, which hooks see as data only, its name and lines."""
    lines = {pointer(*keys): line for keys, line in manifest.lines.items()}
    return [
        replace(finding, file=manifest.path, line=lines.get(finding.pointer))
        if finding.file == MANIFEST
        else finding
        for finding in findings
    ]
