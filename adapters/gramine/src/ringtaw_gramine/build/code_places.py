"""Where the code lies that runs in an enclave: programs, and folders that more is loaded from."""

from __future__ import annotations

from collections.abc import Iterator

from .configuration import Configuration, Mount, covers, normal
from .premain import Kind, Premain


def code_paths(
    config: Configuration, premain: Premain
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the key that names it and the path, inside Gramine, of each thing that is run."""
    entrypoint = config.subject.text("libos", "entrypoint")
    if entrypoint:
        yield ("libos", "entrypoint"), entrypoint
    if premain.program and " " not in premain.program:
        yield ("loader", "argv", premain.position), premain.program
    if premain.kind is Kind.PYTHON:
        for folder in python_folders(config):
            yield ("loader", "env", "PYTHONPATH"), folder


def python_folders(config: Configuration) -> list[str]:
    """Return the folders of PYTHONPATH."""
    return [folder for folder in (config.environment("PYTHONPATH") or "").split(":") if folder]


def changeable_places(config: Configuration, premain: Premain) -> Iterator[tuple[str, str]]:
    """Yield host path and path inside Gramine of what is run, and of what is mounted in it."""
    for _, path in code_paths(config, premain):
        yield config.place(path).host, path
        for mount in _mounts_in(config, path):
            yield normal(mount.uri.removeprefix("file:")), mount.path


def library_places(config: Configuration) -> Iterator[tuple[str, str]]:
    """Yield host path and path inside Gramine of each folder that libraries are looked for in."""
    for path in (config.environment("LD_LIBRARY_PATH") or "").split(":"):
        if path:
            yield config.place(path).host, path
            for mount in _mounts_in(config, path):
                yield normal(mount.uri.removeprefix("file:")), mount.path


def _mounts_in(config: Configuration, path: str) -> Iterator[Mount]:
    for mount in config.mounts:
        is_host = mount.kind == "chroot" and mount.uri.startswith("file:")
        if is_host and mount.path != normal(path) and covers(normal(path), mount.path):
            yield mount
