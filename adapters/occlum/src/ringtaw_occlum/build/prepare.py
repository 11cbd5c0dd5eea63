"""Makes the premain the entry point of an Occlum configuration."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ringtaw_buildkit import json_array
from ringtaw_buildkit.document import parse_json, read_text
from ringtaw_buildkit.json_edit import set_value
from ringtaw_premain.build_hookspecs import FileChange, Preparation, PrepareRequest

from ringtaw_occlum.build._environment import MARBLE_VARIABLES
from ringtaw_occlum.build._prepare_image import image_changes
from ringtaw_occlum.build._resources import (
    PREMAIN_KERNEL_HEAP,
    kernel_heap,
    needed_user_space,
    user_space,
)
from ringtaw_occlum.build.configuration import Configuration, configuration
from ringtaw_occlum.build.editable import require_valid
from ringtaw_occlum.build.paths import normal
from ringtaw_occlum.build.premain_runtime import LAUNCHER, LIBRARIES, PremainRuntime, read_runtime
from ringtaw_occlum.build.sizes import MIB, megabytes

LIBRARY_PATH: Final = "LD_LIBRARY_PATH"
_EXAMPLE: Final = "/bin/hello"


def prepare(request: PrepareRequest) -> Preparation:
    """Return the changes to Occlum.json, the copy_bom file and the launcher, and what to do next.

    Raises:
        PlatformError: A file cannot be read, or is not one that can be edited safely.
    """
    document = parse_json(request.config, read_text(request.config))
    require_valid(document, "occlum")
    config = configuration(document, (), None)
    runtime = read_runtime(Path(request.config), request.runtime)
    text, notes = _edited(config)
    changes = [FileChange(document.path, document.text, text)] if text != document.text else []
    more, image_notes = image_changes(request, runtime)
    return Preparation(
        changes=(*changes, *more),
        notes=(*notes, *image_notes, *_advice(config, runtime)),
    )


def _edited(config: Configuration) -> tuple[str, list[str]]:
    notes: list[str] = []
    text = _with_entry_point(config, notes)
    text = _with_library_path(_with_variables(text, config), config)
    for key, limit, needed in _too_small(config):
        text = set_value(text, ("resource_limits", key), megabytes(needed))
        notes.append(f"resource_limits.{key}: {megabytes(limit)} is too little beside the premain")
    return text, notes


def _with_entry_point(config: Configuration, notes: list[str]) -> str:
    text = config.subject.document.text
    before = _programs(config)
    if [normal(path) for path in before] == [LAUNCHER]:
        return text
    notes.append(
        f"entry_points: {json.dumps(before)} becomes the premain's launcher alone; the premain "
        "starts your program, which needs no entry point for that"
    )
    if len(before) == 1:
        return set_value(text, ("entry_points", 0), LAUNCHER)
    return set_value(text, ("entry_points",), [LAUNCHER])


def _with_variables(text: str, config: Configuration) -> str:
    known = config.default_variables().keys() | config.untrusted_variables()
    for name in MARBLE_VARIABLES:
        if name not in known:
            text = json_array.append(text, ("env", "untrusted"), name)
    return text


def _with_library_path(text: str, config: Configuration) -> str:
    """Let the premain's Python find its libraries; the launcher takes the folder out again."""
    for at, variable in config.subject.texts("env", "default"):
        name, _, value = variable.partition("=")
        if name == LIBRARY_PATH:
            folders = value.split(":")
            if LIBRARIES in folders:
                return text
            return set_value(
                text, ("env", "default", at), f"{name}={':'.join([LIBRARIES, *folders])}"
            )
    return json_array.append(text, ("env", "default"), f"{LIBRARY_PATH}={LIBRARIES}")


def _too_small(config: Configuration) -> Iterator[tuple[str, int, int]]:
    """Yield the limits to raise: key, bytes that it gives, bytes that are needed."""
    needs = (
        ("user_space", user_space(config), -(-needed_user_space(config) // MIB) * MIB),
        ("kernel_space_heap", kernel_heap(config), PREMAIN_KERNEL_HEAP),
    )
    for name, limit, needed in needs:
        if limit is not None and limit < needed:
            most = f"{name}_max_size"
            has_most = config.subject.text("resource_limits", most) is not None
            yield most if has_most else f"{name}_size", limit, needed


def _programs(config: Configuration) -> list[str]:
    return [path for _, path in config.subject.texts("entry_points")]


def _advice(config: Configuration, runtime: PremainRuntime) -> Iterator[str]:
    argv = json.dumps([_program(config) or _EXAMPLE])
    yield (
        "the manifest names your program: its absolute path in the image is the Marble's Argv[0], "
        f'"Parameters": {{"Argv": {argv}}}'
    )
    yield (
        "the runtime's Python must run on Occlum's C library (glibc 2.31 or musl 1.1.24): make it "
        "of a Python for those, such as conda's, not of a newer distribution's"
    )
    if not runtime.is_there:
        yield f"{runtime.folder} is not there yet: make it (ringtaw runtime build)"
    if config.is_debuggable():
        yield "metadata.debuggable is true: set it to false before production"
    yield (
        "then: occlum build --sign-key KEY.pem with a key of your own, ringtaw occlum check, and "
        f"occlum run {LAUNCHER}"
    )


def _program(config: Configuration) -> str | None:
    """Return the program that was the entry point, if it was one and no folder."""
    for path in _programs(config):
        root = config.image.root
        is_file = root is not None and os.path.isfile(root / normal(path)[1:])
        if normal(path) != LAUNCHER and is_file:
            return path
    return None
