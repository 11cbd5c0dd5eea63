"""Rules on sgx.allowed_files, which the host can change at will, and create.

Gramine compares paths as text, a relative one with relative ones. What is allowed is not hashed,
even if it is trusted as well (Gramine 1.9, libos/src/fs/chroot/allowed.c and fs.c).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ringtaw_premain.build_hookspecs import Finding

from .code_places import changeable_places, library_places
from .configuration import EVERYTHING, Configuration, covers, normal
from .premain import Premain
from .template import is_unknown

_CODE: Final = re.compile(r".*\.(so(\.[0-9]+)*|py|pyc|pth)|/etc/ld\.so\..*")
_SYSTEM: Final = {
    "/etc": "with it /etc/ld.so.preload, which libraries are loaded from, and certificates",
    **dict.fromkeys(("/bin", "/sbin", "/usr/bin", "/usr/sbin"), "programs among it"),
    **dict.fromkeys(
        (
            *("/lib", "/lib64", "/lib/x86_64-linux-gnu"),
            *("/usr/lib", "/usr/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/local/lib"),
        ),
        "libraries among it",
    ),
}
"""Folders that nobody allows as a whole, and what is in them."""


def allowed_findings(config: Configuration, premain: Premain) -> Iterator[Finding]:
    """Yield which entries let the host choose what runs; the worst of each."""
    for index, allowed in config.allowed:
        if allowed == EVERYTHING:
            yield _everything(config, index)
            continue
        system = _system(config, allowed)
        message = system or _code(config, premain, allowed)
        if message:
            yield config.subject.finding(
                "allowed-system" if system else "allowed-code",
                "sgx",
                "allowed_files",
                index,
                message=message,
                cure="move it to sgx.trusted_files, or allow only what is written",
            )


def _everything(config: Configuration, index: int) -> Finding:
    written = config.written("allowed_files", index)
    meaning = "" if normal(written).startswith("/") else ", which is not this folder,"
    return config.subject.finding(
        "allowed-everything",
        "sgx",
        "allowed_files",
        index,
        message=f'"file:{written}"{meaning} allows every absolute path: whatever of the host is '
        "mounted, libraries among it, the host can change",
        cure='name the files and folders that are written, such as "file:uuid", "file:data/"',
    )


def _system(config: Configuration, allowed: str) -> str:
    """Return what the host can change if a folder of the system is allowed and mounted."""
    for folder, what in _SYSTEM.items():
        if covers(allowed, folder) and _is_mounted(config, folder):
            return f"the host can change {allowed}, {what}"
    return ""


def _is_mounted(config: Configuration, folder: str) -> bool:
    sources = (mount.uri.removeprefix("file:") for mount in config.mounts if mount.uri)
    return any(covers(source, folder) or covers(folder, source) for source in sources)


def _code(config: Configuration, premain: Premain, allowed: str) -> str:
    """Return what the host can change that is run; "" if there is nothing."""
    for host, path in changeable_places(config, premain):
        if host and (covers(allowed, host) or covers(host, allowed)):
            return f"the host can change {path}, which is run"
    for host, path in library_places(config):
        if host and covers(allowed, host):
            return f"the host can change {path}, where libraries are looked for"
    for _, trusted in config.trusted:
        if covers(allowed, trusted.rstrip("/")) and not is_unknown(allowed):
            return f"the trusted {trusted} is in it, and no longer checked"
    return "it is code, which the host can change" if _CODE.fullmatch(allowed) else ""
