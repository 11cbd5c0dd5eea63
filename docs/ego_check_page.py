"""Generates docs/ego-check.md from the code: ``python -m docs.ego_check_page``."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ringtaw_buildkit.subject import table
from ringtaw_ego.build.codes import KINDS

PAGE: Final = Path(__file__).with_name("ego-check.md")

INTRODUCTION: Final = """\
# Checking an EGo configuration

```sh
ringtaw ego check examples/ego-service/enclave.json --manifest examples/ego-service/manifest.json
```

reads an `enclave.json` and lists what is wrong or doubtful, with the line in your file and what to
do about it. Nothing is executed and nothing is written; EGo need not be installed. With the
Coordinator's manifest it also checks whether the two fit.

* Looked at as well, where they are there: the executable and its signature, the signer's key (its
  public half and its permissions), and the files to embed.
* The Marble is the one that `EDG_MARBLE_TYPE` is fixed to under `env`, or the only one of the
  manifest; `--marble` names it otherwise.
* Keys are read in any letter case and `null` is taken for an absent value, as EGo does. They are
  those of EGo 1.9, as in
  [the JSON Schema](../schemas/src/ringtaw_schemas/libos/ego.schema.json), which editors understand
  as well.
* TLS tags of the Marble need no check: EGo enforces transparent TLS.

An *error* does not work, or is not safe. A *warning* works, and may be what you meant. This page is
generated from the code.

"""


def render() -> str:
    """Return the whole page."""
    return INTRODUCTION + table(KINDS)


if __name__ == "__main__":
    PAGE.write_text(render())
