"""Makes the package of a new adapter: complete, tested, and working on a make-believe platform."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Final

from ringtaw_premain import __version__
from ringtaw_premain.hookspecs import API_VERSION
from ringtaw_premain.plugins import installed_adapters

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_MAX_NAME: Final = 40
_UNITS: Final = frozenset(
    {"attestation", "buildkit", "cli", "client", "coordinator", "premain", "schemas", "testkit"}
)
"""What follows ``ringtaw_`` in the names of Ringtaw's own packages."""
_COMMANDS: Final = frozenset(
    {"adapter", "help", "manifest", "package", "plugins", "recover", "secret", "status", "verify"}
)
"""Words that ``ringtaw`` has or may have another use for: an adapter's name is a command too."""
_FILES: Final = {
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    "gitignore": ".gitignore",
    "docs.md": "docs/@name@.md",
    "descriptor.py": "src/@module@/__init__.py",
    "runtime.py": "src/@module@/runtime.py",
    "build.py": "src/@module@/build/__init__.py",
    "harness.py": "tests/harness.py",
    "test_adapter.py": "tests/test_@module@.py",
}
"""Templates, and where each goes."""


class ScaffoldError(Exception):
    """No package was made; says why and what to do."""


def new_adapter(name: str, directory: Path | None = None) -> Path:
    """Make the package of an adapter in a new directory, and return that.

    Without ``directory`` it is ``ringtaw-adapter-NAME`` in the working directory. It appears whole
    or not at all.

    Raises:
        ScaffoldError: The name cannot be used, or the directory exists or cannot be made.
    """
    check_name(name)
    target = directory or Path(f"ringtaw-adapter-{name}")
    if os.path.lexists(target):
        raise ScaffoldError(f"{target} exists already: choose another --directory, or remove it")
    try:
        _make(name, target)
    except OSError as error:
        raise ScaffoldError(f"cannot make {target}: {error.strerror}") from error
    return target


def check_name(name: str) -> None:
    """Check that an adapter can have a name.

    It becomes part of a distribution's name (PEP 508), of a module's, and a command of ``ringtaw``.

    Raises:
        ScaffoldError: It cannot; says why.
    """
    if not _NAME.fullmatch(name) or len(name) > _MAX_NAME:
        raise ScaffoldError(
            f"{name!r} cannot be the name of an adapter: use lower-case letters, digits and single "
            f"hyphens, a letter first, at most {_MAX_NAME} characters"
        )
    if name in _UNITS or name in _COMMANDS:
        raise ScaffoldError(f"{name!r} is Ringtaw's own: choose another name")
    if entry := installed_adapters().get(name):
        raise ScaffoldError(
            f"an adapter {name!r} is installed already, by {entry.distribution}: "
            "choose another name, or uninstall that"
        )


def _make(name: str, target: Path) -> None:
    """Write everything into a directory beside the target, then give that its name."""
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        words = _words(name)
        for template, place in _FILES.items():
            path = staging / _filled(place, words)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_filled(_template(template), words), encoding="utf-8")
        (staging / "src" / words["module"] / "py.typed").touch()
        staging.chmod(0o777 & ~_umask())
        staging.rename(target)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise


def _words(name: str) -> dict[str, str]:
    identifier = name.replace("-", "_")
    return {
        "name": name,
        "distribution": f"ringtaw-adapter-{name}",
        "module": f"ringtaw_{identifier}",
        "Class": "".join(part.capitalize() for part in name.split("-")),
        "SETTING": f"RINGTAW_{identifier.upper()}_SOCKET",
        "api_version": str(API_VERSION),
        "version": __version__,
    }


def _template(name: str) -> str:
    return (files("ringtaw_testkit") / "template" / f"{name}.template").read_text(encoding="utf-8")


def _filled(text: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    return text


def _umask() -> int:
    umask = os.umask(0o077)
    os.umask(umask)
    return umask
