"""Gramine's own check of a manifest, where Gramine's tools are installed."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

TOOL: Final = shutil.which("gramine-manifest-check")

# The tool is a script of Gramine's interpreter that makes the schema importable.
_DRIVER: Final = """
import json, runpy, sys, voluptuous
schema = runpy.run_path(sys.argv[1], run_name="tool")["GramineManifestSchema"]
def problem(manifest):
    try:
        schema(manifest)
    except voluptuous.MultipleInvalid as error:
        return str(error)
    return ""
json.dump([problem(text) for text in json.load(sys.stdin)], sys.stdout)
"""


def problems(manifests: Sequence[object]) -> list[str]:
    """Return what Gramine says about each manifest's data: empty when it takes it."""
    if TOOL is None:
        raise FileNotFoundError("gramine-manifest-check")
    first_line = Path(TOOL).read_text().partition("\n")[0]
    done = subprocess.run(
        [*first_line.removeprefix("#!").split(), "-c", _DRIVER, TOOL],
        input=json.dumps(manifests),
        capture_output=True,
        text=True,
        check=True,
    )
    answers: list[str] = json.loads(done.stdout)
    return answers
