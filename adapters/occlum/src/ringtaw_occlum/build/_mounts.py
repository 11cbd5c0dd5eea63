"""File systems: what Occlum asks of them, and where the manifest's files land.

Source: Occlum, tools/gen_internal_conf/src/main.rs and docs/fs_overview.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ringtaw_premain.build_hookspecs import Finding

from ringtaw_occlum.build._resources import kernel_heap
from ringtaw_occlum.build.configuration import Configuration
from ringtaw_occlum.build.paths import is_below, normal
from ringtaw_occlum.build.sizes import GIB, megabytes

_PAGE: Final = 4096
_MIN_CACHE: Final = 48 * _PAGE
_MIN_DISK: Final = 5 * GIB
_SYSTEM: Final = ("/bin", "/sbin", "/lib", "/lib64", "/usr", "/opt", "/etc")
_AUTOMATIC: Final = (
    ("unionfs", "/"),
    ("procfs", "/proc"),
    ("devfs", "/dev"),
    ("ramfs", "/dev/shm"),  # noqa: S108 - in the enclave's memory
)
"""Type and target of what Occlum mounts by itself (src/libos/src/fs/dev_fs)."""


def check_mounts(config: Configuration) -> Iterator[Finding]:
    """Yield findings about mount, and about the manifest's files."""
    if isinstance(config.subject.value("mount"), list):
        yield from _check_root(config)
    for at in range(config.subject.count("mount")):
        yield from _check_options(config, at)
        if config.subject.text("mount", at, "type") == "hostfs":
            yield _host_folder(config, at)
    if config.marble:
        yield from _check_files(config)


def mount_of(config: Configuration, path: str) -> tuple[str, str]:
    """Return type and target of the file system that a path of the enclave is in."""
    own = [
        (config.subject.text("mount", at, "type"), config.subject.text("mount", at, "target"))
        for at in range(config.subject.count("mount"))
    ]
    mounts = [*_AUTOMATIC, *((kind, normal(target)) for kind, target in own if kind and target)]
    # Of two at one place the later hides the earlier.
    return max((mount for mount in reversed(mounts) if is_below(path, mount[1])), key=_depth)


def _depth(mount: tuple[str, str]) -> int:
    return len(mount[1])


def _check_root(config: Configuration) -> Iterator[Finding]:
    mounts = range(config.subject.count("mount"))
    roots = [at for at in mounts if _is(config, ("mount", at), "unionfs")]
    if not roots:
        yield config.subject.finding(
            "root-mount",
            "mount",
            message='no mount of type "unionfs" with target "/"',
            cure="take the one of the file that `occlum new` makes",
        )
        return
    layers = ("mount", roots[0], "options", "layers")
    every = range(config.subject.count(*layers))
    images = [at for at in every if _is(config, (*layers, at), "sefs", needs_mac=True)]
    if not images:
        yield config.subject.finding(
            "root-mount",
            *layers,
            message='none is of type "sefs" with target "/" and option "MAC": the image',
            cure='add {"target": "/", "type": "sefs", "source": "./build/mount/__ROOT", '
            '"options": {"MAC": ""}} as the first',
        )
    for at in every:
        if config.subject.text(*layers, at, "type") == "hostfs":
            yield config.subject.finding(
                "hostfs-over-system",
                *layers,
                at,
                message="a layer of the root comes from the host, which can put programs in it",
                cure="take it out of the root, and mount it at a folder of its own if need be",
            )


def _is(
    config: Configuration, keys: tuple[str | int, ...], kind: str, *, needs_mac: bool = False
) -> bool:
    return (
        config.subject.text(*keys, "type") == kind
        and config.subject.text(*keys, "target") == "/"
        and (not needs_mac or config.subject.text(*keys, "options", "MAC") is not None)
    )


def _check_options(config: Configuration, at: int) -> Iterator[Finding]:
    place = ("mount", at, "options")
    cache = config.size(*place, "cache_size")
    limit = kernel_heap(config)
    if cache is not None and (cache < _MIN_CACHE or cache % _PAGE or (limit and cache > limit)):
        most = f" and at most the LibOS's heap, {megabytes(limit)}" if limit else ""
        yield config.subject.finding(
            "mount-options",
            *place,
            "cache_size",
            message=f"must be at least 192KB, whole pages of 4KB{most}",
            cure="change it, or remove it",
        )
    disk = config.size(*place, "disk_size")
    is_ext2 = config.subject.text("mount", at, "type") == "ext2"
    if (is_ext2 and config.subject.value(*place, "disk_size") is None) or (
        disk is not None and disk < _MIN_DISK
    ):
        yield config.subject.finding(
            "mount-options",
            *place,
            "disk_size",
            message="an ext2 needs disk_size, at least 5GB",
            cure='write "disk_size": "5GB"',
        )


def _host_folder(config: Configuration, at: int) -> Finding:
    target = config.subject.text("mount", at, "target") or "/"
    over = [folder for folder in _SYSTEM if is_below(folder, target) or is_below(target, folder)]
    if over:
        return config.subject.finding(
            "hostfs-over-system",
            "mount",
            at,
            "target",
            message=f"what is in {over[0]} comes from the host, unverified",
            cure="mount it at a folder of its own, such as /host",
        )
    return config.subject.finding(
        "hostfs-mount",
        "mount",
        at,
        message=f"{target} is a folder of the host: in the clear, and the host's to change",
        cure="remove it, unless your program needs it and trusts nothing in it",
    )


def _check_files(config: Configuration) -> Iterator[Finding]:
    if config.marble is None:
        return
    secret = set(config.marble.secret_files())
    for path in config.marble.files:
        kind, target = mount_of(config, path)
        keys = ("Marbles", config.marble.name, "Parameters", "Files", path)
        if kind == "hostfs":
            yield config.subject.manifest_finding(
                "file-on-host",
                *keys,
                message=f"{target} is a folder of the host: what is written there is readable on "
                "the host, and the host can change it",
                cure="write it somewhere else; under a mount of type ramfs it stays in memory",
            )
        elif kind in ("devfs", "procfs"):
            yield config.subject.manifest_finding(
                "file-on-device",
                *keys,
                message="no file can be made there in Occlum",
                cure="write it to a folder of the image, to a ramfs or to /dev/shm",
            )
        elif path in secret and kind in ("unionfs", "sefs", "ext2"):
            yield config.subject.manifest_finding(
                "secret-persists",
                *keys,
                message="is kept on the host's disk, encrypted with a key that every enclave of "
                "the same signer and product can get",
                cure="write it to /dev/shm or to a mount of type ramfs to keep it in memory alone",
            )
