"""A Marble is known by the certificate that its Coordinator issued to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ringtaw_client import (
    CoordinatorIdentity,
    EvidenceRejectedError,
    IdentityChangedError,
    InputError,
    NameMismatchError,
    PinnedCoordinator,
    PolicyMismatchError,
    UnreachableError,
    connect_insecurely,
    verify_marble,
    verify_marble_offline,
)
from ringtaw_client._names import is_for
from ringtaw_testkit.identities import self_signed

from tests.client.fake_marble import CHAIN, KEY, marble
from tests.support.coordinator_process import CoordinatorProcess, coordinator_process
from tests.support.deployments import manifest

UUID = "11111111-2222-3333-4444-555555555555"


@pytest.fixture(scope="module")
def coordinator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CoordinatorProcess]:
    with coordinator_process(tmp_path_factory.mktemp("marbles")) as process:
        process.set_manifest(manifest())
        yield process


@pytest.fixture
def pinned(coordinator: CoordinatorProcess) -> PinnedCoordinator:
    host, port = coordinator.client_address
    return connect_insecurely(f"{host}:{port}")


@pytest.fixture
def port(coordinator: CoordinatorProcess, tmp_path: Path) -> Iterator[str]:
    given = coordinator.activate("frontend", UUID).environment
    with marble(given[CHAIN], given[KEY], tmp_path) as port:
        yield port


def test_marble(pinned: PinnedCoordinator, port: str) -> None:
    found = verify_marble(f"localhost:{port}", pinned.identity, marble_type="frontend")
    assert (found.uuid, found.marble_type) == (UUID, "frontend")
    assert [check.name for check in found.checks] == [
        "marble-certificate",
        "marble-manifest",
        "marble-type",
    ]
    assert all(check.ok for check in found.checks)


def test_the_same_verdict_later(pinned: PinnedCoordinator, port: str) -> None:
    found = verify_marble(f"localhost:{port}", pinned.identity, marble_type="frontend")
    evidence, now = found.evidence, datetime.now(UTC)
    assert len(evidence.chain) == 2
    assert verify_marble_offline(evidence, pinned.identity, now) == found
    with pytest.raises(PolicyMismatchError, match="expected backend"):
        verify_marble_offline(evidence, pinned.identity, now, marble_type="backend")
    for wrong in (replace(evidence, name="backend.example"), replace(evidence, name="10.0.0.1")):
        with pytest.raises(NameMismatchError):
            verify_marble_offline(wrong, pinned.identity, now)
    with pytest.raises(EvidenceRejectedError, match="not valid at validation time"):
        verify_marble_offline(evidence, pinned.identity, now - timedelta(days=9))


def test_later_it_is_as_little_the_marble_of_others(pinned: PinnedCoordinator, port: str) -> None:
    found = verify_marble(f"localhost:{port}", pinned.identity)
    evidence, now, own = found.evidence, datetime.now(UTC), self_signed()
    with pytest.raises(EvidenceRejectedError, match="no Marble of the deployment"):
        verify_marble_offline(evidence, CoordinatorIdentity(own.der), now)
    for chain in ((own.der,), (own.der, *evidence.chain), (b"junk",), (pinned.identity.root[:-1],)):
        with pytest.raises(EvidenceRejectedError, match="no Marble of the deployment"):
            verify_marble_offline(replace(evidence, chain=chain), pinned.identity, now)
    updated = replace(pinned.identity, intermediate=own.der)
    with pytest.raises(PolicyMismatchError, match="marble-manifest: FAILED"):
        verify_marble_offline(evidence, updated, now)
    for no_marble in (pinned.identity.root, pinned.identity.intermediate):
        with pytest.raises(PolicyMismatchError, match="marble-type"):
            verify_marble_offline(replace(evidence, chain=(no_marble,)), pinned.identity, now)


@pytest.mark.parametrize(
    ("names", "host", "expected"),
    [
        (["a.example"], "A.Example.", True),
        (["*.example"], "a.example", True),
        (["*.example"], "a.b.example", False),
        (["*.example"], "example", False),
        (["*"], "a", False),
        (["a*.example"], "ab.example", False),
        (["my_service"], "my_service", True),
        (["::1", "10.0.0.1"], "0:0:0:0:0:0:0:1", True),
        (["*.0.0.1"], "10.0.0.1", False),
        ([], "a", False),
    ],
)
def test_for_whom_a_certificate_is(names: list[str], host: str, expected: bool) -> None:
    assert is_for(names, host) is expected


def test_another_type_or_name(pinned: PinnedCoordinator, port: str) -> None:
    with pytest.raises(PolicyMismatchError, match="marble-type: FAILED: expected backend"):
        verify_marble(f"localhost:{port}", pinned.identity, marble_type="backend")
    with pytest.raises(NameMismatchError, match=r"not for backend\.example"):
        verify_marble(f"127.0.0.1:{port}", pinned.identity, server_name="backend.example")
    found = verify_marble(f"127.0.0.1:{port}", pinned.identity, server_name="localhost")
    assert found.uuid == UUID


def test_another_deployment(pinned: PinnedCoordinator, port: str) -> None:
    with pytest.raises(EvidenceRejectedError, match="no Marble of the deployment"):
        verify_marble(f"localhost:{port}", CoordinatorIdentity(self_signed().der))


def test_somebody_else(pinned: PinnedCoordinator, tmp_path: Path) -> None:
    own = self_signed()
    with (
        marble(own.pem, own.key_pem, tmp_path) as port,
        pytest.raises(EvidenceRejectedError, match=pinned.identity.fingerprint),
    ):
        verify_marble(f"localhost:{port}", pinned.identity)


def test_former_manifest(pinned: PinnedCoordinator, port: str) -> None:
    updated = replace(pinned.identity, intermediate=self_signed().der)
    with pytest.raises(PolicyMismatchError, match="marble-manifest: FAILED"):
        verify_marble(f"localhost:{port}", updated)
    found = verify_marble(f"localhost:{port}", replace(updated, intermediate=b""))
    assert found.checks[-1].name == "marble-type"


def test_marble_is_no_coordinator(pinned: PinnedCoordinator, port: str) -> None:
    """Its certificate leads to the root and is for the right name, and still will not do."""
    impostor = PinnedCoordinator(f"localhost:{port}", pinned.identity)
    with pytest.raises(IdentityChangedError, match="as those of Marbles are"):
        impostor.status()


def test_coordinator_is_no_marble(pinned: PinnedCoordinator) -> None:
    with pytest.raises(PolicyMismatchError, match="marble-type"):
        verify_marble(str(pinned.address), pinned.identity)


def test_nobody(pinned: PinnedCoordinator) -> None:
    with pytest.raises(UnreachableError, match="does the Marble serve TLS"):
        verify_marble("127.0.0.1:1", pinned.identity)
    with pytest.raises(InputError):
        verify_marble("https://x", pinned.identity)
