"""What a manifest says about enclaves and platforms decides which evidence admits a Marble."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from ringtaw_attestation import (
    INTEL_SGX_ROOT_CA,
    TcbStatus,
    add_open_enclave_header,
)
from ringtaw_coordinator.errors import VerificationError

from tests.support.evidence import PLATFORM, TEE
from tests.support.marble_evidence import (
    DOMAIN,
    ENCLAVE,
    PRODUCT,
    TDX,
    UNIQUE,
    policy,
    refusal,
    sgx,
    tdx,
    verify,
)

EXACT = {
    "CPUSVN": b64encode(PLATFORM.components).decode(),
    "QESVN": 8,
    "PCESVN": 11,
    "RootCA": b64encode(TEE.root.der).decode(),
}


@pytest.mark.parametrize("package", [UNIQUE, PRODUCT, {**PRODUCT, "SecurityVersion": 2}])
@pytest.mark.parametrize("wrap", [bytes, add_open_enclave_header])
async def test_enclave_that_the_package_stands_for(package: Mapping[str, Any], wrap: Any) -> None:
    await verify(wrap(sgx()), policy(package))


async def test_debug_enclave_where_the_package_is_for_debugging() -> None:
    enclave = replace(ENCLAVE, debug=True)
    await verify(sgx(enclave), policy({**UNIQUE, "Debug": True}))


async def test_trust_domain_that_the_package_stands_for() -> None:
    await verify(tdx(), policy(TDX))


@pytest.mark.parametrize(
    ("package", "words"),
    [
        (
            {"UniqueID": "ab" * 32},
            f"UniqueID: the enclave's is {ENCLAVE.unique_id.hex()}, not abab",
        ),
        ({**PRODUCT, "SignerID": "cd" * 32}, "SignerID: the enclave's is .*, not cdcd"),
        ({**PRODUCT, "ProductID": 8}, "ProductID: the enclave's is 7, not 8"),
        ({**PRODUCT, "SecurityVersion": 4}, "SecurityVersion: the enclave's is 3, less than 4"),
        ({**UNIQUE, "Debug": True}, "Debug: the enclave has Debug False, the package True"),
        (TDX, "TDX: the package stands for trust domains, not for sgx-dcap evidence"),
    ],
)
async def test_enclave_that_the_package_does_not_stand_for(
    package: Mapping[str, Any], words: str
) -> None:
    with pytest.raises(VerificationError, match=f"^/Packages/frontend/{words}"):
        await verify(sgx(), policy(package))


async def test_debug_enclave_where_the_package_is_for_production() -> None:
    words = "/Packages/frontend/Debug: the enclave has Debug True, the package False"
    assert await refusal(sgx(replace(ENCLAVE, debug=True))) == words


@pytest.mark.parametrize("package", [UNIQUE, PRODUCT, {**UNIQUE, "Debug": True}, {"Debug": True}])
@pytest.mark.parametrize("debug", [False, True])
async def test_trust_domain_where_the_package_is_for_enclaves(
    package: Mapping[str, Any], debug: bool
) -> None:
    text = await refusal(tdx(replace(DOMAIN, debug=debug)), policy(package))
    assert text.startswith("/Packages/frontend: the package stands for SGX enclaves, not for tdx")


async def test_other_trust_domain() -> None:
    text = await refusal(tdx(replace(DOMAIN, mr_td=b"\xee" * 48)), policy(TDX))
    assert text.startswith("/Packages/frontend/TDX/MRTD: the trust domain's is eeee")


@pytest.mark.parametrize("status", TcbStatus)
async def test_tcb_statuses(status: TcbStatus) -> None:
    quote = sgx(platform=replace(PLATFORM, status=status))
    await verify(quote, policy({**UNIQUE, "AcceptedTCBStatuses": [status.value]}))
    if status in (TcbStatus.UP_TO_DATE, TcbStatus.SW_HARDENING_NEEDED):
        await verify(quote)
        return
    text = await refusal(quote)
    assert text.startswith(
        f"/Packages/frontend/AcceptedTCBStatuses: TCB status {status} is not accepted, "
        f"only UpToDate, SWHardeningNeeded; advisories: SOFTWARE-TEE-PLATFORM-"
    )


async def test_advisories() -> None:
    quote = sgx(platform=replace(PLATFORM, status=TcbStatus.SW_HARDENING_NEEDED))
    advisory = "software-tee-platform-SWHARDENINGNEEDED"
    await verify(quote, policy({**UNIQUE, "AcceptedAdvisories": [advisory]}))
    text = await refusal(quote, policy({**UNIQUE, "AcceptedAdvisories": ["INTEL-SA-00615"]}))
    assert text.startswith("/Packages/frontend/AcceptedAdvisories: SOFTWARE-TEE-PLATFORM-SWHARD")
    assert text.endswith("not accepted, only INTEL-SA-00615")


def raised(component: int) -> str:
    versions = bytearray(PLATFORM.components)
    versions[component] += 1
    return b64encode(versions).decode()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        *(({"CPUSVN": raised(number)}, "CPUSVN is .*, not at least") for number in range(16)),
        ({"QESVN": 9}, "QESVN is 8, less than 9"),
        ({"PCESVN": 12}, "PCESVN is 11, less than 12"),
        ({"RootCA": b64encode(INTEL_SGX_ROOT_CA.der).decode()}, "RootCA is .*software TEE.*, not"),
        ({"RootCA": b64encode(b"\3\3\3").decode()}, "RootCA is .* is no root certificate"),
    ],
)
async def test_infrastructure_component_by_component(change: dict[str, Any], words: str) -> None:
    await verify(sgx(), policy(Infrastructures={"ours": EXACT}))
    infrastructures = {"ours": {**EXACT, **change}}
    with pytest.raises(VerificationError, match=f"^/Infrastructures: .*ours: {words}"):
        await verify(sgx(), policy(Infrastructures=infrastructures))
    await verify(sgx(), policy(Infrastructures={**infrastructures, "also ours": EXACT}))


async def test_root_in_pem() -> None:
    pem = TEE.root.certificate.public_bytes(Encoding.PEM)
    await verify(sgx(), policy(Infrastructures={"ours": {"RootCA": b64encode(pem).decode()}}))
