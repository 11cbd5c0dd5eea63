"""Rules on which files of the host are trusted and allowed, and where the premain may write."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Final

from ringtaw_premain.build_hookspecs import Finding, Severity

from .configuration import Configuration, Place, covers
from .premain import Kind, Premain
from .stand_ins import RUNTIME_FOLDERS
from .template import is_unknown

_CODE: Final = re.compile(r".*\.(so(\.[0-9]+)*|py|pyc|pth)")
_MEMORY: Final = ("/dev/shm", "/tmp")  # noqa: S108 - where the premain's file may be
_SEALING_KEYS: Final = ("_sgx_mrenclave", "_sgx_mrsigner")


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
    yield from _untrusted(config, premain)
    if premain.is_there:
        yield from _names(config)
        yield from _uuid_file(config)
    if premain.kind is Kind.PYTHON:
        yield from _private_memory(config)


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
        if _is_readable(config, place) or not place.is_certain:
            continue
        yield config.subject.finding(
            "not-trusted",
            *keys,
            message=f"{path} is the host's {place.host}, which is not trusted: it cannot be opened",
            cure=f'add "file:{place.host}" to sgx.trusted_files, or correct fs.mounts',
        )


def _is_readable(config: Configuration, place: Place) -> bool:
    if place.mount.kind != "chroot" or not place.host:
        return True  # what lies there comes with the Marble's files, or is encrypted
    folder = f"{place.host}/"
    inside = any(path.startswith(folder) for _, path in config.trusted)
    return inside or config.is_trusted(place.host) or config.is_allowed(place.host)


def _names(config: Configuration) -> Iterator[Finding]:
    address = config.environment("EDG_MARBLE_COORDINATOR_ADDR")
    if address is None and not config.passes_through("EDG_MARBLE_COORDINATOR_ADDR"):
        address = "localhost:2001"
    given = config.subject.flag("sys", "enable_extra_runtime_domain_names_conf")
    needed = [] if given else ["/etc/resolv.conf"]
    if address is not None:
        needed = ["/etc/hosts"] if address.startswith("localhost") else needed
    for path in needed:
        place = config.place(path)
        if not place.is_certain or (
            _is_readable(config, place) and place.mount.path.startswith("/etc")
        ):
            continue
        cure = (
            "mount one at /etc/hosts and trust it, or use 127.0.0.1"
            if path == "/etc/hosts"
            else "set sys.enable_extra_runtime_domain_names_conf = true"
        )
        yield config.subject.finding(
            "names",
            "sys" if path == "/etc/resolv.conf" else "fs",
            "enable_extra_runtime_domain_names_conf" if path == "/etc/resolv.conf" else "mounts",
            message=f"there is no {path} inside: names are not resolved",
            cure=cure,
        )


def _uuid_file(config: Configuration) -> Iterator[Finding]:
    fixed = config.environment("EDG_MARBLE_UUID_FILE")
    if fixed is None and not config.passes_through("EDG_MARBLE_UUID_FILE"):
        fixed = os.path.join(config.environment("EDG_CWD") or "", "uuid")
    if fixed is None:
        yield from _uuid_anywhere(config)
        return
    place = config.place(fixed)
    if not place.is_certain:
        return
    match place.mount.kind:
        case "tmpfs":
            yield _uuid_finding(config, f"{fixed} is in memory", Severity.WARNING)
        case "encrypted" if not _has_early_key(config, place.mount.key_name):
            problem = f"{fixed} is on an encrypted mount, whose key comes only with the activation"
            yield _uuid_finding(config, problem, Severity.ERROR)
        case "chroot" if not (config.is_allowed(place.host) or config.is_trusted(place.host)):
            yield _uuid_finding(config, f"{fixed} is not allowed", Severity.ERROR)


def _uuid_anywhere(config: Configuration) -> Iterator[Finding]:
    """The host names the file: is there any place that it could name?"""
    early = any(_has_early_key(config, mount.key_name) for mount in config.encrypted)
    if config.allowed or early or not config.checks_files:
        return
    if any(mount.kind == "tmpfs" for mount in config.mounts):
        yield _uuid_finding(config, "it can only be kept in memory", Severity.WARNING)
    else:
        yield _uuid_finding(config, "there is no place for it", Severity.ERROR)


def _has_early_key(config: Configuration, name: str) -> bool:
    return name in _SEALING_KEYS or name in config.hard_coded_keys


def _uuid_finding(config: Configuration, problem: str, severity: Severity) -> Finding:
    return config.subject.finding(
        "uuid-file",
        "sgx",
        "allowed_files",
        message=f"the premain's UUID: {problem}",
        cure='add its file to sgx.allowed_files, such as "file:uuid", and name it in '
        "EDG_MARBLE_UUID_FILE",
        severity=severity,
    )


def _private_memory(config: Configuration) -> Iterator[Finding]:
    places = [config.place(path) for path in (*_MEMORY, ".")]
    in_memory = any(place.mount.kind in ("tmpfs", "untrusted_shm") for place in places)
    if in_memory or not all(place.is_certain for place in places):
        return
    on_disk = any(place.host and config.is_allowed(place.host) for place in places)
    what = "is on the host's disk" if on_disk else "can be written nowhere: it fails"
    yield config.subject.finding(
        "no-private-memory",
        "fs",
        "mounts",
        message=f"the file by which the premain hands its key to TLS {what}",
        cure='mount memory: { type = "tmpfs", path = "/tmp" }',
        severity=Severity.WARNING if on_disk else Severity.ERROR,
    )
