"""What is in an Occlum image, as far as it can be seen from beside the configuration.

Two places are looked at: the folder ``image`` of an instance, and copy_bom files with what they
copy. Absence there proves something only if the image was filled.
"""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ringtaw_buildkit.document import Document

from ringtaw_occlum.build.copy_bom import copied, made
from ringtaw_occlum.build.interpreters import is_interpreter
from ringtaw_occlum.build.paths import is_below, normal

_HEAD: Final = 512
_MAX_LINKS: Final = 40
_MAX_ENTRIES: Final = 20000
INSTANCE_FILES: Final = (".__occlum_status", "image", "initfs")
"""What `occlum new` makes in the folder of an instance, beside Occlum.json."""


def instance_folder(config: Path) -> Path | None:
    """Return the folder of the instance that a configuration lies in, if it lies in one."""
    folder = config.parent
    return folder if any((folder / name).exists() for name in INSTANCE_FILES) else None


@dataclass(frozen=True, slots=True)
class Program:
    """A file of the image, where it is on the host."""

    path: Path

    def is_executable(self) -> bool:
        """Whether its permissions let it be executed."""
        try:
            return bool(self.path.stat().st_mode & (stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH))
        except OSError:
            return True

    def head(self, size: int) -> bytes:
        """Return how it begins; nothing if it cannot be read."""
        try:
            with self.path.open("rb") as file:
                return file.read(size)
        except OSError:
            return b""

    def interpreter_line(self) -> str | None:
        """Return what follows ``#!`` on its first line, if it is a script."""
        head = self.head(_HEAD)
        if not head.startswith(b"#!"):
            return None
        return head[2:].split(b"\n", 1)[0].decode(errors="replace").lstrip(" \t")


@dataclass(frozen=True, slots=True)
class Image:
    """The image's folder, and the copy_bom files that fill it."""

    root: Path | None
    """None where there is none, or an empty one."""
    base: Path
    """What the sources in copy_bom files are relative to, or the best guess."""
    plans: tuple[Document, ...]

    def find(self, path: str) -> Program | None:
        """Return the program at an absolute path of the enclave, if its file can be found."""
        if self.root and (found := _resolve(self.root, path)):
            return Program(found)
        for plan in self.plans:
            for item in copied(plan):
                source = self._source(item.source)
                if item.is_folder and is_below(path, item.target):
                    source /= posixpath.relpath(normal(path), item.target)
                elif normal(path) != item.target:
                    continue
                if os.path.isfile(source):
                    return Program(source)
        return None

    def lacks(self, path: str) -> bool:
        """Whether the image is filled and surely has nothing at that path."""
        if self.find(path) or any(
            is_below(path, link) for plan in self.plans for link in made(plan)
        ):
            return False
        if self.root:
            return not self._planned(path) and not os.path.lexists(self.root / normal(path)[1:])
        return bool(self.plans) and not self._planned(path) and not self.includes_others()

    def interpreters(self, folder: str) -> list[str]:
        """Return interpreters of the image in a folder of it, by path."""
        found = {path for path in self._paths(folder) if is_interpreter(path)}
        return sorted(found)

    def has_source(self, source: str) -> bool:
        """Whether what a copy_bom file copies is there."""
        return os.path.exists(self._source(source))

    def includes_others(self) -> bool:
        """Whether a copy_bom file includes others than Occlum's base, which may lie anywhere."""
        return any(
            isinstance(plan.data, dict) and any(name != "base.yaml" for name in _names(plan.data))
            for plan in self.plans
        )

    def _planned(self, path: str) -> bool:
        return any(
            normal(path) == item.target or (item.is_folder and is_below(path, item.target))
            for plan in self.plans
            for item in copied(plan)
        )

    def _source(self, source: str) -> Path:
        # By name alone: the instance need not be there yet.
        return Path(os.path.normpath(self.base / os.path.expandvars(source)))

    def _paths(self, folder: str) -> Iterator[str]:
        if self.root:
            yield from _walk(self.root, normal(folder))
        for plan in self.plans:
            named = [item.target for item in copied(plan) if not item.is_folder]
            yield from (path for path in (*named, *made(plan)) if is_below(path, folder))


def _names(data: dict[str, Any]) -> list[Any]:
    includes = data.get("includes")
    return includes if isinstance(includes, list) else []


def read_image(config: Path, plans: Iterable[Document]) -> Image:
    """Return what can be seen of the image that belongs to a configuration."""
    instance = instance_folder(config)
    root = instance / "image" if instance else None
    # Beside no instance, people run copy_bom in one that lies in the configuration's folder.
    base = instance or config.parent / "occlum-instance"
    return Image(root if root and _is_filled(root) else None, base, tuple(plans))


def _is_filled(root: Path) -> bool:
    return next(_walk(root, "/"), None) is not None


def _walk(root: Path, folder: str) -> Iterator[str]:
    """Yield the enclave's paths of files and links below a folder of the image."""
    left = _MAX_ENTRIES
    for parent, _, names in os.walk(root / folder[1:]):
        for name in names:
            left -= 1
            if left < 0:
                return
            yield "/" + os.path.relpath(os.path.join(parent, name), root)


def _resolve(root: Path, path: str) -> Path | None:
    """Return the file at a path of the image, its links taken as the enclave takes them."""
    at, rest, links = "/", normal(path).split("/")[1:], 0
    while rest:
        at = normal(posixpath.join(at, rest.pop(0)))
        host = root / at[1:]
        if os.path.islink(host):
            links += 1
            if links > _MAX_LINKS:
                return None
            goal = normal(posixpath.join(posixpath.dirname(at), os.readlink(host)))
            at, rest = "/", goal.split("/")[1:] + rest
    found = root / at[1:]
    return found if os.path.isfile(found) else None
