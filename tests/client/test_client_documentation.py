"""What docs/client-library.md says is so."""

from __future__ import annotations

import json
from contextlib import chdir
from dataclasses import fields
from pathlib import Path

import pytest
import ringtaw_client
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from ringtaw_client import Limits, Trust, errors
from ringtaw_testkit.identities import self_signed

from tests.client.fake_marble import CHAIN, KEY, marble
from tests.support.attested_mesh import (
    BY_MEASUREMENT,
    COORDINATOR,
    MARBLE,
    AttestedMesh,
    marbles,
)
from tests.support.deployments import RecoveryKey, manifest
from tests.support.documentation import PROJECT, blocks

PAGE = PROJECT / "docs" / "client-library.md"
TEXT = " ".join(PAGE.read_text().split())
EXAMPLES = "\n".join(block.body for block in blocks(PAGE) if block.language == "python")


MARBLES = "from ringtaw_client import verify_marble\n"


def write_files(directory: Path) -> None:
    """Write what a reader of the page has."""
    alice, owner = self_signed("alice"), RecoveryKey()
    by_signer = {"SignerID": "aa" * 32, "ProductID": 1, "SecurityVersion": 1}
    role = {
        "ResourceType": "Packages",
        "ResourceNames": ["backend"],
        "Actions": ["UpdateSecurityVersion"],
    }
    raw = manifest(
        **marbles(frontend=BY_MEASUREMENT, backend=by_signer),
        Users={"alice": {"Certificate": alice.pem.decode(), "Roles": ["updater"]}},
        Roles={"updater": role},
        RecoveryKeys={"owner": owner.public_pem},
    )
    era = {"UniqueID": COORDINATOR.unique_id.hex()}
    (directory / "coordinator-era.json").write_text(json.dumps(era))
    (directory / "manifest.json").write_bytes(raw)
    (directory / "update.json").write_text('{"Packages":{"backend":{"SecurityVersion":2}}}')
    (directory / "alice.crt").write_bytes(alice.pem)
    (directory / "alice.key").write_bytes(alice.key_pem)
    key = owner.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (directory / "owner.pem").write_bytes(key)


def execute(script: str, names: dict[str, object]) -> None:
    exec(compile(script, str(PAGE), "exec"), names)  # noqa: S102 - our own documentation


def test_examples_run(
    mesh: AttestedMesh,
    mesh_trust: Trust,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_files(tmp_path)
    with mesh.coordinator(state="documented") as coordinator, chdir(tmp_path):
        host, port = coordinator.client_address
        script = EXAMPLES.replace("coordinator.example:4433", f"{host}:{port}")
        script = script.replace('Trust(collateral="https://pccs.example:8081")', "TRUST")
        before, about_marbles = script.split(MARBLES)
        names: dict[str, object] = {"TRUST": mesh_trust}
        execute(before, names)
        given = coordinator.activate("frontend", attest=mesh.quote_of(MARBLE)).environment
        with marble(given[CHAIN], given[KEY], tmp_path) as marble_port:
            address = f"localhost:{marble_port}"
            execute(MARBLES + about_marbles.replace("marble.example:8443", address), names)
    output = capsys.readouterr().out
    assert "binding: ok" in output
    assert "SecurityVersion increased" in output


RETURNED = {
    *("Address", "Check", "Claim", "Evidence", "LogEntry", "Manifest", "ManifestAccepted"),
    *("PendingUpdate", "RecoveryProgress", "Secret", "SignedQuote", "State", "Status"),
    *("UpdateProgress", "VerifiedCoordinator", "VerifiedMarble"),
}
"""What nobody has to make or name: calls return it."""


def test_every_public_name_is_documented() -> None:
    names = set(ringtaw_client.__all__) - RETURNED
    assert not [name for name in sorted(names) if name not in TEXT]


def test_every_call_is_documented() -> None:
    for name in vars(ringtaw_client.PinnedCoordinator):
        assert name.startswith("_") or f"`{name}(" in TEXT, name


def test_every_error_has_one_exit_code() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and issubclass(kind, Exception) and name != "ClientError":
            assert sum(f"`{name}`" in row.split("|")[1] for row in rows) == 1, name


def test_limits() -> None:
    limits = Limits()
    assert (
        f"{limits.connect_timeout:.0f} seconds to connect, {limits.silence_timeout:.0f} seconds of "
        f"silence, {limits.total_timeout:.0f} seconds in all" in TEXT
    )
    assert f"{limits.max_answer >> 20} MiB with a manifest" in TEXT
    assert f"{limits.max_small_answer >> 20} MiB otherwise" in TEXT
    assert len(fields(limits)) == 5
