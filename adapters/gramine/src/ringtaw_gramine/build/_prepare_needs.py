"""What a premain needs of a Gramine manifest beside being its entry point."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import Final

from ringtaw_buildkit.python_runtime import LIBRARIES
from ringtaw_premain.errors import PlatformError

from ._template_edit import Editor
from .configuration import Configuration, covers
from .premain import MARBLERUNS_FILE, Kind, find_premain
from .stand_ins import RUNTIME_FOLDERS, Runtimedir
from .template import is_unknown

PASSTHROUGHS: Final = (
    "EDG_MARBLE_TYPE",
    "EDG_MARBLE_COORDINATOR_ADDR",
    "EDG_MARBLE_UUID_FILE",
    "EDG_MARBLE_DNS_NAMES",
    "EDG_LOG_FORMAT",
)
"""What the host says: where the Coordinator is, and as what to activate."""
DNS_FILES: Final = ("hosts", "host.conf", "gai.conf", "resolv.conf", "localtime", "nsswitch.conf")
"""In /etc, as MarbleRun's samples have them: the host decides how names are resolved anyway."""
MINIMUMS: Final = {
    ("sgx", "enclave_size"): ("256M", "512M"),
    ("sys", "stack", "size"): ("256K", "2M"),
}
"""Gramine's default, and the least for a Python with the premain. Python recurses deeply in C."""
_MARBLERUNS: Final = re.compile(rf"""(["']){MARBLERUNS_FILE.pattern}\1""")
_THREADS: Final = ("sgx", "max_threads")
_LEAST_THREADS: Final = 4
_PRIVATE: Final = ("/dev/shm", "/tmp")  # noqa: S108 - inside the enclave
_SIZE: Final = re.compile(r"(\d+)([KMG]?)")
_UNITS: Final = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_RUNTIMEDIR: Final = "file:{{ gramine.runtimedir() }}"


@dataclass(frozen=True, slots=True)
class Needs:
    """Where the runtime is on the host and in the enclave; whether Jinja may be written."""

    runtime: str
    inside: str
    is_template: bool


def add_needs(editor: Editor, config: Configuration, needs: Needs) -> None:
    """Add what is not there yet."""
    c_library = _c_library(config, needs)
    _environment(editor, config, needs)
    dns_files = _missing_dns_files(config)
    _mounts(editor, config, needs, bool(dns_files))
    _sizes(editor, config)
    if config.subject.text("sgx", "remote_attestation") in (None, "none"):
        editor.set(("sgx", "remote_attestation"), '"dcap"')
    runtime, trusted = f"file:{needs.runtime.rstrip('/')}/", [f"{c_library}/"]
    if not _takes_place(editor, config, runtime):
        trusted.insert(0, runtime)
    _files(editor, config, "trusted_files", trusted)
    allowed = [] if config.environment("EDG_MARBLE_UUID_FILE") else ["file:uuid"]
    _files(editor, config, "allowed_files", allowed + dns_files)


def _c_library(config: Configuration, needs: Needs) -> str:
    """Return the URI of Gramine's C library, as the manifest writes it."""
    uri = _c_library_uri(config)
    if "musl" in uri:
        raise PlatformError(
            f"{config.subject.document.path}: the program is for musl, the premain's Python for "
            "glibc: both cannot have the same /lib",
            hint="build the program for glibc",
        )
    if uri and not needs.is_template:
        return uri.rstrip("/")
    if not uri and not needs.is_template:
        raise PlatformError(
            f"{config.subject.document.path}: no mount at /lib has Gramine's C library",
            hint="prepare the template, or mount the folder of Gramine's glibc at /lib",
        )
    return _RUNTIMEDIR


def _c_library_uri(config: Configuration) -> str:
    """Return what is mounted as the C library: Gramine's folder anywhere, or what is at /lib."""
    uris = {mount.path: mount.uri for mount in config.mounts}
    own = (uri for uri in uris.values() if uri.removeprefix("file:") in RUNTIME_FOLDERS)
    return next(own, uris.get("/lib", ""))


def _environment(editor: Editor, config: Configuration, needs: Needs) -> None:
    path = f"{needs.inside}/{LIBRARIES}"
    keys = ("loader", "env", "LD_LIBRARY_PATH")
    cure = f"begin the value of LD_LIBRARY_PATH with {path}:"
    existing = editor.find(*keys, cure=cure)
    if existing is None:
        editor.set(keys, json.dumps(f"{path}:/lib"))
    else:
        editor.prefix_string(existing, f"{path}:", cure)
    if config.environment("RINGTAW_ADAPTER") is None:
        editor.set(("loader", "env", "RINGTAW_ADAPTER"), '"gramine"')
    for name in PASSTHROUGHS:
        if config.subject.value("loader", "env", name) is None:
            editor.set(("loader", "env", name), "{ passthrough = true }")


def _mounts(editor: Editor, config: Configuration, needs: Needs, with_etc: bool) -> None:
    mounts: list[dict[str, str]] = []
    if not _c_library_uri(config):
        mounts.append({"path": "/lib", "uri": _RUNTIMEDIR})
    if _has_mount(config, needs.inside):
        raise PlatformError(
            f"{config.subject.document.path}: {needs.inside} is mounted already",
            hint="take that mount out, or move it: the premain is to be there",
        )
    mounts.append({"path": needs.inside, "uri": f"file:{needs.runtime.rstrip('/')}"})
    if with_etc:
        mounts.append({"path": "/etc", "uri": "file:/etc"})
    if not any(config.place(f"{path}/key").mount.kind == "tmpfs" for path in _PRIVATE):
        mounts.append({"type": "tmpfs", "path": _PRIVATE[0]})
    pairs = [[f"{key} = {json.dumps(value)}" for key, value in m.items()] for m in mounts]
    inline = [f"{{ {', '.join(pair)} }}" for pair in pairs]
    editor.append(("fs", "mounts"), inline, ["\n".join(pair) for pair in pairs])


def _missing_dns_files(config: Configuration) -> list[str]:
    """Return the files to allow; none where the manifest has an /etc of its own."""
    own = any(covers("/etc", mount.path) for mount in config.mounts)
    root_has = os.path.isdir(config.on_host("etc"))
    return [] if own or root_has else [f"file:/etc/{name}" for name in DNS_FILES]


def _files(editor: Editor, config: Configuration, name: str, wanted: list[str]) -> None:
    known = set(_uris(config, name))
    missing = [uri for uri in wanted if uri not in known and _rendered(uri) not in known]
    if missing:
        quoted = [json.dumps(uri) for uri in missing]
        editor.append(("sgx", name), quoted, [f"uri = {uri}" for uri in quoted])


def _takes_place(editor: Editor, config: Configuration, uri: str) -> bool:
    """Trust ``uri`` in the place of MarbleRun's premain, if that was there and stands alone."""
    if find_premain(config).kind is not Kind.MARBLERUN or uri in _uris(config, "trusted_files"):
        return False
    return editor.replace_element(("sgx", "trusted_files"), _MARBLERUNS, json.dumps(uri))


def _uris(config: Configuration, name: str) -> list[str]:
    entries = config.subject.value("sgx", name)
    found = entries if isinstance(entries, list) else []
    return [str(each.get("uri")) if isinstance(each, dict) else str(each) for each in found]


def _rendered(uri: str) -> str:
    return uri.replace("{{ gramine.runtimedir() }}", str(Runtimedir()))


def _sizes(editor: Editor, config: Configuration) -> None:
    for keys, (default, least) in MINIMUMS.items():
        given = config.subject.value(*keys)
        has_edmm = keys[0] == "sgx" and given is None and config.subject.flag("sgx", "edmm_enable")
        if not has_edmm and _is_less(default if given is None else given, least):
            editor.set(keys, json.dumps(least))
    threads = config.subject.value(*_THREADS)
    has_edmm = config.subject.flag("sgx", "edmm_enable")
    if type(threads) is int and threads < _LEAST_THREADS and not has_edmm:
        editor.set(_THREADS, str(_LEAST_THREADS))


def _is_less(size: object, other: str) -> bool:
    """Whether a size is known and smaller."""
    if not isinstance(size, str) or is_unknown(size):
        return False
    one, least = _SIZE.fullmatch(size), _SIZE.fullmatch(other)
    if not one or not least:
        return False
    return int(one[1]) * _UNITS[one[2]] < int(least[1]) * _UNITS[least[2]]


def _has_mount(config: Configuration, path: str) -> bool:
    return any(mount.path == path for mount in config.mounts)
