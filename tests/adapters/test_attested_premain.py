"""The whole premain on every platform with a software TEE's quotes, verified as a Coordinator does.

Each quote is the one that the simulated Coordinator received. It is verified by the installed
verifiers, with the software TEE's root, for the certificate of the connection it came on.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from ringtaw_attestation import (
    BindingError,
    CollateralFiles,
    PackagePolicy,
    PolicyError,
    Report,
    VerificationContext,
    Verifiers,
    check_certificate_binding,
    check_package,
)
from ringtaw_attestation.quote.tdx import TdReport
from ringtaw_attestation.softtee import (
    Enclave,
    SoftwareTee,
    TrustDomain,
    open_software_tee,
    write_software_collateral,
)
from ringtaw_coordinator.core.api import MarbleParameters
from ringtaw_softtee.identity import write_identity
from ringtaw_testkit.simulator import CoordinatorSimulator

from tests.standins.libos import Device
from tests.standins.premain_process import run_premain

ENCLAVE: Final = Enclave(product_id=7, security_version=3)
DOMAIN: Final = TrustDomain()
PACKAGE: Final = PackagePolicy(
    unique_id=ENCLAVE.unique_id.hex(),
    signer_id=ENCLAVE.signer_id.hex(),
    product_id=7,
    security_version=2,
)


@dataclass(frozen=True)
class Platform:
    """A place where a Marble runs, with the evidence of a software TEE."""

    tee: SoftwareTee
    directory: Path
    environ: Mapping[str, str]
    program: Path

    def activate(self, coordinator: CoordinatorSimulator) -> subprocess.CompletedProcess[str]:
        """Start a Marble, wait for the end of its application, and see that it came to that."""
        coordinator.admit(MarbleParameters({}, {"GREETING": b"hello"}, (str(self.program), "a")))
        arguments = [] if self.environ.get("RINGTAW_STANDIN") == "occlum" else [str(self.program)]
        ran = run_premain(self.environ, coordinator, self.directory, "--", *arguments)
        assert (ran.returncode, ran.stdout) == (42, "hello a\n"), ran.stderr
        return ran

    def verify(self, quote: bytes, peer_certificate: bytes) -> Report:
        """Return what evidence says, for the connection with this certificate."""
        collateral = CollateralFiles(self.directory / "collateral")
        context = VerificationContext((self.tee.root,), collateral)
        report = Verifiers.installed().verify(quote, context)
        check_certificate_binding(report.report_data, peer_certificate)
        return report


@pytest.fixture
def tee(tmp_path: Path) -> SoftwareTee:
    tee = open_software_tee(tmp_path)
    write_software_collateral(tee, tmp_path, datetime.now(UTC))
    write_identity(tmp_path, "hello", ENCLAVE)
    write_identity(tmp_path, "guest", DOMAIN)
    return tee


@pytest.fixture
def platform(
    tee: SoftwareTee, program: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> Platform:
    name, _, enclave = str(request.param).partition(":")
    if enclave:
        settings = {"RINGTAW_SOFTTEE_DIR": str(tmp_path), "RINGTAW_SOFTTEE_ENCLAVE": enclave}
        environ = {**os.environ, "RINGTAW_ADAPTER": name, **settings}
        return Platform(tee, tmp_path, environ, program)
    device: Device = request.getfixturevalue(name)
    if name != "tdx":  # which has the quotes of this TEE already
        device.provider.make_quote = partial(tee.sgx_quote, ENCLAVE)
    return Platform(tee, tmp_path, device.environment(), program)


on_sgx = pytest.mark.parametrize("platform", ["gramine", "occlum", "softtee:hello"], indirect=True)
on_tdx = pytest.mark.parametrize("platform", ["tdx", "softtee:guest"], indirect=True)
on_all = pytest.mark.parametrize("platform", ["gramine", "occlum", "tdx"], indirect=True)


@on_sgx
def test_an_enclave_proves_what_it_is(
    platform: Platform, coordinator: CoordinatorSimulator
) -> None:
    ran = platform.activate(coordinator)
    request = coordinator.requests[0]
    report = platform.verify(request.quote, request.peer_certificate)
    assert report.format == "sgx-dcap"
    assert "a software TEE, which protects nothing" in report.describe()
    check_package(report, PACKAGE)
    for package in (
        replace(PACKAGE, unique_id="ee" * 32),
        replace(PACKAGE, product_id=8),
        replace(PACKAGE, security_version=4),
        replace(PACKAGE, debug=True),
    ):
        with pytest.raises(PolicyError):
            check_package(report, package)
    assert ("a software TEE's" in ran.stderr) == ("RINGTAW_SOFTTEE_DIR" in platform.environ)


@on_tdx
def test_a_trust_domain_proves_what_it_is(
    platform: Platform, coordinator: CoordinatorSimulator
) -> None:
    platform.activate(coordinator)
    request = coordinator.requests[0]
    report = platform.verify(request.quote, request.peer_certificate)
    assert report.format == "tdx-dcap"
    assert isinstance(report.body, TdReport)
    assert (report.body.mr_td, report.body.rtmrs) == (DOMAIN.mr_td, DOMAIN.rtmrs)


@on_all
def test_a_quote_is_good_for_its_own_connection_alone(
    platform: Platform, coordinator: CoordinatorSimulator
) -> None:
    platform.activate(coordinator)
    platform.activate(coordinator)
    first, second = coordinator.requests
    assert platform.verify(second.quote, second.peer_certificate)
    with pytest.raises(BindingError):
        platform.verify(first.quote, second.peer_certificate)
