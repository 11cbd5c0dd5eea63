"""Rules on what the premain itself needs: names to resolve, a UUID to keep, memory for its key."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final

from ringtaw_premain.build_hookspecs import Finding, Severity

from .configuration import Configuration
from .premain import Kind, Premain

_MEMORY: Final = ("/dev/shm", "/tmp")  # noqa: S108 - where the premain's file may be
_COORDINATOR: Final = "EDG_MARBLE_COORDINATOR_ADDR"
_EXTRA: Final = "enable_extra_runtime_domain_names_conf"
_SEALING_KEYS: Final = ("_sgx_mrenclave", "_sgx_mrsigner")


def place_findings(config: Configuration, premain: Premain) -> Iterator[Finding]:
    """Yield what the premain would miss."""
    if premain.is_there:
        yield from _names(config)
        yield from _uuid_file(config)
    if premain.kind is Kind.PYTHON:
        yield from _private_memory(config)


def _names(config: Configuration) -> Iterator[Finding]:
    if _asks_localhost(config):
        if not _can_read(config, "/etc/hosts"):
            yield config.subject.finding(
                "names",
                "fs",
                "mounts",
                message="there is no /etc/hosts inside, so localhost has no address",
                cure="mount one at /etc/hosts and trust it, or call the Coordinator 127.0.0.1",
            )
    elif not config.subject.flag("sys", _EXTRA) and not _can_read(config, "/etc/resolv.conf"):
        yield config.subject.finding(
            "names",
            "sys",
            _EXTRA,
            message="there is no /etc/resolv.conf inside: names have no address",
            cure=f"set sys.{_EXTRA} = true",
        )


def _asks_localhost(config: Configuration) -> bool:
    fixed = config.environment(_COORDINATOR)
    if fixed is None:
        return not config.passes_through(_COORDINATOR)  # then it is the default
    return fixed.startswith("localhost:")


def _can_read(config: Configuration, path: str) -> bool:
    place = config.place(path)
    return config.can_read(place) or not place.is_certain


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
