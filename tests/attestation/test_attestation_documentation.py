"""What docs/attestation.md says is so."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from ringtaw_attestation import INTEL_SGX_ROOT_CA, Step
from ringtaw_attestation.collateral.cache import MAX_AGE, RETRY_AFTER
from ringtaw_attestation.collateral.http import MAX_BODY
from ringtaw_attestation.dcap import verify
from ringtaw_attestation.hookspecs import VerifierHooks, hookspec

from tests.support.documentation import PROJECT, Block, blocks

PAGE = PROJECT / "docs" / "attestation.md"
TEXT = " ".join(PAGE.read_text().split())
PYTHON = [block for block in blocks(PAGE) if block.language == "python"]


def test_every_step_is_documented_once() -> None:
    documented = re.findall(r"^\| `([a-z-]+)` \|", PAGE.read_text(), re.MULTILINE)
    assert sorted(documented) == sorted(Step)


def test_every_hook_is_documented() -> None:
    hooks = [name for name in vars(VerifierHooks) if not name.startswith("_")]
    assert hooks
    assert hookspec
    for name in hooks:
        assert f"def {name}(" in PAGE.read_text()


def test_numbers() -> None:
    assert timedelta(hours=24) == MAX_AGE
    assert "after 24 hours" in TEXT
    assert timedelta(seconds=30) == RETRY_AFTER
    assert "for 30 seconds" in TEXT
    assert MAX_BODY == 4 * 1024 * 1024
    assert "10 seconds and 4 MiB" in TEXT
    assert INTEL_SGX_ROOT_CA.fingerprint in TEXT


def test_file_with_the_steps_is_named() -> None:
    path = str(verify.__file__).replace("\\", "/")
    assert "ringtaw_attestation/dcap/verify.py" in path
    assert "ringtaw_attestation/dcap/verify.py" in TEXT


@pytest.mark.parametrize("block", PYTHON, ids=range(len(PYTHON)))
def test_examples_run(block: Block) -> None:
    exec(compile(block.body, str(PAGE), "exec"), {})  # noqa: S102 - our own documentation
