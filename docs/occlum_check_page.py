"""Generates docs/occlum-check.md from the code: ``python -m docs.occlum_check_page``."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ringtaw_buildkit.subject import table
from ringtaw_occlum.build.codes import KINDS

PAGE: Final = Path(__file__).with_name("occlum-check.md")

INTRODUCTION: Final = """\
# Checking an Occlum configuration

```sh requires=examples/occlum-hello/Occlum.json
cd examples/occlum-hello
ringtaw occlum check Occlum.json --manifest manifest.json
```

reads an `Occlum.json` and lists what is wrong or doubtful, with the line in your file and what to
do about it. Nothing is executed and nothing is written; Occlum need not be installed. With the
Coordinator's manifest it also checks whether the two fit.

* Looked at as well, where they are there: copy_bom files beside `Occlum.json` and beside the folder
  of its instance, the folder `image` of the instance, and the enclave that `occlum build` has made.
* The Marble is the one that `EDG_MARBLE_TYPE` in `env.default` names, or the only one of the
  manifest; `--marble` names it otherwise.
* A variable of the premain may be fixed in `env.default` or let through by `env.untrusted`. Fixed
  alone it is measured, and the host cannot change it.
* Keys and values are those of Occlum 0.31, as in
  [the JSON Schema](../schemas/src/ringtaw_schemas/libos/occlum.schema.json) and
  [that of copy_bom](../schemas/src/ringtaw_schemas/libos/copy-bom.schema.json), which editors
  understand as well. Occlum takes plain JSON: the comments in its documentation are not for files.
* What a premain needs of memory was measured on Linux: 37 MiB of address space in one thread, with
  Python 3.11. How much the LibOS's own heap needs for it was not measured in Occlum; 64 MB is what
  MarbleRun's sample has.

An *error* does not work, or is not safe. A *warning* works, and may be what you meant. This page is
generated from the code.

"""


def render() -> str:
    """Return the whole page."""
    return INTRODUCTION + table(KINDS)


if __name__ == "__main__":
    PAGE.write_text(render())
