"""Embedded files, and where the manifest's files land."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ringtaw_premain.build_hookspecs import Finding

from ringtaw_ego.build._mounts import host_folder
from ringtaw_ego.build.configuration import Configuration

_HEAD: Final = 65536
_PRIVATE: Final = b"PRIVATE KEY-----"
_GRAMINE_KEYS: Final = "/dev/attestation/"


def check_files(config: Configuration) -> Iterator[Finding]:
    """Yield findings about files, and about Files of the manifest."""
    for at in range(config.subject.count("files")):
        yield from _check_source(config, at)
        yield from _check_target(config, at)
    yield from _check_manifest_files(config)


def _check_source(config: Configuration, at: int) -> Iterator[Finding]:
    source = config.subject.text("files", at, "source")
    if source:
        path = Path(config.subject.document.path).parent / source  # where people sign
        if not os.path.isfile(path):
            yield config.subject.finding(
                "missing-source",
                "files",
                at,
                "source",
                message=f"{path} is not there; `ego sign` looks in its own working directory",
                cure="correct the path, or run `ego sign` where it is right",
            )
        elif _holds_private_key(path):
            yield config.subject.finding(
                "secret-in-clear",
                "files",
                at,
                "source",
                message="holds a private key, and the signed executable shows it",
                cure="let the Coordinator's manifest give it: Parameters.Files of the Marble",
            )
    if config.subject.text("files", at, "content"):
        yield config.subject.finding(
            "no-effect",
            "files",
            at,
            "content",
            message="`ego sign` puts the source's content in its place",
            cure="remove it",
        )


def _check_target(config: Configuration, at: int) -> Iterator[Finding]:
    target = config.subject.text("files", at, "target")
    if not target:
        return
    if not target.startswith("/"):
        yield config.subject.finding(
            "mount-target",
            "files",
            at,
            "target",
            message="not an absolute path",
            cure='begin it with "/"',
        )
    elif folder := host_folder(config, target):
        yield config.subject.finding(
            "file-on-host",
            "files",
            at,
            "target",
            message=f"{folder} is a folder of the host, which can change the file once it is there",
            cure="give it a target outside of hostfs mounts",
        )


def _check_manifest_files(config: Configuration) -> Iterator[Finding]:
    for path in config.marble.files if config.marble else ():
        keys = ("Marbles", config.marble.name if config.marble else "", "Parameters", "Files", path)
        if folder := host_folder(config, path):
            yield config.subject.manifest_finding(
                "file-on-host",
                *keys,
                message=f"{folder} is a folder of the host: what is written there is readable on "
                "the host, and the host can change it",
                cure="write it outside of hostfs mounts: there it stays in the enclave's memory",
            )
        elif path.startswith(_GRAMINE_KEYS):
            yield config.subject.manifest_finding(
                "foreign-file",
                *keys,
                message="sets a key in Gramine; EGo has no such files",
                cure="give the key by Env, and encrypt in the program",
            )


def _holds_private_key(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return _PRIVATE in file.read(_HEAD)
    except OSError:
        return False
