"""The package as its users meet it: a small public API that costs nothing to import."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import ringtaw_client
from ringtaw_client import errors

HEAVY = ("cryptography", "ringtaw_attestation", "ssl", "http.client", "dataclasses", "pluggy")


def modules_after(code: str) -> set[str]:
    """Return which modules a fresh interpreter has after running some code."""
    script = f"{code}\nimport sys, json; print(json.dumps(sorted(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True
    )
    return set(json.loads(result.stdout))


def test_import_loads_nothing_heavy() -> None:
    assert not modules_after("import ringtaw_client").intersection(HEAVY)


@pytest.mark.parametrize("name", ["PinnedCoordinator", "CoordinatorPolicy", "Trust", "ClientError"])
def test_only_verification_loads_the_verifier(name: str) -> None:
    loaded = modules_after(f"from ringtaw_client import {name}")
    assert not loaded.intersection(("cryptography", "ringtaw_attestation", "urllib.request"))


def test_public_names_are_there_and_sorted() -> None:
    assert ringtaw_client.__all__ == sorted(ringtaw_client.__all__)
    assert dir(ringtaw_client) == ringtaw_client.__all__
    for name in ringtaw_client.__all__:
        value = getattr(ringtaw_client, name)
        assert value.__doc__, name
    with pytest.raises(AttributeError, match="nothing_such"):
        ringtaw_client.nothing_such  # noqa: B018 - the attribute access is the test


def test_every_error_is_public_and_of_one_family() -> None:
    kinds = {
        name: kind
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, Exception)
    }
    for name, kind in kinds.items():
        assert issubclass(kind, ringtaw_client.ClientError)
        assert name in ringtaw_client.__all__
