"""A Gramine manifest as its rules look at it: what is mounted where, trusted, allowed, set.

Source: Gramine documentation, "Manifest syntax"; libos/src/fs/libos_fs.c and libos/src/fs/chroot.
"""

from __future__ import annotations

import os
import posixpath
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from ringtaw_buildkit.subject import Subject

from .template import is_unknown

DEVICE: Final = "/dev/attestation"
"""Directory of Gramine's pseudo-files."""

EVERYTHING: Final = "/"
"""What begins every absolute path."""

PSEUDO: Final = ("/proc", "/dev", "/sys")
"""Directories that Gramine makes up itself."""


@dataclass(frozen=True, slots=True)
class Mount:
    """One file system. ``keys`` is its place in the manifest."""

    kind: str
    path: str
    uri: str
    key_name: str
    keys: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a path inside Gramine leads."""

    mount: Mount
    host: str
    """The host's path; "" where there is none."""
    is_certain: bool
    """False where a variable that was not given may lead it elsewhere."""


class Configuration:
    """The views that rules share. Values of a wrong type, already reported, count as absent."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self._folder = os.path.dirname(subject.document.path)

    @cached_property
    def mounts(self) -> tuple[Mount, ...]:
        """All mounts in Gramine's order: the root, its own pseudo-files, the manifest's."""
        return (
            self._mount(("fs", "root"), "/"),
            *(Mount("pseudo", path, "", "", ("fs", "mounts")) for path in PSEUDO),
            *(
                self._mount(("fs", "mounts", index), self._text("fs", "mounts", index, "path"))
                for index in range(self.subject.count("fs", "mounts"))
            ),
        )

    @cached_property
    def _has_unknown_mount(self) -> bool:
        return any(is_unknown(mount.path) for mount in self.mounts)

    @cached_property
    def trusted(self) -> tuple[tuple[int, str], ...]:
        """Positions and host paths of sgx.trusted_files; a "/" at the end is kept."""
        entries = self._entries("trusted_files")
        return tuple(
            (index, posixpath.join(normal(path), "") if path.endswith("/") else normal(path))
            for index, path in entries
        )

    @cached_property
    def allowed(self) -> tuple[tuple[int, str], ...]:
        """Positions and host paths of sgx.allowed_files.

        To Gramine "." is a path of no characters, with which every absolute one begins.
        """
        entries = ((index, normal(path)) for index, path in self._entries("allowed_files"))
        return tuple((index, EVERYTHING if path == "." else path) for index, path in entries)

    def written(self, name: str, index: int) -> str:
        """Return an entry of sgx.trusted_files or sgx.allowed_files as it is, without "file:"."""
        return dict(self._entries(name))[index]

    @property
    def checks_files(self) -> bool:
        """Whether Gramine refuses files that are neither trusted nor allowed."""
        return self.subject.text("sgx", "file_check_policy") != "allow_all_but_log"

    def place(self, path: str) -> Place:
        """Return where a path inside Gramine leads; a relative one begins at fs.start_dir."""
        inside = normal(posixpath.join("/", self._text("fs", "start_dir"), path))
        mount = next(m for m in reversed(self.mounts) if covers(m.path, inside))
        rest = inside[len(mount.path) :].lstrip("/")
        backed = mount.kind in ("chroot", "encrypted") and mount.uri.startswith("file:")
        uri = mount.uri.removeprefix("file:")
        host = normal(posixpath.join(uri, rest)) if backed else ""
        return Place(mount, host, not (self._has_unknown_mount or is_unknown(inside + mount.uri)))

    def is_allowed(self, host: str) -> bool:
        """Whether a file of the host may be read, changed and created without any check."""
        return not self.checks_files or any(covers(path, host) for _, path in self.allowed)

    def is_trusted(self, host: str) -> bool:
        """Whether a file of the host, or all in a directory, is measured.

        True also where an entry is not known, since it may be the one.
        """
        return any(
            path.rstrip("/") == host or (path.endswith("/") and host.startswith(path))
            for _, path in self.trusted
        ) or any(is_unknown(path) for _, path in self.trusted)

    def can_read(self, place: Place) -> bool:
        """Whether a file, or something in a directory, can be opened."""
        if place.mount.kind != "chroot" or not place.host:
            return True  # what lies there comes with the Marble's files, or is encrypted
        folder = f"{place.host}/"
        inside = any(path.startswith(folder) for _, path in self.trusted)
        return inside or self.is_trusted(place.host) or self.is_allowed(place.host)

    def on_host(self, host: str) -> str:
        """Return a host path as this process finds it: relative ones begin at the manifest."""
        return os.path.join(self._folder, host)

    def environment(self, name: str) -> str | None:
        """Return the fixed value of a variable."""
        value = self.subject.value("loader", "env", name)
        return (
            value if isinstance(value, str) else self.subject.text("loader", "env", name, "value")
        )

    def passes_through(self, name: str) -> bool:
        """Whether the host sets a variable."""
        return (
            self.subject.flag("loader", "env", name, "passthrough") is True
            or self.subject.flag("loader", "insecure__use_host_env") is True
        )

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """The names in loader.env."""
        env = self.subject.value("loader", "env")
        return tuple(env) if isinstance(env, dict) else ()

    @cached_property
    def hard_coded_keys(self) -> tuple[str, ...]:
        """The names in fs.insecure__keys."""
        keys = self.subject.value("fs", "insecure__keys")
        return tuple(keys) if isinstance(keys, dict) else ()

    @property
    def encrypted(self) -> tuple[Mount, ...]:
        """The encrypted mounts."""
        return tuple(mount for mount in self.mounts if mount.kind == "encrypted")

    def _mount(self, keys: tuple[str | int, ...], path: str) -> Mount:
        default = "file:." if keys == ("fs", "root") and not self.subject.value(*keys) else ""
        return Mount(
            kind=self._text(*keys, "type") or "chroot",
            path=normal(posixpath.join("/", path)),
            uri=self._text(*keys, "uri") or default,
            key_name=self._text(*keys, "key_name") or "default",
            keys=keys,
        )

    def _entries(self, name: str) -> list[tuple[int, str]]:
        entries: Any = self.subject.value("sgx", name)
        uris = []
        for index, entry in enumerate(entries if isinstance(entries, list) else []):
            uri = entry.get("uri") if isinstance(entry, dict) else entry
            if isinstance(uri, str) and uri.startswith("file:"):
                uris.append((index, uri.removeprefix("file:")))
        return uris

    def _text(self, *keys: str | int) -> str:
        return self.subject.text(*keys) or ""


def normal(path: str) -> str:
    """Return a path as Gramine compares it: without "//", "." and ".."."""
    # POSIX lets two leading slashes mean something else, so normpath keeps them.
    return posixpath.normpath("/" + path.lstrip("/") if path.startswith("/") else path)


def covers(directory: str, path: str) -> bool:
    """Whether a path is a directory or something in it."""
    return path == directory or path.startswith(posixpath.join(directory, ""))
