"""Generates docs/gramine-check.md from the code: ``python -m docs.gramine_check_page``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ringtaw_gramine.build.kinds import SECTIONS, GramineKind

PAGE: Final = Path(__file__).with_name("gramine-check.md")

INTRODUCTION: Final = """\
# Checking a Gramine manifest

```sh
ringtaw gramine check -D interpreter=/usr/bin/python3.11 -D arch_libdir=/lib/x86_64-linux-gnu \\
    examples/gramine-python/hello.manifest.template
```

reads a Gramine manifest, as a template or rendered or signed, and lists what is wrong or doubtful
with the line in your file and what to do about it. Nothing is executed and nothing is written;
Gramine need not be installed. Given the Coordinator's manifest as well, it checks whether the two
fit.

* A file whose name ends in `.manifest`, `.manifest.sgx` or `.toml` is read as it is; every other is
  a template.
* A template is rendered in a sandbox. Variables are given as to `gramine-manifest`; one that is
  missing is a warning, and what depends on it is not judged. `env` has only what is given as
  `env.NAME`, never your environment. `gramine`, `python` and `ldd` are stand-ins: neither programs
  nor `ldd` are run.
* Where the host's files are there already, beside the manifest, their permissions and bytecode are
  looked at.
* Keys and values are those of Gramine 1.6 to 1.9, as in
  [the JSON Schema](../schemas/src/ringtaw_schemas/libos/gramine.schema.json), which editors
  understand as well. Without `loader.entrypoint`, a manifest needs Gramine 1.8 or newer.

An *error* does not work, or is not safe. A *warning* works, and may be what you meant. This page is
generated from the code.
"""


def render() -> str:
    """Return the whole page."""
    sections = [f"## {name}\n\n{_table(kinds)}" for name, kinds in SECTIONS.items()]
    return "\n".join([INTRODUCTION, *sections])


def _table(kinds: Mapping[str, GramineKind]) -> str:
    lines = ["| code | usually | what it means | what to do |", "| --- | --- | --- | --- |"]
    for code, kind in sorted(kinds.items()):
        lines.append(f"| `{code}` | {kind.severity.value} | {kind.meaning} | {kind.cure} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(render())
