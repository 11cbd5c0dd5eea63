"""What the Coordinator needs of the place it runs in, and what simulation has instead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from ringtaw_attestation import (
    INTEL_SGX_ROOT_CA,
    AttestationError,
    CollateralSource,
    TrustedRoot,
    Verifiers,
    open_source,
    read_trusted_roots,
)
from ringtaw_premain.errors import AdapterError, NoSealingKeyError, PremainError
from ringtaw_premain.hookspecs import KeyBinding
from ringtaw_premain.plugins import Runtime, choose_runtime

from ringtaw_coordinator.core.attestation import SIMULATION, Attestation
from ringtaw_coordinator.core.attester import QuoteAttester
from ringtaw_coordinator.core.evidence import QuoteVerifier
from ringtaw_coordinator.errors import PlatformError, SettingsError
from ringtaw_coordinator.settings import CollateralSettings, Settings
from ringtaw_coordinator.state.sealed_key import (
    OwnersSealer,
    PlatformSealer,
    Sealer,
    UnprotectedSealer,
)

log = structlog.get_logger("coordinator")
_SIMULATION_HINT = "for a simulation, which protects nothing, set OE_SIMULATION=1"


@dataclass(frozen=True, slots=True)
class Platform:
    """What protects the state's key, and what evidence is made with and judged by."""

    sealer: Sealer
    attestation: Attestation


def choose_platform(settings: Settings) -> Platform:
    """Return the platform that the Coordinator runs on, or in simulation none.

    Raises:
        PlatformError: This is no simulation, and no platform either.
        SettingsError: A file that the settings name cannot be used.
    """
    if settings.simulation:
        return Platform(UnprotectedSealer(), SIMULATION)
    runtime = _runtime(settings.adapter)
    attestation = Attestation(choose_verifier(settings), QuoteAttester(runtime))
    return Platform(choose_sealer(runtime), attestation)


def choose_verifier(settings: Settings) -> QuoteVerifier:
    """Return what judges the evidence of Marbles.

    Raises:
        PlatformError: The verifiers that are installed cannot be used.
        SettingsError: A file that the settings name cannot be used.
    """
    roots = _trusted_roots(settings)
    try:
        verifiers = Verifiers.installed()
    except AttestationError as error:
        raise PlatformError(f"evidence cannot be verified: {error}") from error
    log.info("evidence is verified", formats=", ".join(verifiers.names))
    return QuoteVerifier(verifiers, roots, _collateral(settings.collateral, roots))


def choose_sealer(runtime: Runtime) -> Sealer:
    """Return what seals with the platform's keys, or does without where there are none by nature.

    A platform that should give a key and does not is no reason to do without: that is an error
    when the key is needed.
    """
    try:
        runtime.sealing_key(KeyBinding.PRODUCT)
    except NoSealingKeyError as error:
        log.warning(
            "there is no sealing key here: after a restart the owners of the recovery keys have to "
            "open the state",
            reason=str(error),
        )
        return OwnersSealer(f"this platform has no sealing key: {error}")
    except PremainError:
        pass
    return PlatformSealer(sealing_key(runtime))


def sealing_key(runtime: Runtime) -> Callable[[KeyBinding], bytes]:
    """Return the adapter's sealing keys, with the Coordinator's error for what goes wrong."""

    def platform_key(binding: KeyBinding) -> bytes:
        try:
            return runtime.sealing_key(binding)
        except PremainError as error:
            raise PlatformError(str(error)) from error

    return platform_key


def _runtime(adapter: str) -> Runtime:
    try:
        runtime = choose_runtime(adapter)
    except AdapterError as error:
        raise PlatformError(
            f"there is no platform to attest on: {error}; {_SIMULATION_HINT}"
        ) from None
    if runtime.adapter.warning:
        log.warning(runtime.adapter.warning, adapter=runtime.name)
    return runtime


def _trusted_roots(settings: Settings) -> tuple[TrustedRoot, ...]:
    """Return Intel's root and those that are configured; every one of these is logged."""
    if settings.trusted_roots is None:
        return (INTEL_SGX_ROOT_CA,)
    try:
        configured = read_trusted_roots(settings.trusted_roots)
    except AttestationError as error:
        raise SettingsError(f"RINGTAW_TRUSTED_ROOTS: {error}") from error
    for root in configured:
        if root.is_software_tee:
            log.warning("a software TEE is trusted, which protects nothing", root=root.name)
        log.warning("trusted beside Intel's root", root=root.name, sha256=root.fingerprint)
    return (INTEL_SGX_ROOT_CA, *configured)


def _collateral(settings: CollateralSettings, roots: tuple[TrustedRoot, ...]) -> CollateralSource:
    if settings.accept_any_certificate:
        log.warning(
            "the certificate of the PCCS is not verified: anyone on the way can hold back news, "
            "such as revocations, until collateral expires"
        )
    try:
        return open_source(
            settings.location,
            settings.cache,
            roots,
            timeout=settings.timeout,
            tls_ca=settings.tls_ca,
            accept_any_certificate=settings.accept_any_certificate,
        )
    except AttestationError as error:
        raise SettingsError(f"no collateral can be had: {error}") from error
