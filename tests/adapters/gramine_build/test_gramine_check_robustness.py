"""Whatever stands in a manifest: findings, and never a failure of the checker itself."""

from __future__ import annotations

import copy
import time
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st
from ringtaw_gramine.build.check import validate
from ringtaw_premain.build_hookspecs import ValidateRequest
from ringtaw_premain.errors import PlatformError

from tests.adapters.gramine_build.gramine_check_cases import GOOD, coordinator_manifest
from tests.adapters.gramine_build.test_gramine_check_schema import COMPLETE

WORDS = st.sampled_from(
    ["", "/", ".", "..", "file:", "file:/", "dev:x", "a", "/dev/attestation/keys/a", "{{ x }}",
     "-m", "ringtaw_premain", "python3", "premain-libos", "chroot", "tmpfs", "1G", "//x/../y"]
)  # fmt: skip
SCALARS = st.one_of(WORDS, st.booleans(), st.integers(-2, 1 << 20), st.floats(0, 2))
VALUES = st.recursive(
    SCALARS,
    lambda child: st.lists(child, max_size=3) | st.dictionaries(WORDS, child, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("manifests")


@settings(deadline=None, max_examples=50)
@given(data=st.data())
def test_any_value_anywhere(data: st.DataObject, folder: Path) -> None:
    manifest = copy.deepcopy(COMPLETE)
    container: Any = manifest
    while True:
        key = data.draw(st.sampled_from(_keys(container)))
        if (
            not isinstance(container[key], dict | list)
            or not container[key]
            or data.draw(st.booleans())
        ):
            break
        container = container[key]
    container[key] = data.draw(VALUES)
    path = folder / "x.manifest"
    path.write_text(tomlkit.dumps(manifest))
    coordinator = coordinator_manifest(**{data.draw(WORDS): data.draw(VALUES)})
    findings = validate(ValidateRequest(str(path), coordinator))
    assert findings == sorted(findings, key=lambda f: (f.file, f.line is None, f.line or 0))


@settings(deadline=None, max_examples=50)
@given(manifest=st.dictionaries(st.sampled_from(["Packages", "Marbles", "Secrets"]), VALUES))
def test_any_manifest_of_the_coordinator(manifest: dict[str, Any], folder: Path) -> None:
    path = folder / "good.manifest"
    path.write_text(GOOD)
    validate(ValidateRequest(str(path), manifest))


def test_a_signed_manifest_with_thousands_of_hashes_is_quick(tmp_path: Path) -> None:
    path = tmp_path / "x.manifest.sgx"
    hashes = "".join(
        f'[[sgx.trusted_files]]\nuri = "file:/lib/python/{i}.py"\nsha256 = "{i:064x}"\n'
        for i in range(4000)
    )
    before = GOOD.replace('sgx.trusted_files = ["file:premain/", "file:app/hello"]\n', "")
    trusted = "".join(
        f'[[sgx.trusted_files]]\nuri = "file:{name}"\nsha256 = "{"0" * 64}"\n'
        for name in ("premain/bin/python3", "premain/lib/a.py", "app/hello")
    )
    path.write_text(before + trusted + hashes)
    start = time.monotonic()
    assert validate(ValidateRequest(str(path))) == []
    assert time.monotonic() - start < 20


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="No such file"):
        validate(ValidateRequest(str(tmp_path / "x.manifest")))


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "x.manifest"
    path.write_bytes(b"#" * ((16 << 20) + 1))
    with pytest.raises(PlatformError, match="larger than 16 MiB"):
        validate(ValidateRequest(str(path)))


def _keys(container: Any) -> list[Any]:
    return list(container) if isinstance(container, dict) else list(range(len(container)))
