"""Finds what is wrong or doubtful in an Occlum configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ringtaw_buildkit.document import Document, DocumentError, parse_json, read_text
from ringtaw_buildkit.findings import in_order, syntax_finding
from ringtaw_buildkit.marbles import Marble, read_marbles
from ringtaw_buildkit.schema import schema_findings
from ringtaw_buildkit.subject import Subject
from ringtaw_premain.build_hookspecs import Finding, ValidateRequest
from ringtaw_schemas import libos_schema

from ringtaw_occlum.build._entry_points import check_entry_points
from ringtaw_occlum.build._environment import TYPE, check_environment
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
    marble, about_marble = choose_marble(document, request)
    config = configuration(document, tuple(plans), marble)
    return in_order([*findings, *more, *about_marble, *_checked(config)])


def choose_marble(
    document: Document, request: ValidateRequest
) -> tuple[Marble | None, list[Finding]]:
    """Return the Marble that a configuration is for: the one asked for, the one that
    EDG_MARBLE_TYPE names, or the only one there is."""
    if request.manifest is None:
        return None, []
    marbles = read_marbles(request.manifest)
    subject = Subject(document, KINDS)
    named, place = _default_type(subject)
    wanted = request.marble or named
    if wanted and wanted not in marbles:
        if request.marble:
            place = ()
        return None, [_unknown(subject, place, wanted, marbles)]
    if not wanted and len(marbles) != 1:
        return None, [_undecided(subject, marbles)]
    return marbles[wanted or next(iter(marbles))], []


def _checked(config: Configuration) -> Iterator[Finding]:
    for check in _CHECKS:
        yield from check(config)


def _default_type(subject: Subject) -> tuple[str, tuple[str | int, ...]]:
    for at, text in subject.texts("env", "default"):
        name, _, value = text.partition("=")
        if name == TYPE:
            return value, ("env", "default", at)
    return "", ()


def _unknown(
    subject: Subject, place: tuple[str | int, ...], wanted: str, marbles: Mapping[str, Marble]
) -> Finding:
    known = ", ".join(sorted(marbles)) or "none"
    report = subject.finding if place else subject.manifest_finding
    return report(
        "unknown-marble",
        *(place or ("Marbles",)),
        message=f"the manifest has no Marble {wanted!r}; it has {known}",
        cure="correct the name, or add the Marble to the manifest",
    )


def _undecided(subject: Subject, marbles: Mapping[str, Marble]) -> Finding:
    known = ", ".join(sorted(marbles)) or "none"
    return subject.manifest_finding(
        "marble-not-chosen",
        "Marbles",
        message=f"Marbles of the manifest: {known}; {TYPE} in env.default names none, so nothing "
        "was compared",
        cure="say which one with --marble",
    )


def _explained(error: DocumentError, text: str) -> DocumentError:
    """Add what is often the reason: Occlum's documentation shows its file with comments."""
    lines = text.splitlines()
    at = (error.line or 1) - 1
    if at < len(lines) and lines[at].lstrip().startswith(("//", "/*", "#")):
        cure = "remove the comment: Occlum reads plain JSON, whatever its documentation shows"
        return DocumentError(error.path, error.line, "a comment, which JSON has not", cure)
    return error
