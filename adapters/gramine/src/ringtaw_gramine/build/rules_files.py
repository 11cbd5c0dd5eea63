"""Rules on which files of the host are trusted and allowed."""

from __future__ import annotations

import os
from collections.abc import Iterator

from ringtaw_premain.build_hookspecs import Finding

from .code_places import code_paths
from .configuration import DEVICE, PSEUDO, Configuration, covers
from .premain import Premain
from .rules_allowed import allowed_findings
from .stand_ins import RUNTIME_FOLDERS


def file_findings(config: Configuration, premain: Premain) -> Iterator[Finding]:
    """Yield what is wrong with trusted and allowed files."""
    if not config.checks_files:
        yield config.subject.finding(
            "file-check-policy",
            "sgx",
            "file_check_policy",
            message="files of the host that are neither trusted nor allowed are taken unchecked",
            cure="remove it, and name the files in sgx.trusted_files",
        )
    yield from allowed_findings(config, premain)
    yield from _directories(config)
    yield from _mounts(config)
    yield from _untrusted(config, premain)


def _mounts(config: Configuration) -> Iterator[Finding]:
    for mount in config.mounts:
        if mount.kind in ("pseudo", "tmpfs") or mount.path == "/":
            continue
        if covers(mount.path, DEVICE) or covers(DEVICE, mount.path):
            yield config.subject.finding(
                "device-hidden",
                *mount.keys,
                message=f"{mount.uri} hides Gramine's {DEVICE}: keys and quotes become the host's",
                cure=f"mount nothing over {DEVICE}",
            )
        elif any(covers(folder, mount.uri.removeprefix("file:")) for folder in PSEUDO):
            yield config.subject.finding(
                "insecure-mount",
                *mount.keys,
                message=f"{mount.uri} is what the host's kernel says, unchecked",
                cure="remove it: Gramine has its own /proc, /dev and /sys",
            )


def _directories(config: Configuration) -> Iterator[Finding]:
    for index, path in config.trusted:
        on_host, ended = config.on_host(path.rstrip("/")), path.endswith("/")
        is_folder = os.path.isdir(on_host) or path.rstrip("/") in RUNTIME_FOLDERS
        if is_folder == ended or not (is_folder or os.path.isfile(on_host)):
            continue
        what, cure = ("a file", "remove the") if ended else ("a directory", "add a")
        yield config.subject.finding(
            "trusted-directory",
            "sgx",
            "trusted_files",
            index,
            message=f"{path} is {what}: the manifest cannot be signed",
            cure=f'{cure} "/" at the end',
        )


def _untrusted(config: Configuration, premain: Premain) -> Iterator[Finding]:
    for keys, path in code_paths(config, premain):
        place = config.place(path)
        if config.can_read(place) or not place.is_certain:
            continue
        yield config.subject.finding(
            "not-trusted",
            *keys,
            message=f"{path} is the host's {place.host}, which is not trusted: it cannot be opened",
            cure=f'add "file:{place.host}" to sgx.trusted_files, or correct fs.mounts',
        )
