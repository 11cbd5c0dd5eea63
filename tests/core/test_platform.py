"""The platform that settings describe: what it seals to, what it trusts, what it refuses."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ringtaw_attestation.softtee import (
    Enclave,
    SoftwareTee,
    open_software_tee,
    write_software_collateral,
)
from ringtaw_coordinator.core.api import State
from ringtaw_coordinator.errors import (
    PlatformError,
    SettingsError,
    UnavailableError,
    VerificationError,
)
from ringtaw_coordinator.platform import choose_platform, choose_verifier
from ringtaw_coordinator.settings import read_settings
from ringtaw_softtee.identity import write_identity
from structlog.testing import capture_logs

from tests.support.deployments import coordinator_in, manifest
from tests.support.evidence import real_quotes
from tests.support.pccs import running_pccs

ENCLAVE = Enclave()
UNIQUE_KEY = manifest(Config={"SealMode": "UniqueKey"})
PRODUCT_KEY = manifest(Config={"SealMode": "ProductKey"})
OTHER = b"\xee" * 32
INSECURE = "RINGTAW_PCCS_INSECURE_ACCEPT_ANY_CERTIFICATE"


@pytest.fixture
def tee(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoftwareTee:
    """A software TEE that this process is an enclave of."""
    monkeypatch.setenv("RINGTAW_SOFTTEE_DIR", str(tmp_path))
    monkeypatch.setenv("RINGTAW_SOFTTEE_ENCLAVE", "coordinator")
    return open_software_tee(tmp_path)


async def state_in(directory: Path, enclave: Enclave, to_set: bytes = b"") -> State:
    """Return the state that a Coordinator in this enclave is in, with or without a manifest."""
    write_identity(directory, "coordinator", enclave)
    platform = choose_platform(read_settings({"RINGTAW_ADAPTER": "softtee"}))
    async with coordinator_in(
        directory / "state", sealer=platform.sealer, attestation=platform.attestation
    ) as coordinator:
        if to_set:
            await coordinator.set_manifest(to_set)
        return coordinator.status().state


@pytest.mark.parametrize(
    ("raw", "changes", "state"),
    [
        (UNIQUE_KEY, {}, State.ACCEPTING_MARBLES),
        (UNIQUE_KEY, {"unique_id": OTHER}, State.RECOVERY),
        (UNIQUE_KEY, {"debug": True}, State.RECOVERY),
        (UNIQUE_KEY, {"signer_id": OTHER}, State.ACCEPTING_MARBLES),
        (PRODUCT_KEY, {"unique_id": OTHER, "security_version": 2}, State.ACCEPTING_MARBLES),
        (PRODUCT_KEY, {"product_id": 2}, State.RECOVERY),
        (PRODUCT_KEY, {"signer_id": OTHER}, State.RECOVERY),
        (PRODUCT_KEY, {"debug": True}, State.RECOVERY),
    ],
)
async def test_state_is_sealed_to_the_enclave(
    tee: SoftwareTee, tmp_path: Path, raw: bytes, changes: Mapping[str, Any], state: State
) -> None:
    assert await state_in(tmp_path, ENCLAVE, raw) is State.ACCEPTING_MARBLES
    assert await state_in(tmp_path, replace(ENCLAVE, **changes)) is state
    assert await state_in(tmp_path, ENCLAVE) is State.ACCEPTING_MARBLES


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"RINGTAW_ADAPTER": ""}, PlatformError, "no platform to attest on.*OE_SIMULATION=1"),
        ({"RINGTAW_ADAPTER": "ego"}, PlatformError, "no platform to attest on.*no runtime side"),
        ({"RINGTAW_COLLATERAL": "/missing"}, SettingsError, "no collateral at /missing"),
        ({"RINGTAW_COLLATERAL": "ftp://pccs"}, SettingsError, "is not a URL of HTTP or HTTPS"),
        ({"RINGTAW_COLLATERAL": "https://a:b@pccs"}, SettingsError, "without user name"),
        ({"RINGTAW_PCCS_CA": "/missing.pem"}, SettingsError, "cannot use /missing.pem as CA"),
        ({"RINGTAW_TRUSTED_ROOTS": "/missing.pem"}, SettingsError, "RINGTAW_TRUSTED_ROOTS: cannot"),
        ({"RINGTAW_TRUSTED_ROOTS": __file__}, SettingsError, "has no certificates in PEM"),
    ],
)
def test_what_cannot_be_used_is_refused(
    tee: SoftwareTee, settings: Mapping[str, str], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        choose_platform(read_settings({"RINGTAW_ADAPTER": "softtee", **settings}))


async def test_software_tee_is_trusted_only_where_it_is_configured(
    tee: SoftwareTee, tmp_path: Path
) -> None:
    collateral = write_software_collateral(tee, tmp_path, datetime.now(UTC))
    settings = {"RINGTAW_COLLATERAL": str(collateral)}
    quote = tee.sgx_quote(ENCLAVE, bytes(64))
    with capture_logs() as events:
        intel = choose_verifier(read_settings(settings))
    assert not any(event["log_level"] == "warning" for event in events)
    assert not intel.accepts_software_tee
    with pytest.raises(VerificationError, match=r"^pck-chain: "):
        await intel.appraise(quote, "mine")
    settings["RINGTAW_TRUSTED_ROOTS"] = str(tmp_path / "root.pem")
    with capture_logs() as events:
        both = choose_verifier(read_settings(settings))
    warnings = [event for event in events if event["log_level"] == "warning"]
    assert "a software TEE is trusted" in warnings[0]["event"]
    assert warnings[1]["sha256"] == tee.root.fingerprint
    assert both.accepts_software_tee
    assert (await both.appraise(quote, "mine")).root == tee.root


async def test_intels_root_stays_trusted_beside_others(tee: SoftwareTee, tmp_path: Path) -> None:
    samples = real_quotes()
    settings = {
        "RINGTAW_COLLATERAL": str(samples / "sgx-v3-phala.collateral.json"),
        "RINGTAW_TRUSTED_ROOTS": str(tmp_path / "root.pem"),
    }
    quote = (samples / "sgx-v3-phala.bin").read_bytes()
    with pytest.raises(VerificationError, match="expired at 20"):
        await choose_verifier(read_settings(settings)).appraise(quote, "mine")


async def test_pccs_has_as_much_time_as_the_settings_say(tee: SoftwareTee, tmp_path: Path) -> None:
    with running_pccs(lambda kind: tee.collateral(kind, datetime.now(UTC))) as pccs:
        pccs.gate.clear()
        settings = {
            "RINGTAW_COLLATERAL": pccs.url,
            "RINGTAW_COLLATERAL_CACHE": str(tmp_path / "cache"),
            "RINGTAW_COLLATERAL_TIMEOUT": "0.1",
            "RINGTAW_TRUSTED_ROOTS": str(tmp_path / "root.pem"),
        }
        verifier = choose_verifier(read_settings(settings))
        quote = tee.sgx_quote(ENCLAVE, bytes(64))
        begin = time.monotonic()
        with pytest.raises(UnavailableError, match="no complete answer in time"):
            await verifier.appraise(quote, "mine")
        assert time.monotonic() - begin < 5


def test_pccs_that_is_not_verified_is_warned_of() -> None:
    for value, count in (("0", 0), ("1", 1)):
        with capture_logs() as events:
            choose_verifier(read_settings({INSECURE: value}))
        warnings = [event["event"] for event in events if event["log_level"] == "warning"]
        assert len(warnings) == count
        assert all("certificate of the PCCS is not verified" in warning for warning in warnings)
