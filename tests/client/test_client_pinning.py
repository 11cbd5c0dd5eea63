"""After verification there is one Coordinator: TLS to anybody else is refused."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from ringtaw_client import (
    CoordinatorIdentity,
    EvidenceRejectedError,
    IdentityChangedError,
    InputError,
    NameMismatchError,
    PinnedCoordinator,
    State,
)
from ringtaw_testkit.identities import Certified, self_signed

from tests.client.fake_coordinator import FakeCoordinator, serving, success
from tests.support.coordinator_process import CoordinatorProcess, coordinator_process

STATUS = success({"code": 2, "message": "ready"})


def identity_of(coordinator: CoordinatorProcess) -> CoordinatorIdentity:
    """Return what a real Coordinator says it is."""
    chain = coordinator.call("GET", "/api/v2/quote")["data"]["cert"]
    return CoordinatorIdentity.from_pem(chain.encode())


def address_of(coordinator: CoordinatorProcess, host: str = "127.0.0.1") -> str:
    return f"{host}:{coordinator.client_address[1]}"


def pinned(fake: FakeCoordinator, root: Certified, **options: Any) -> PinnedCoordinator:
    return PinnedCoordinator(fake.address, CoordinatorIdentity(root.der), **options)


def test_identity_survives_restart_and_manifest_but_not_new_state(tmp_path: Path) -> None:
    with coordinator_process(tmp_path / "one") as coordinator:
        identity = identity_of(coordinator)
        client = PinnedCoordinator(address_of(coordinator, "localhost"), identity)
        assert client.status().state is State.ACCEPTING_MANIFEST
    with coordinator_process(tmp_path / "two") as stranger:
        with pytest.raises(IdentityChangedError) as caught:
            PinnedCoordinator(address_of(stranger), identity).status()
        assert caught.value.expected == identity.fingerprint
        assert caught.value.found == identity_of(stranger).fingerprint
        assert caught.value.found in str(caught.value)


def test_foreign_certificate_with_the_same_names() -> None:
    genuine = self_signed("MarbleRun Coordinator")
    with serving(FakeCoordinator(answers={"/api/v2/status": STATUS})) as fake:
        with pytest.raises(IdentityChangedError) as caught:
            pinned(fake, genuine).status()
        assert pinned(fake, fake.root).status().message == "ready"
    assert caught.value.found == hashlib.sha256(fake.root.der).hexdigest()
    assert [line for line, _, _ in fake.requests] == ["GET /api/v2/status HTTP/1.1"], (
        "nothing was said to the stranger"
    )


def test_name_that_is_none_of_the_certificates() -> None:
    with serving(FakeCoordinator(answers={"/api/v2/status": STATUS})) as fake:
        with pytest.raises(NameMismatchError) as caught:
            pinned(fake, fake.root, server_name="coordinator.example").status()
        assert pinned(fake, fake.root, server_name="localhost").status().message == "ready"
    text = str(caught.value)
    assert "localhost, 127.0.0.1, ::1, not for coordinator.example" in text
    assert "EDG_COORDINATOR_DNS_NAMES" in text


def test_root_that_the_answer_names_must_be_the_trusted_one() -> None:
    other = self_signed()
    with serving(FakeCoordinator(other)) as lying:
        claim = lying.claim(b"")
    with (
        serving(FakeCoordinator(answers={"/api/v2/quote": success(claim)})) as fake,
        pytest.raises(EvidenceRejectedError, match="another root certificate"),
    ):
        pinned(fake, fake.root).certificate_chain()


def test_identity_is_read_from_pem_in_any_order(tmp_path: Path) -> None:
    with coordinator_process(tmp_path) as coordinator:
        identity = identity_of(coordinator)
    chain = identity.chain_pem
    assert identity.intermediate
    assert chain.endswith(identity.root_pem)
    intermediate = chain.removesuffix(identity.root_pem)
    assert CoordinatorIdentity.from_pem((identity.root_pem + intermediate).encode()) == identity
    root_alone = CoordinatorIdentity.from_pem(identity.root_pem.encode())
    assert root_alone.fingerprint == identity.fingerprint
    assert identity.names == ("localhost", "127.0.0.1", "::1")
    for wrong in (intermediate, intermediate + self_signed().pem.decode(), chain * 5, "", "x"):
        with pytest.raises(InputError):
            CoordinatorIdentity.from_pem(wrong.encode())
