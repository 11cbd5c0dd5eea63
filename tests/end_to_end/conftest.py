"""What the tests of whole deployments share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.examples import reserved_ports


@pytest.fixture
def ports() -> Iterator[dict[str, str]]:
    """A port of this test's own for each that examples and pages listen on."""
    with reserved_ports() as ports:
        yield ports
