"""Fuzz one target with atheris, for a bounded time; not part of the test run.

    pip install -e '.[dev,fuzz]'
    python -m tests.attestation.fuzz evidence -max_total_time=300

Options after the target are libFuzzer's. Findings belong into ``corpus/<target>/``, where the tests
replay them.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["ringtaw_attestation"]):
    from tests.attestation.fuzz_targets import CORPUS, SEEDS, TARGETS, run


def main() -> None:
    """Run libFuzzer on the target that is named first."""
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"usage: python -m tests.attestation.fuzz {{{','.join(TARGETS)}}} [OPTION ...]")
    name = sys.argv.pop(1)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as directory:
        for number, seed in enumerate(SEEDS[name]):
            (Path(directory) / f"seed-{number}").write_bytes(seed)
        corpus = [directory, *(str(path) for path in [CORPUS / name] if path.is_dir())]
        limits = ["-max_len=16384", "-timeout=10", "-rss_limit_mb=1024"]
        atheris.Setup([sys.argv[0], *limits, *sys.argv[1:], *corpus], lambda data: run(name, data))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
