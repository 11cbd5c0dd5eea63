"""Files that are not what they should be, for build sides to read."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_NAME: Final = "garbage"
_LARGE: Final = 2 << 20
_DEPTH: Final = 20_000
_VARIATIONS: Final = 12


def configurations(directory: Path) -> Iterator[tuple[str, Path]]:
    """Yield what each is and its path; texts are garbage in TOML, JSON and YAML alike."""
    noise = random.Random(1)  # noqa: S311 - the same garbage each time
    contents: dict[str, bytes] = {
        "an empty file": b"",
        "binary": noise.randbytes(4096),
        "not UTF-8": b'name = "\xff\xfe"\n',
        "a NUL byte": b'{"a": "\0"}',
        "a byte order mark": "\ufeff{}".encode(),
        "cut off": b'{"a": {"b": ["',
        "another format": b"<configuration/>\n",
        "a number": b"1\n",
        "a list": b"[]\n",
        "deeply nested": b"[" * _DEPTH,
        "deeply nested objects": b'{"a":' * _DEPTH,
        "one long line": b"x" * _LARGE,
        "the wrong types": b'{"sgx": 1, "loader": [], "resource_limits": "", "env": 0}',
        "an open template": b"{% for %}{{ x",
    }
    yield from _written(directory, contents)
    yield from _no_files(directory)


def artefacts(directory: Path) -> Iterator[tuple[str, Path]]:
    """Yield what each is and its path; none is a built enclave."""
    noise = random.Random(2)  # noqa: S311 - likewise
    contents: dict[str, bytes] = {
        "an empty file": b"",
        "one byte": b"\x7f",
        "zeros": bytes(4096),
        "binary": noise.randbytes(1808),
        "text": b"no enclave\n" * 200,
        "the head of an ELF file": b"\x7fELF\x02\x01\x01".ljust(64, b"\0"),
        "an ELF file of lies": b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + b"\xff" * 1000,
    }
    yield from _written(directory, contents)
    yield from _no_files(directory)


def variations(good: Path, directory: Path) -> Iterator[Path]:
    """Yield copies of a text with one line lost or doubled, or cut off in a line."""
    lines = good.read_text(encoding="utf-8").splitlines(keepends=True)
    step = max(1, len(lines) // _VARIATIONS)
    for at in range(0, len(lines), step):
        whole = "".join(lines[:at])
        rest = "".join(lines[at + 1 :])
        for kind, text in (
            ("lost", whole + rest),
            ("doubled", whole + lines[at] * 2 + rest),
            ("cut", whole + lines[at][: len(lines[at]) // 2]),
        ):
            path = directory / f"{kind}-{at}" / good.name
            path.parent.mkdir()
            path.write_text(text, encoding="utf-8")
            yield path


def _written(directory: Path, contents: dict[str, bytes]) -> Iterator[tuple[str, Path]]:
    for what, content in contents.items():
        path = directory / what.replace(" ", "-") / _NAME
        path.parent.mkdir()
        path.write_bytes(content)
        yield what, path


def _no_files(directory: Path) -> Iterator[tuple[str, Path]]:
    yield "missing", directory / "missing"
    folder = directory / "a-directory"
    folder.mkdir()
    yield "a directory", folder
    link = directory / "a-loop"
    link.symlink_to(link)
    yield "a link to itself", link
