"""Adds the premain to a user's existing Gramine manifest or template.

What it needs is in the Gramine documentation ("Manifest syntax") and MarbleRun's ("Building a
service: Gramine"): the premain is the entry point, the program it becomes is measured with
``loader.argv``, and everything that the two load is trusted.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ringtaw_buildkit.counting import counted
from ringtaw_buildkit.document import DocumentError, parse_toml, read_text
from ringtaw_buildkit.python_runtime import INTERPRETER, MANIFEST, OPTIONS, read_manifest
from ringtaw_buildkit.subject import Subject
from ringtaw_premain.build_hookspecs import FileChange, Preparation, PrepareRequest
from ringtaw_premain.errors import PlatformError

from ._prepare_check import require_intended
from ._prepare_needs import Needs, add_needs
from ._template_edit import Editor
from ._template_source import Statement
from .configuration import Configuration
from .kinds import KINDS
from .premain import MARBLERUNS_FILE, MODULE, Kind, Premain, find_premain
from .reading import RENDERED
from .template import render

INSIDE: Final = "/premain"
"""Where the premain's runtime is in the enclave."""
_FOLDER: Final = re.compile(r"[\w./-]+")
_COMMAND_LINE: Final = ("loader", "insecure__use_cmdline_argv")
_FROM_FILE: Final = ("loader", "argv_src_file")


def prepare(request: PrepareRequest) -> Preparation:
    """Return the changed manifest and what is left for a person to do.

    Raises:
        PlatformError: It cannot be read, or not be edited safely; a DocumentError says where.
    """
    if not _FOLDER.fullmatch(request.runtime):
        raise PlatformError(
            f"the runtime's folder {request.runtime!r} has characters that a manifest gives a "
            "meaning",
            hint="use letters, digits and -_./ only",
        )
    text = read_text(request.config)
    before, ending = _with_newlines(request.config, text)
    config = _configuration(request.config, before)
    premain = find_premain(config)
    if premain.kind is Kind.PYTHON:
        return Preparation((), tuple(_runtime_notes(request)))
    after = _edited(request, before, config, premain)
    prepared = _configuration(request.config, after)
    require_intended(config, prepared)
    change = FileChange(request.config, text, after.replace("\n", ending))
    return Preparation((change,), tuple(_notes(request, config, premain, prepared)))


def _with_newlines(path: str, text: str) -> tuple[str, str]:
    """Return the text with plain newlines, and what stands for one in the file."""
    if "\r" not in text:
        return text, "\n"
    plain = text.replace("\r\n", "\n")
    if "\r" in plain or text.count("\r\n") != text.count("\n"):
        raise DocumentError(path, None, "its lines end in different ways", "let all end the same")
    return plain, "\r\n"


def _configuration(path: str, text: str) -> Configuration:
    """Return what a text says, templates with stand-ins for what is not known."""
    if not path.endswith(RENDERED):
        text = render(path, text, {}).text
    return Configuration(Subject(parse_toml(path, text), KINDS))


def _edited(request: PrepareRequest, text: str, config: Configuration, premain: Premain) -> str:
    editor = Editor(request.config, text)
    program = _program(request.config, editor, premain)
    interpreter = f"{INSIDE}/{INTERPRETER}"
    argv = ", ".join(json.dumps(word) for word in (interpreter, *OPTIONS, "-m", MODULE, "--"))
    _set_argv(editor, f"[{argv}, {program}]")
    editor.set(("libos", "entrypoint"), json.dumps(interpreter))
    needs = Needs(request.runtime, INSIDE, not request.config.endswith(RENDERED))
    add_needs(editor, config, needs)
    return editor.result()


def _program(path: str, editor: Editor, premain: Premain) -> str:
    """Return the application's path as the user wrote it."""
    entrypoint = editor.find("libos", "entrypoint")
    if entrypoint is None:
        cure = "set libos.entrypoint to the path of your program in the enclave"
        raise DocumentError(path, None, "there is no libos.entrypoint", cure)
    if premain.kind is not Kind.MARBLERUN:
        return _whole_string(editor, entrypoint)
    argv = editor.find("loader", "argv")
    elements = editor.elements(argv) if argv else []
    if not elements:
        cure = "put the program's path into loader.argv"
        raise DocumentError(path, None, "loader.argv does not name the program", cure)
    return editor.raw(elements[0])


def _whole_string(editor: Editor, statement: Statement) -> str:
    raw = editor.raw(statement.value)
    if raw[:1] not in ('"', "'") or "{%" in raw or "\n" in raw:
        cure = 'write the program\'s path as one string, such as "/app"'
        raise editor.refused(statement, "libos.entrypoint cannot be moved as it is", cure)
    return raw


def _set_argv(editor: Editor, value: str) -> None:
    """Replace whatever decides the arguments."""
    keys = ("loader", "argv")
    own = editor.find(*keys, cure=f"loader.argv = {value}")
    others = [editor.find(*name) for name in (_COMMAND_LINE, _FROM_FILE)]
    if own:
        editor.set(keys, value)
    for other in filter(None, others):
        if own:
            editor.remove(other)
        else:
            editor.replace_key(other, "argv", value)
            own = other
    if own is None:
        editor.set(keys, value)


def _notes(
    request: PrepareRequest, config: Configuration, premain: Premain, prepared: Configuration
) -> Iterator[str]:
    subject = config.subject
    argv = [text for _, text in subject.texts("loader", "argv")]
    program = premain.program or subject.text("libos", "entrypoint") or ""
    given = {"Parameters": {"Argv": argv or [program]}}
    if premain.kind is Kind.MARBLERUN:
        yield "MarbleRun's premain is replaced" + _what_is_left(prepared)
        yield f"the arguments of {program} stay the Marble's Argv in the Coordinator's manifest"
    else:
        meant = ", with what {{ … }} stands for" if "{{" in json.dumps(given) else ""
        yield (
            f"the arguments of {program} come from the Coordinator's manifest, not from "
            f"loader.argv: put into its Marble {json.dumps(given)}{meant}"
        )
    if subject.flag(*_COMMAND_LINE):
        yield (
            f"{'.'.join(_COMMAND_LINE)} is taken out: with it the host could run anything in the "
            "premain's Python; what the host gave as arguments goes into the Argv as well"
        )
    if subject.text(*_FROM_FILE):
        yield f"what {subject.text(*_FROM_FILE)} holds goes into the Argv as well"
    attestation = subject.text("sgx", "remote_attestation")
    if attestation not in (None, "none", "dcap"):
        yield f'sgx.remote_attestation is {attestation}: see that it becomes "dcap"'
    if not config.passes_through("OE_SIMULATION"):
        yield (
            "for gramine-direct, where there is no quote, add "
            "loader.env.OE_SIMULATION = { passthrough = true }; only a Coordinator in simulation "
            "admits such a Marble"
        )
    yield "sign the manifest again: the premain changes the measurement"
    yield from _runtime_notes(request)


def _what_is_left(prepared: Configuration) -> str:
    """Return where MarbleRun's premain still is."""
    trusted = (f"file:{path}" for _, path in prepared.trusted)
    mounted = (mount.uri for mount in prepared.mounts)
    places = {"sgx.trusted_files": trusted, "fs.mounts": mounted}
    left = [name for name, uris in places.items() if any(map(MARBLERUNS_FILE.fullmatch, uris))]
    return f": take it out of {' and '.join(left)}" if left else ""


def _runtime_notes(request: PrepareRequest) -> Iterator[str]:
    """Yield what of Python goes in."""
    folder = Path(os.path.dirname(request.config), request.runtime)
    if not (folder / MANIFEST).exists():
        yield f"{folder} is not there yet: ringtaw runtime build --adapter gramine {folder}"
        return
    manifest = read_manifest(folder)
    if "gramine" not in manifest.adapters:
        yield f"{folder} lacks Gramine's adapter: ringtaw runtime build --adapter gramine {folder}"
    yield (
        f"the premain with Python {manifest.python}: {counted(len(manifest.files), 'file')}, "
        f"{manifest.size / 1e6:.1f} MB; ringtaw runtime list {folder}"
    )
