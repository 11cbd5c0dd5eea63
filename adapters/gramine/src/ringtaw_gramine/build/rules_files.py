"""Rules on which files of the host are trusted and allowed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Final

from ringtaw_premain.build_hookspecs import Finding

from .configuration import DEVICE, PSEUDO, Configuration, covers
from .premain import Kind, Premain
from .stand_ins import RUNTIME_FOLDERS
from .template import is_unknown

_CODE: Final = re.compile(r".*\.(so(\.[0-9]+)*|py|pyc|pth)")


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
    yield from _allowed_code(config, premain)
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


def _allowed_code(config: Configuration, premain: Premain) -> Iterator[Finding]:
    run = {config.place(path).host: path for _, path in code_paths(config, premain)}
    for index, allowed in config.allowed:
        message = ""
        for host, path in run.items():
            if host and (covers(allowed, host) or covers(host, allowed)):
                message = f"the host can change {path}, which is run"
        for _, trusted in config.trusted:
            if covers(allowed, trusted.rstrip("/")) and not is_unknown(allowed):
                message = message or f"the trusted {trusted} is in it, and no longer checked"
        if not message and _CODE.fullmatch(allowed):
            message = "it is code, which the host can change"
        if message:
            yield config.subject.finding(
                "allowed-code",
                "sgx",
                "allowed_files",
                index,
                message=message,
                cure="move it to sgx.trusted_files, or allow only what is written",
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
