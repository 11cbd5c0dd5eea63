"""What is checked: Occlum.json, its copy_bom files, the image, and the Marble it is for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ringtaw_buildkit.document import Document, DocumentError
from ringtaw_buildkit.findings import syntax_finding
from ringtaw_buildkit.marbles import Marble
from ringtaw_buildkit.schema import schema_findings
from ringtaw_buildkit.subject import Subject
from ringtaw_premain.build_hookspecs import Finding
from ringtaw_premain.errors import PlatformError
from ringtaw_schemas import libos_schema

from ringtaw_occlum.build.codes import KINDS
from ringtaw_occlum.build.copy_bom import copied, read_copy_bom
from ringtaw_occlum.build.image import Image, instance_folder, read_image
from ringtaw_occlum.build.sizes import parse_size

_MAX_PLANS = 32


@dataclass(frozen=True, slots=True)
class Configuration:
    """An Occlum configuration with all that is known around it."""

    subject: Subject
    plans: tuple[Subject, ...]
    image: Image
    marble: Marble | None

    def default_variables(self) -> dict[str, str]:
        """Return env.default as a mapping; of a variable that is there twice, the last."""
        pairs = (text.partition("=") for _, text in self.subject.texts("env", "default"))
        return {name: value for name, _, value in pairs}

    def untrusted_variables(self) -> set[str]:
        """Return the names that the host may set."""
        return {name for _, name in self.subject.texts("env", "untrusted")}

    def is_debuggable(self) -> bool:
        """Whether the enclave is a debug enclave."""
        return self.subject.flag("metadata", "debuggable") is True

    def size(self, *keys: str | int) -> int | None:
        """Return the bytes that the size at a path stands for."""
        return parse_size(self.subject.text(*keys))


def configuration(
    document: Document, plans: tuple[Document, ...], marble: Marble | None
) -> Configuration:
    """Put together what was read."""
    subjects = tuple(Subject(plan, KINDS) for plan in plans)
    image = read_image(Path(document.path), plans)
    return Configuration(Subject(document, KINDS), subjects, image, marble)


def find_copy_bom_files(config: str) -> list[Path]:
    """Return the copy_bom files beside a configuration and, for one in an instance, beside that."""
    path = Path(config)
    folders = [path.parent]
    if instance_folder(path):
        folders.append(path.parent / "..")
    found = [file for folder in folders for file in sorted(folder.glob("*.y*ml"))]
    named = [file for file in found if file.suffix in (".yaml", ".yml") and file.is_file()]
    return named[:_MAX_PLANS]


def read_copy_bom_files(config: str) -> tuple[list[Document], list[Finding]]:
    """Return those of the YAML files found that are copy_bom files, and what is wrong with them.

    A file that copies nothing may be anything else, such as a deployment for Kubernetes.
    """
    documents: list[Document] = []
    findings: list[Finding] = []
    for path in find_copy_bom_files(config):
        try:
            document = read_copy_bom(str(path))
        except DocumentError as error:
            if _mentions_targets(path):
                findings.append(syntax_finding(error))
            continue
        except PlatformError:
            continue  # unreadable or huge: nothing that copy_bom is given
        if is_copy_bom(document):
            documents.append(document)
            findings.extend(schema_findings(document, libos_schema("copy-bom")))
    return documents, findings


def is_copy_bom(document: Document) -> bool:
    """Whether a YAML file is one for copy_bom: it has targets, one of which has a folder."""
    if not isinstance(document.data, dict):
        return False
    targets = document.data.get("targets")
    named = isinstance(targets, list) and any(
        isinstance(target, dict) and "target" in target for target in targets
    )
    return named or next(copied(document), None) is not None


def _mentions_targets(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8") as file:
            return any(line.startswith("targets:") for line in file)
    except (OSError, UnicodeDecodeError):
        return False


def entry_points(config: Configuration) -> Iterator[tuple[int, str]]:
    """Yield the entry points with their positions."""
    yield from config.subject.texts("entry_points")
