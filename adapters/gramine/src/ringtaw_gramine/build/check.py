"""Finds what is wrong in a Gramine manifest: reads it, asks the schema, then the rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ringtaw_buildkit.document import DocumentError
from ringtaw_buildkit.expectations import TYPE, choose_marble
from ringtaw_buildkit.findings import in_order, syntax_finding
from ringtaw_buildkit.marbles import Marble, read_marbles
from ringtaw_buildkit.schema import schema_findings
from ringtaw_buildkit.subject import Subject
from ringtaw_premain.build_hookspecs import Finding, Severity, ValidateRequest
from ringtaw_schemas import libos_schema

from .configuration import Configuration
from .kinds import KINDS
from .premain import find_premain
from .reading import Reading, read
from .rules_enclave import enclave_findings
from .rules_environment import environment_findings
from .rules_files import file_findings
from .rules_image import image_findings
from .rules_marble import marble_findings
from .rules_places import place_findings
from .rules_secrets import hard_coded_findings, secret_findings
from .rules_start import start_findings
from .rules_versions import version_findings
from .template import TemplateError, is_unknown

_RULES: Final = (
    start_findings,
    environment_findings,
    enclave_findings,
    file_findings,
    place_findings,
    image_findings,
)


def validate(request: ValidateRequest) -> list[Finding]:
    """Return the findings in the order of lines.

    Raises:
        PlatformError: The file cannot be read.
    """
    try:
        reading = read(request.config, request.variables)
    except DocumentError as error:
        return [_unreadable(error)]
    config = Configuration(Subject(reading.document, KINDS))
    return in_order([*_alone(config, reading), *_beside(config, request)])


def _unreadable(error: DocumentError) -> Finding:
    if isinstance(error, TemplateError):
        return Finding(
            Severity.ERROR, "template-error", error.path, error.line, "", error.message, error.cure
        )
    return syntax_finding(error)


def _alone(config: Configuration, reading: Reading) -> Iterator[Finding]:
    """Yield what the file alone shows."""
    yield from _unknown_variables(config, reading)
    for finding in schema_findings(reading.document, libos_schema("gramine")):
        if finding.line not in reading.uncertain_lines:
            yield finding
    yield from version_findings(config)
    yield from hard_coded_findings(config)
    premain = find_premain(config)
    for rule in _RULES:
        yield from rule(config, premain)


def _unknown_variables(config: Configuration, reading: Reading) -> Iterator[Finding]:
    for name, line in reading.unknown.items():
        yield Finding(
            severity=KINDS["unknown-variable"].severity,
            code="unknown-variable",
            file=config.subject.document.path,
            line=line,
            pointer="",
            message=f"the template's variable {name} has no value here",
            cure=f"give it one with -D {name}=VALUE; what depends on it was not checked",
        )


def _beside(config: Configuration, request: ValidateRequest) -> list[Finding]:
    """Return what the Coordinator's manifest shows; of several Marbles, for the one that fits."""
    if request.manifest is None:
        return []
    fixed = config.environment(TYPE) or ""
    fixed = "" if is_unknown(fixed) else fixed
    marbles = read_marbles(request.manifest)
    if len(marbles) > 1 and not (request.marble or fixed):
        return min((_for_marble(config, m, request) for m in marbles.values()), key=_badness)
    marble, findings = choose_marble(config.subject, request, fixed, ("loader", "env", TYPE))
    return _for_marble(config, marble, request) if marble else findings


def _for_marble(config: Configuration, marble: Marble, request: ValidateRequest) -> list[Finding]:
    manifest = request.manifest or {}
    return [*marble_findings(config, marble), *secret_findings(config, marble, manifest)]


def _badness(findings: list[Finding]) -> tuple[int, int]:
    return sum(f.severity is Severity.ERROR for f in findings), len(findings)
