"""Finds what is wrong or doubtful in an Occlum configuration."""

from __future__ import annotations

from collections.abc import Iterator

from ringtaw_buildkit.document import DocumentError, parse_json, read_text
from ringtaw_buildkit.expectations import TYPE, choose_marble
from ringtaw_buildkit.findings import in_order, syntax_finding
from ringtaw_buildkit.schema import schema_findings
from ringtaw_buildkit.subject import Subject
from ringtaw_premain.build_hookspecs import Finding, ValidateRequest
from ringtaw_schemas import libos_schema

from ringtaw_occlum.build._entry_points import check_entry_points
from ringtaw_occlum.build._environment import check_environment
from ringtaw_occlum.build._image_files import check_image_files
from ringtaw_occlum.build._metadata import check_metadata
from ringtaw_occlum.build._mounts import check_mounts
from ringtaw_occlum.build._program import check_program
from ringtaw_occlum.build._resources import check_resources
from ringtaw_occlum.build.codes import KINDS
from ringtaw_occlum.build.configuration import Configuration, configuration, read_copy_bom_files

_CHECKS = (
    check_resources,
    check_entry_points,
    check_environment,
    check_metadata,
    check_mounts,
    check_program,
    check_image_files,
)


def validate(request: ValidateRequest) -> list[Finding]:
    """Return the findings, in the order of their lines.

    Raises:
        PlatformError: A file cannot be read.
    """
    text = read_text(request.config)
    try:
        document = parse_json(request.config, text)
    except DocumentError as error:
        return [syntax_finding(_explained(error, text))]
    findings = schema_findings(document, libos_schema("occlum"))
    if not isinstance(document.data, dict):
        return findings
    plans, more = read_copy_bom_files(request.config)
    subject = Subject(document, KINDS)
    marble, about_marble = choose_marble(subject, request, *_default_type(subject))
    config = configuration(document, tuple(plans), marble)
    return in_order([*findings, *more, *about_marble, *_checked(config)])


def _checked(config: Configuration) -> Iterator[Finding]:
    for check in _CHECKS:
        yield from check(config)


def _default_type(subject: Subject) -> tuple[str, tuple[str | int, ...]]:
    for at, text in subject.texts("env", "default"):
        name, _, value = text.partition("=")
        if name == TYPE:
            return value, ("env", "default", at)
    return "", ()


def _explained(error: DocumentError, text: str) -> DocumentError:
    """Add what is often the reason: Occlum's documentation shows its file with comments."""
    lines = text.splitlines()
    at = (error.line or 1) - 1
    if at < len(lines) and lines[at].lstrip().startswith(("//", "/*", "#")):
        cure = "remove the comment: Occlum reads plain JSON, whatever its documentation shows"
        return DocumentError(error.path, error.line, "a comment, which JSON has not", cure)
    return error
