"""File systems of the enclave.

Source: EGo documentation, "Configuration file"; ego/config/config.go, ego/premain/core/core.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ringtaw_premain.build_hookspecs import Finding

from ringtaw_ego.build.configuration import Configuration
from ringtaw_ego.build.paths import is_below, normal

MARBLE_HOSTFS: Final = "/edg/hostfs"
"""Where EGo mounts the host's root in every Marble, for the file with its UUID."""

_TRUSTED: Final = ("/etc", "/etc/ssl", "/usr/share/ca-certificates", "/usr/local/share", "/usr")


def check_mounts(config: Configuration) -> Iterator[Finding]:
    """Yield findings about mounts."""
    seen: set[str] = set()
    for at in range(config.subject.count("mounts")):
        target = config.subject.text("mounts", at, "target")
        if not target:
            continue
        if target in seen:
            yield _duplicate(config, at, target)
        seen.add(target)
        if not target.startswith("/"):
            yield _relative(config, at)
        if config.subject.text("mounts", at, "type") == "hostfs":
            yield from _check_host(config, at, target)
        elif config.subject.text("mounts", at, "type") == "memfs":
            yield from _check_memory(config, at)


def host_folder(config: Configuration, path: str) -> str | None:
    """Return the mount of the host's that a path of the enclave is in, if it is in one."""
    found = ("memfs", "/")
    mounts = [("hostfs", MARBLE_HOSTFS)]
    for at in range(config.subject.count("mounts")):
        kind = config.subject.text("mounts", at, "type")
        target = config.subject.text("mounts", at, "target")
        if kind and target:
            mounts.append((kind, normal(target)))
    for kind, target in mounts:
        if is_below(path, target) and len(target) >= len(found[1]):
            found = (kind, target)
    return found[1] if found[0] == "hostfs" else None


def _check_host(config: Configuration, at: int, target: str) -> Iterator[Finding]:
    if not config.subject.text("mounts", at, "source"):
        yield config.subject.finding(
            "mount-source",
            "mounts",
            at,
            message="a hostfs needs a source",
            cure='add "source": the folder of the host',
        )
    if normal(target) == "/":
        yield config.subject.finding(
            "hostfs-root",
            "mounts",
            at,
            message="all files of the enclave are the host's, in the clear",
            cure="mount the folder that the program needs at a place of its own",
        )
    elif any(is_below(target, folder) for folder in _TRUSTED):
        yield config.subject.finding(
            "hostfs-trust",
            "mounts",
            at,
            "target",
            message=f"{target} holds what programs trust, such as root certificates, and the host "
            "can change it",
            cure="embed the files instead, under files: they are measured",
        )
    else:
        yield config.subject.finding(
            "hostfs-mount",
            "mounts",
            at,
            message=f"{target} is a folder of the host: in the clear, and the host's to change",
            cure="encrypt what the program writes there, and trust nothing that it reads there",
        )


def _check_memory(config: Configuration, at: int) -> Iterator[Finding]:
    if config.subject.text("mounts", at, "source") not in (None, "", "/"):
        yield config.subject.finding(
            "no-effect",
            "mounts",
            at,
            "source",
            message="a memfs has no source",
            cure="remove it, or make it a hostfs if the host's files are meant",
        )
    if config.subject.flag("mounts", at, "readOnly"):
        yield config.subject.finding(
            "no-effect",
            "mounts",
            at,
            "readOnly",
            message="a memfs begins empty, so nothing can ever be read from it",
            cure="remove readOnly",
        )


def _duplicate(config: Configuration, at: int, target: str) -> Finding:
    return config.subject.finding(
        "mount-duplicate",
        "mounts",
        at,
        "target",
        message=f"{target} is mounted already",
        cure="remove one of the two",
    )


def _relative(config: Configuration, at: int) -> Finding:
    return config.subject.finding(
        "mount-target",
        "mounts",
        at,
        "target",
        message="not an absolute path",
        cure='begin it with "/"',
    )
