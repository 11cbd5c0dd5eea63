"""The premain's share of the image: copy_bom targets, its launcher, the paths of its Python."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ringtaw_buildkit.counting import counted
from ringtaw_buildkit.document import Document, read_text
from ringtaw_premain.build_hookspecs import FileChange, PrepareRequest
from ringtaw_premain.errors import PlatformError
from ringtaw_schemas import libos_schema

from ringtaw_occlum.build.bom_edit import TARGETS, add_targets, target_lines
from ringtaw_occlum.build.configuration import (
    find_copy_bom_files,
    is_copy_bom,
    read_copy_bom_files,
)
from ringtaw_occlum.build.copy_bom import copied, parse_copy_bom, read_copy_bom
from ringtaw_occlum.build.editable import require_valid
from ringtaw_occlum.build.image import Program, instance_folder
from ringtaw_occlum.build.premain_runtime import (
    IMAGE_FOLDER,
    LAUNCHER,
    LAUNCHER_FILE,
    PATHS,
    PATHS_FILE,
    PremainRuntime,
    copy_source,
)

NEW_FILE: Final = "premain.yaml"
"""The copy_bom file that is made where there is none, or no single one, to add to."""

_INTRODUCTION: Final = (
    "# The premain and the Python it needs; use it after your own copy_bom files.\n"
)
_INCLUDES: Final = "--include-dir /opt/occlum/etc/template"


def image_changes(
    request: PrepareRequest, runtime: PremainRuntime
) -> tuple[list[FileChange], list[str]]:
    """Return the changes to the copy_bom file and the launcher, and notes about them.

    Raises:
        PlatformError: A file cannot be read or added to.
    """
    config = Path(request.config)
    document, is_new = _copy_bom_file(request)
    text = _with_targets(document, config, request.runtime)
    changes = []
    if text != document.text:
        changes.append(FileChange(document.path, None if is_new else document.text, text))
    small, notes = _small_files(config, runtime)
    return [*changes, *small], [*_image_notes(document, runtime, config), *notes]


def _copy_bom_file(request: PrepareRequest) -> tuple[Document, bool]:
    """Return the copy_bom file to add to, and whether it is new."""
    if request.companions:
        documents = [_companion(path) for path in request.companions]
    else:
        documents, findings = read_copy_bom_files(request.config)
        if findings:
            first = findings[0]
            place = f"{first.file}:{first.line}" if first.line else first.file
            raise PlatformError(f"{place}: {first.message}", hint=first.cure)
    prepared = [document for document in documents if _has_any(document)]
    if prepared or request.companions or len(documents) == 1:
        return (prepared or documents)[0], False
    path = Path(request.config).parent / NEW_FILE
    if path in find_copy_bom_files(request.config):
        return read_copy_bom(str(path)), False
    return parse_copy_bom(str(path), _INTRODUCTION), True


def _companion(path: str) -> Document:
    document = read_copy_bom(path)
    if document.data is None:
        return document
    keys = set(document.data) if isinstance(document.data, dict) else {""}
    if not is_copy_bom(document) and keys - set(libos_schema("copy-bom")["properties"]):
        raise PlatformError(
            f"{path}: not a copy_bom file", hint="name one: it has targets, includes or excludes"
        )
    require_valid(document, "copy-bom")
    return document


def _with_targets(document: Document, config: Path, runtime: str) -> str:
    lines: list[str] = []
    if not _has(document, IMAGE_FOLDER):
        lines += target_lines(IMAGE_FOLDER, whole=copy_source(config, runtime))
    for target, name in ((PATHS, PATHS_FILE), (LAUNCHER, LAUNCHER_FILE)):
        if not _has(document, target):
            folder = target.rpartition("/")[0]
            lines += target_lines(folder, file=copy_source(config, name))
    return add_targets(document, lines) if lines else document.text


def _has(document: Document, target: str) -> bool:
    return any(item.target == target for item in copied(document))


def _has_any(document: Document) -> bool:
    return _has(document, IMAGE_FOLDER) or _has(document, LAUNCHER)


def _small_files(config: Path, runtime: PremainRuntime) -> tuple[list[FileChange], list[str]]:
    changes, notes = [], []
    for name, content in runtime.beside_config().items():
        path = config.parent / name
        before = read_text(str(path)) if path.exists() else None
        if before != content:
            changes.append(FileChange(str(path), before, content))
        if before is not None and name == LAUNCHER_FILE and not Program(path).is_executable():
            notes.append(f"make the launcher executable, or Occlum refuses it: chmod 755 {path}")
    return changes, notes


def _image_notes(document: Document, runtime: PremainRuntime, config: Path) -> list[str]:
    folder = "" if instance_folder(config) else "../"
    name = f"{folder}{Path(document.path).name}"
    files = counted(runtime.files, "file")
    what = f"{files}, {runtime.size / (1 << 20):.1f} MiB" if runtime.is_there else ""
    contents = f" ({what})" if what else ""
    notes = [
        f"of Python goes into the image: {runtime.folder}{contents} as {IMAGE_FOLDER}, with the "
        f"shared libraries that copy_bom finds for it, and the launcher {LAUNCHER}",
        f"fill the image, in the instance's folder: copy_bom -f {name} --root image {_INCLUDES}",
    ]
    if cure := runtime.cure():
        notes.append(cure)
    if not folder:
        return notes
    return [
        *notes,
        f"{TARGETS} in {document.path} are relative to the instance's folder, taken to lie beside "
        f"{config.name}",
    ]
