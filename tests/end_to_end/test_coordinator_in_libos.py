"""A real Coordinator in the stand-in of a libOS: its quotes come through that libOS's adapter."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from ringtaw_attestation import check_coordinator_binding, parse_quote

from tests.standins.libos import (
    COMPILER,
    WITHOUT_COMPILER,
    Device,
    build_shim,
    gramine_device,
    occlum_device,
)
from tests.support.attested_mesh import COORDINATOR, MARBLE, AttestedMesh, attested_mesh, frontend
from tests.support.coordinator_process import CoordinatorProcess

pytestmark = pytest.mark.skipif(COMPILER is None, reason=WITHOUT_COMPILER)


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_shim(tmp_path_factory.mktemp("shim"))


@pytest.fixture
def mesh(tmp_path: Path) -> Iterator[AttestedMesh]:
    with attested_mesh(tmp_path) as mesh:
        yield mesh


@contextmanager
def libos(name: str, shim: Path, mesh: AttestedMesh) -> Iterator[Device]:
    state = mesh.directory / "device"
    state.mkdir()
    with gramine_device(shim, state) if name == "gramine" else occlum_device(shim) as device:
        device.provider.make_quote = partial(mesh.tee.sgx_quote, COORDINATOR)
        yield device


def check_quote(coordinator: CoordinatorProcess, nonce: bytes) -> None:
    query = f"?nonce={base64.urlsafe_b64encode(nonce).decode()}"
    data = coordinator.call("GET", f"/api/v2/quote{query}")["data"]
    root = x509.load_pem_x509_certificates(data["cert"].encode())[-1].public_bytes(Encoding.DER)
    body = parse_quote(base64.b64decode(data["quote"])).body
    check_coordinator_binding(body.report_data, root, nonce)


@pytest.mark.parametrize("name", ["gramine", "occlum"])
def test_quotes_of_many_challengers_do_not_mix(name: str, shim: Path, mesh: AttestedMesh) -> None:
    with libos(name, shim, mesh) as device:
        settings = {**device.environment(), "RINGTAW_ADAPTER": ""}
        with mesh.coordinator(settings=settings) as coordinator:
            nonces = [bytes([number]) * 16 for number in range(16)]
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(partial(check_quote, coordinator), [b"", *nonces]))
        assert len(device.provider.requests) == 1 + len(nonces)


def test_sealed_in_gramine(shim: Path, mesh: AttestedMesh) -> None:
    with libos("gramine", shim, mesh) as device:
        settings = {**device.environment(), "RINGTAW_ADAPTER": ""}
        with mesh.coordinator(settings=settings) as coordinator:
            assert coordinator.set_manifest(frontend())["status"] == "success"
        with mesh.coordinator(settings=settings) as coordinator:
            assert coordinator.call("GET", "/api/v2/status")["data"]["code"] == 3
            coordinator.activate("frontend", attest=mesh.quote_of(MARBLE))


def test_without_quote_it_does_not_start(shim: Path, mesh: AttestedMesh) -> None:
    def refuse(report_data: bytes) -> bytes:
        raise OSError(22, "no quote")

    with libos("gramine", shim, mesh) as device:
        device.provider.make_quote = refuse
        settings = {**device.environment(), "RINGTAW_ADAPTER": ""}
        with (
            pytest.raises(AssertionError, match=r"the platform gives no quote: adapter\(gramine"),
            mesh.coordinator(settings=settings),
        ):
            pass
