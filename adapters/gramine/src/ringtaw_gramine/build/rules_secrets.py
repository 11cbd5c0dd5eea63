"""Rules on where a Marble's files go, and on the keys of encrypted mounts."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from ringtaw_buildkit.marbles import Marble
from ringtaw_premain.build_hookspecs import Finding

from .configuration import DEVICE, Configuration, covers, normal
from .key_templates import fits, secret_name, stays_raw
from .template import is_unknown

_KEYS = f"{DEVICE}/keys"
_OWN_KEYS = ("_sgx_mrenclave", "_sgx_mrsigner")
_FREE = "/run/marble"
"""A folder that nothing else is in."""
_SYSTEM = ("/", "/bin", "/etc", "/lib", "/lib64", "/sbin", "/usr", "/var")


def secret_findings(
    config: Configuration, marble: Marble, manifest: Mapping[str, object]
) -> Iterator[Finding]:
    """Yield which of the Marble's files end in the clear, or nowhere, and which keys are wrong."""
    secret = set(marble.secret_files())
    for path, template in marble.files.items():
        if covers(DEVICE, normal(path)):
            yield from _key_file(config, marble, path, template, manifest)
        else:
            yield from _regular_file(config, marble, path, path in secret)
    yield from _mounts_without_key(config, marble)


def hard_coded_findings(config: Configuration) -> Iterator[Finding]:
    """Yield the keys that the Gramine manifest itself gives, and names that are not for use."""
    for name in config.hard_coded_keys:
        yield config.subject.finding(
            "hard-coded-key",
            "fs",
            "insecure__keys",
            name,
            message=f"whoever reads this file has the key {name}",
            cure=f"remove it, and let the Coordinator set it: {_KEYS}/{name} in the Marble's Files",
        )
    for mount in config.encrypted:
        if mount.key_name.startswith("_") and mount.key_name not in _OWN_KEYS:
            yield config.subject.finding(
                "key-reserved",
                *mount.keys,
                "key_name",
                message=f"{mount.key_name} is no key that Gramine provides",
                cure=f"choose a name without underscore, or one of {', '.join(_OWN_KEYS)}",
            )


def _regular_file(
    config: Configuration, marble: Marble, path: str, is_secret: bool
) -> Iterator[Finding]:
    place = config.place(path)
    if place.mount.kind in ("tmpfs", "encrypted") or not place.is_certain:
        return
    shown = f"{path}, a file of Marble {marble.name}, is "
    where = f"the host's {place.host}" if place.host else f"on a mount of type {place.mount.kind}"
    shared = place.mount.kind == "untrusted_shm"
    if shared or (place.host and config.is_allowed(place.host)):
        if is_secret:
            yield _file_finding(
                config, "secret-in-clear", marble, path, f"{shown}{where}, and has a secret in it"
            )
    else:
        yield _file_finding(
            config, "file-not-writable", marble, path, f"{shown}{where}, which cannot be written"
        )


def _file_finding(
    config: Configuration, code: str, marble: Marble, path: str, message: str
) -> Finding:
    return config.subject.manifest_finding(
        code, *_pointer(marble, path), message=message, cure=_better_place(config, path)
    )


def _better_place(config: Configuration, path: str) -> str:
    """Return how the file comes to lie where only the enclave reads it.

    A mount hides whatever lies there already, so that a folder in use is no place for one.
    """
    folder, name = posixpath.split(normal(path))
    hidden = _hidden_by_mount(config, folder)
    if not hidden:
        return f'add {{ type = "tmpfs", path = "{folder}" }} to fs.mounts, or an encrypted mount'
    memory = [mount.path for mount in config.mounts if mount.kind == "tmpfs"]
    better = f"name it {posixpath.join(memory[0] if memory else _FREE, name)} in the Marble's Files"
    if not memory:
        better += f', add {{ type = "tmpfs", path = "{_FREE}" }} to fs.mounts'
    return f"{better}, and let the program read it there (a tmpfs at {folder} would hide {hidden})"


def _hidden_by_mount(config: Configuration, folder: str) -> str:
    """Return something in a folder of the enclave that a mount there would hide."""
    if folder in _SYSTEM:
        return "the system's files" if folder != "/" else "everything"
    for mount in config.mounts:
        if mount.path != folder and covers(folder, mount.path):
            return mount.path
    host = config.place(folder).host
    files = (path for _, path in (*config.trusted, *config.allowed))
    return next((f"the host's {path}" for path in files if host and covers(host, path)), "")


def _key_file(
    config: Configuration,
    marble: Marble,
    path: str,
    template: str,
    manifest: Mapping[str, object],
) -> Iterator[Finding]:
    folder, name = posixpath.split(normal(path))
    if folder != _KEYS:
        yield config.subject.manifest_finding(
            "key-path",
            *_pointer(marble, path),
            message=f"{path} is no file that Gramine 1.6 and newer take",
            cure=f"write {_KEYS}/{_meant(folder, name)}",
        )
        return
    problem = _name_problem(config, name)
    if problem:
        code, message, cure = problem
        yield config.subject.manifest_finding(
            code, *_pointer(marble, path), message=message, cure=cure
        )
    yield from _key_content(config, marble, path, template, manifest)


def _meant(folder: str, name: str) -> str:
    is_key = folder == DEVICE and name != "protected_files_key"
    return name if is_key else "default"


def _name_problem(config: Configuration, name: str) -> tuple[str, str, str] | None:
    if name.startswith("_"):
        return "key-reserved", f"{name} is Gramine's own key", "choose another key_name"
    declared = {mount.key_name for mount in config.encrypted} | set(config.hard_coded_keys)
    if name in declared or any(is_unknown(each) for each in declared):
        return None
    there = f"there {'is' if len(declared) == 1 else 'are'} {', '.join(sorted(declared)) or 'none'}"
    return (
        "key-without-mount",
        f"no encrypted mount has the key {name} ({there})",
        f'add key_name = "{name}" to an encrypted mount, or correct the name',
    )


def _key_content(
    config: Configuration,
    marble: Marble,
    path: str,
    template: str,
    manifest: Mapping[str, object],
) -> Iterator[Finding]:
    if not template:
        return  # literal bytes, in whatever encoding the manifest has them
    if not stays_raw(template):
        yield config.subject.manifest_finding(
            "key-encoding",
            *_pointer(marble, path),
            message="a key is 16 bytes as they are, and nothing around them",
            cure="write exactly {{ raw .Secrets.NAME }}",
        )
    name = secret_name(template)
    if name and not fits(manifest, name):
        yield config.subject.manifest_finding(
            "key-secret",
            "Secrets",
            name,
            message=f"{path} takes 16 bytes, which secret {name} is not",
            cure='define it with "Type": "symmetric-key", "Size": 128',
        )


def _mounts_without_key(config: Configuration, marble: Marble) -> Iterator[Finding]:
    given = {normal(path) for path in marble.files} | {
        f"{_KEYS}/{name}" for name in config.hard_coded_keys
    }
    for mount in config.encrypted:
        name = mount.key_name
        if name.startswith("_") or is_unknown(name) or f"{_KEYS}/{name}" in given:
            continue
        yield config.subject.finding(
            "mount-without-key",
            *mount.keys,
            message=f"Marble {marble.name} does not set the key {name} of {mount.path}",
            cure=f'add "{_KEYS}/{name}": "{{{{ raw .Secrets.NAME }}}}" to its Files',
        )


def _pointer(marble: Marble, path: str) -> tuple[str, ...]:
    return "Marbles", marble.name, "Parameters", "Files", path
