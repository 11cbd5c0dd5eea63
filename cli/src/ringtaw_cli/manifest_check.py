"""``ringtaw manifest check``: the Coordinator's own validation, without a Coordinator."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from ringtaw_buildkit.document import Document, DocumentError, parse_json
from ringtaw_buildkit.findings import SYNTAX, syntax_finding
from ringtaw_premain.build_hookspecs import Finding, Severity

from ringtaw_cli.command import Command, format_option
from ringtaw_cli.findings import tell, verdict
from ringtaw_cli.output import warning

if TYPE_CHECKING:
    from ringtaw_coordinator.errors import Problem

_CODE: Final = "manifest"
_MAX_TOKEN: Final = 200
_WITHOUT_COORDINATOR: Final = (
    "the Coordinator is not installed here, so only names and types were checked, not what the "
    "parts say about each other: pip install ringtaw-coordinator"
)


@click.command(
    "check",
    cls=Command,
    examples=("manifest.json", "--strict manifest.json", "--format json manifest.json"),
)
@click.argument("path", metavar="FILE|-", type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="Fail on warnings too.")
@format_option()
def check(path: Path, strict: bool, output_format: str) -> int:
    """Find what is wrong or doubtful in a manifest.

    By the rules by which a Coordinator accepts it, without a Coordinator. Findings go to stdout,
    one per line, each followed by what to do. The exit code is 0 without errors, 11 with errors
    (with --strict: with warnings too).
    """
    from ringtaw_cli.session.files import read_input

    findings = _findings(read_input(path), path)
    tell(findings, 1, output_format)
    if find_spec("ringtaw_coordinator") is None:
        warning(_WITHOUT_COORDINATOR)
    return verdict(findings, strict=strict)


def _findings(content: bytes, path: Path) -> list[Finding]:
    """Return the findings in JSON, or in YAML, whose lines are not known then."""
    if path.suffix in (".yaml", ".yml"):
        from ringtaw_cli.operator.manifest_file import read_manifest

        found = manifest_findings(read_manifest(path), str(path))
        return [replace(finding, line=None) for finding in found]
    try:
        parse_json(str(path), content.decode())
    except DocumentError as error:
        return [syntax_finding(error)]
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return [Finding(Severity.ERROR, SYNTAX, str(path), line, "", "is not UTF-8 text", "")]
    return list(manifest_findings(content, str(path)))


def manifest_findings(raw: bytes, path: str) -> Iterator[Finding]:
    """Yield what a Coordinator would refuse or warn of, with the lines of the file."""
    lines = _Lines(raw, path)
    if find_spec("ringtaw_coordinator") is None:
        yield from _by_schema(raw, path)
        return
    from ringtaw_coordinator.errors import ManifestError
    from ringtaw_coordinator.manifest.load import load_manifest

    try:
        loaded = load_manifest(raw)
    except ManifestError as error:
        yield from lines.findings(error.problems, Severity.ERROR)
    else:
        yield from lines.findings(loaded.warnings, Severity.WARNING)


def _by_schema(raw: bytes, path: str) -> list[Finding]:
    from ringtaw_buildkit.schema import schema_findings
    from ringtaw_schemas import manifest_schema

    try:
        return schema_findings(parse_json(path, raw.decode()), manifest_schema())
    except DocumentError as error:
        return [syntax_finding(error)]


class _Lines:
    """Finds the lines of the values that problems point at; without any it does not look."""

    def __init__(self, raw: bytes, path: str) -> None:
        self._raw = raw
        self._path = path

    @cached_property
    def _lines(self) -> Mapping[str, int]:
        return _by_pointer(_document(self._raw, self._path))

    def findings(self, problems: Iterable[Problem], severity: Severity) -> Iterator[Finding]:
        for problem in problems:
            line = self._line(problem.pointer)
            yield Finding(
                severity, _CODE, self._path, line, problem.pointer, problem.message, problem.hint
            )

    def _line(self, pointer: str) -> int | None:
        """Return the line of a value, or of the nearest object around it."""
        while pointer and pointer not in self._lines:
            pointer = pointer.rpartition("/")[0]
        return self._lines.get(pointer)


def _document(raw: bytes, path: str) -> Document | None:
    """Return the file with its lines; None where it is not JSON that has them."""
    try:
        return parse_json(path, raw.decode())
    except (DocumentError, UnicodeDecodeError):
        return None


def _by_pointer(document: Document | None) -> Mapping[str, int]:
    if document is None:
        return {}
    return {"".join(map(_token, keys)): line for keys, line in document.lines.items()}


def _token(key: str | int) -> str:
    """Return one step of a JSON Pointer (RFC 6901), cut as Coordinators cut it."""
    text = str(key)
    cut = text if len(text) <= _MAX_TOKEN else f"{text[: _MAX_TOKEN - 1]}…"
    return "/" + cut.replace("~", "~0").replace("/", "~1")
