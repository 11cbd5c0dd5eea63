"""The schema of Gramine's manifest, beside Gramine's own check."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator
from ringtaw_buildkit.document import Document
from ringtaw_buildkit.schema import schema_findings
from ringtaw_schemas import libos_schema

from tests.support.gramine_checker import TOOL, problems

needs_gramine = pytest.mark.skipif(TOOL is None, reason="gramine-manifest-check is not installed")

SCHEMA: Final = libos_schema("gramine")
HASH: Final = "ab" * 32

COMPLETE: Final[dict[str, Any]] = {
    "libos": {"entrypoint": "/premain", "check_invalid_pointers": True},
    "loader": {
        "entrypoint": {"uri": "file:libsysdb.so", "sha256": HASH},
        "argv": ["a", "b"],
        "argv_src_file": "file:argv",
        "insecure__use_cmdline_argv": False,
        "env": {"A": "1", "B": {"value": "2"}, "C": {"passthrough": True}},
        "env_src_file": "file:env",
        "insecure__use_host_env": False,
        "insecure__disable_aslr": False,
        "uid": 1,
        "gid": 1,
        "log_level": "error",
        "log_file": "log",
    },
    "fs": {
        "mounts": [
            {"path": "/lib", "uri": "file:/lib"},
            {"type": "chroot", "path": "/dev/host", "uri": "dev:/dev/host"},
            {
                "type": "encrypted",
                "path": "/data",
                "uri": "file:data",
                "key_name": "data",
                "enable_recovery": True,
            },
            {"type": "tmpfs", "path": "/tmp"},
            {"type": "untrusted_shm", "path": "/dev/shm", "uri": "dev:/dev/shm"},
        ],
        "root": {"type": "chroot", "uri": "file:root"},
        "start_dir": "/app",
        "insecure__keys": {"data": "0" * 32},
    },
    "sgx": {
        "allowed_files": ["file:uuid", "dev:/dev/tty"],
        "trusted_files": ["file:a/", {"uri": "file:b", "sha256": HASH}],
        "cpu_features": {
            "avx": "required",
            "avx512": "disabled",
            "amx": "unspecified",
            "mpx": "disabled",
            "pkru": "required",
        },
        "debug": False,
        "edmm_enable": False,
        "enable_stats": False,
        "enclave_size": "1G",
        "file_check_policy": "strict",
        "insecure__allow_memfaults_without_exinfo": False,
        "insecure__rpc_thread_num": 0,
        "isvprodid": 1,
        "isvsvn": 1,
        "max_threads": 4,
        "preheat_enclave": False,
        "profile": {"enable": "none", "mode": "aex", "with_stack": False, "frequency": 50},
        "remote_attestation": "dcap",
        "seal_key": {"flags_mask": "0xff", "xfrm_mask": "0xff", "misc_mask": "0xff"},
        "use_exinfo": True,
        "vtune_profile": False,
    },
    "sys": {
        "allowed_ioctls": [{"request_code": 1, "struct": "s"}],
        "ioctl_structs": {"s": [{"name": "n", "size": 8}]},
        "brk": {"max_size": "1M"},
        "stack": {"size": "2M"},
        "fds": {"limit": 100},
        "disallow_subprocesses": True,
        "enable_extra_runtime_domain_names_conf": True,
        "enable_sigterm_injection": True,
        "experimental__enable_flock": False,
        "insecure__allow_eventfd": False,
        "debug__mock_syscalls": [{"name": "flock", "return": -38}],
    },
}
"""Every key that there is."""

VALUES: Final[tuple[Any, ...]] = (True, 0, -1, 1.0, "x", "file:x", [], ["x"], {"x": 1})

STRICTER: Final = {
    "fs.insecure__keys": "a key has 32 hexadecimal digits, else Gramine does not start",
    "fs.mounts": "paths are absolute and URIs have a prefix, else Gramine does not start",
    "fs.root": "URIs have a prefix, else Gramine does not start",
    "libos.entrypoint": "a path with file: is not found",
    "loader.argv": "an empty array is refused at the start",
    "loader.argv_src_file": "URIs have a prefix, else Gramine does not start",
    "loader.entrypoint": "URIs have a prefix, and hashes 64 digits, else Gramine does not start",
    "loader.env": "a table with neither value nor passthrough is refused at the start",
    "loader.env_src_file": "URIs have a prefix, else Gramine does not start",
    "loader.gid": "negative ones, and true for 1, are refused at the start",
    "loader.uid": "negative ones, and true for 1, are refused at the start",
    "sgx.allowed_files": "URIs have a prefix, else Gramine does not start",
    "sgx.enclave_size": "sizes that are none cannot be signed or started",
    "sgx.insecure__rpc_thread_num": "negative ones, and true for 1, are refused at the start",
    "sgx.isvprodid": "has 16 bits, and true is no number",
    "sgx.isvsvn": "has 16 bits, and true is no number",
    "sgx.max_threads": "an enclave has a thread, and true is no number",
    "sgx.profile.frequency": "is 1 to 250, and true is no number",
    "sgx.seal_key": "masks that are none are refused at the start",
    "sgx.trusted_files": "an entry has a URI with a prefix, else the tools fail",
    "sys.allowed_ioctls": "true is no number",
    "sys.brk.max_size": "sizes that are none are refused at the start",
    "sys.debug__mock_syscalls": "true is no number",
    "sys.fds.limit": "negative ones, and true for 1, are refused at the start",
    "sys.stack.size": "sizes that are none are refused at the start",
}
"""Where we refuse what the check of Gramine 1.9 lets pass, and why."""

LOOSER: Final = {
    "loader": "the tools of Gramine 1.8 and newer fill in loader.entrypoint before they check",
    "loader.entrypoint": "Gramine 1.8 and older take a string; 1.9 fills in what is missing",
    "sgx": "keys of Gramine 1.8 and older",
    "sgx.remote_attestation": "Gramine 1.8 and older take epid",
}
"""Where we accept what the check of Gramine 1.9 refuses, and why."""


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_every_key_is_described() -> None:
    missing = [path for path, schema in _properties(SCHEMA) if not schema]
    assert missing == []


def test_the_complete_manifest_has_no_finding() -> None:
    assert _ours(COMPLETE) == []


def test_the_complete_manifest_has_every_key_of_the_schema() -> None:
    deprecated = {"require_", "ra_client_"}
    keys = {path for path, _ in _properties(SCHEMA) if not any(part in path for part in deprecated)}
    assert keys == {".".join(map(str, path)) for path in _paths(COMPLETE) if _is_fixed(path)}


@needs_gramine
def test_gramine_takes_the_complete_manifest() -> None:
    assert problems([COMPLETE]) == [""]


@needs_gramine
def test_every_disagreement_with_gramine_is_explained() -> None:
    cases = list(_mutations())
    theirs = problems([manifest for _, manifest in cases])
    assert sum(map(bool, theirs)) > len(cases) // 3
    assert len(theirs) - sum(map(bool, theirs)) > len(cases) // 50
    unexplained, used = [], set()
    for (place, manifest), problem in zip(cases, theirs, strict=True):
        ours = _ours(manifest)
        if bool(ours) == bool(problem):
            continue
        table, name = (STRICTER, "stricter") if ours else (LOOSER, "looser")
        reason = next((key for key in _prefixes(place) if key in table), None)
        used.add((name, reason))
        if reason is None:
            unexplained.append((name, place, ours, problem))
    assert unexplained == []
    assert used == {("stricter", key) for key in STRICTER} | {("looser", key) for key in LOOSER}


@needs_gramine
@pytest.mark.parametrize("key", ["loader.entrypoint", "fs.mounts", "libos.entrypoint"])
def test_what_is_required(key: str) -> None:
    manifest = copy.deepcopy(COMPLETE)
    table, name = key.split(".")
    del manifest[table][name]
    assert "required key not provided" in problems([manifest])[0]
    assert bool(_ours(manifest)) == (key not in LOOSER)


def _ours(manifest: dict[str, Any]) -> list[str]:
    findings = schema_findings(Document("x.manifest", "", manifest), SCHEMA)
    return [f"{finding.pointer}: {finding.message}" for finding in findings]


def _mutations() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the place that was changed and the manifest: other values, keys gone, keys more."""
    for path, value in itertools.product(_paths(COMPLETE), VALUES):
        yield _place(path), _with(path, value)
    for path in _paths(COMPLETE):
        yield _place(path[:-1] or path), _with(path, None)
        if isinstance(_at(COMPLETE, path), dict):
            yield _place(path), _with((*path, "surplus"), 1)
    for key in ("require_avx", "require_exinfo", "ra_client_linkable"):
        yield "sgx", _with(("sgx", key), True)
    yield "sgx", _with(("sgx", "ra_client_spid"), "0" * 32)
    yield "sgx.remote_attestation", _with(("sgx", "remote_attestation"), "epid")
    yield "loader.entrypoint", _with(("loader", "entrypoint"), "file:libsysdb.so")
    yield "sgx.trusted_files", _with(("sgx", "trusted_files"), [{"sha256": HASH}])
    for value in ("1", "0x10000", "512M", "1g", "1T", "1 G", "x"):
        yield "sgx.enclave_size", _with(("sgx", "enclave_size"), value)


def _with(path: tuple[str | int, ...], value: object) -> dict[str, Any]:
    manifest = copy.deepcopy(COMPLETE)
    container = _at(manifest, path[:-1])
    if value is None:
        del container[path[-1]]
    else:
        container[path[-1]] = value
    return manifest


def _at(value: Any, path: tuple[str | int, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, child in items:
        yield (*path, key)
        if isinstance(child, dict | list):
            yield from _paths(child, (*path, key))


def _is_fixed(path: tuple[str | int, ...]) -> bool:
    """Whether the schema names every key of it, rather than a user."""
    free = {"env", "insecure__keys", "ioctl_structs", "root"}
    return not any(isinstance(key, int) for key in path) and not free & set(path[:-1])


def _place(path: tuple[str | int, ...]) -> str:
    return ".".join(str(key) for key in path)


def _prefixes(place: str) -> Iterator[str]:
    while place:
        yield place
        place = place.rpartition(".")[0]


def _properties(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for key, child in schema.get("properties", {}).items():
        name = f"{path}.{key}" if path else key
        yield name, child.get("description", "")
        branches = child.get("anyOf", [child])
        if name != "fs.root":
            for branch in branches:
                yield from _properties(branch, name)
