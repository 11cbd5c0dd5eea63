"""Finds what is wrong or doubtful in an EGo configuration."""

from __future__ import annotations

from collections.abc import Iterator

from ringtaw_buildkit.document import DocumentError, parse_json, read_text
from ringtaw_buildkit.expectations import TYPE, choose_marble
from ringtaw_buildkit.findings import in_order, syntax_finding
from ringtaw_buildkit.schema import schema_findings
from ringtaw_buildkit.subject import Subject
from ringtaw_premain.build_hookspecs import Finding, ValidateRequest
from ringtaw_schemas import libos_schema

from ringtaw_ego.build._basics import check_basics
from ringtaw_ego.build._environment import check_environment
from ringtaw_ego.build._executable import check_executable
from ringtaw_ego.build._files import check_files
from ringtaw_ego.build._mounts import check_mounts
from ringtaw_ego.build._program import check_program
from ringtaw_ego.build.codes import KINDS
from ringtaw_ego.build.configuration import Configuration, canonical

_CHECKS = (
    check_basics,
    check_mounts,
    check_environment,
    check_files,
    check_program,
    check_executable,
)


def validate(request: ValidateRequest) -> list[Finding]:
    """Return the findings, in the order of their lines.

    Raises:
        PlatformError: The file cannot be read.
    """
    text = read_text(request.config)
    try:
        parsed = parse_json(request.config, text)
    except DocumentError as error:
        return [syntax_finding(error)]
    schema = libos_schema("ego")
    document = canonical(parsed, schema)
    findings = schema_findings(document, schema)
    if not isinstance(document.data, dict):
        return findings
    subject = Subject(document, KINDS)
    marble, about_marble = choose_marble(subject, request, *_fixed_type(subject))
    checked = _checked(Configuration(subject, marble))
    return in_order([*findings, *about_marble, *checked])


def _checked(config: Configuration) -> Iterator[Finding]:
    for check in _CHECKS:
        yield from check(config)


def _fixed_type(subject: Subject) -> tuple[str, tuple[str | int, ...]]:
    """Return the value of EDG_MARBLE_TYPE if it is fixed, which takes precedence over the host."""
    for at in range(subject.count("env")):
        value = subject.text("env", at, "value")
        if subject.text("env", at, "name") == TYPE and value:
            return value, ("env", at, "value")
    return "", ()
