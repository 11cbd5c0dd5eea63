"""What identifies an enclave or trust domain, under the names that packages of a manifest have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ringtaw_attestation.quote.sgx import EnclaveReport
from ringtaw_attestation.quote.tdx import TdReport
from ringtaw_attestation.trust_domains import measurements_of

_HOST_CHOOSES: Final = ("MRCONFIGID", "MROWNER", "MROWNERCONFIG")


def package_properties(body: EnclaveReport | TdReport) -> dict[str, object]:
    """Return every property of what a quote is of, be it genuine or not.

    Of a trust domain the values that the host sets are left out where it set none.
    """
    if isinstance(body, TdReport):
        return {"TDX": _named(measurements_of(body)), "Debug": body.debug}
    return {
        "UniqueID": body.mr_enclave.hex(),
        "SignerID": body.mr_signer.hex(),
        "ProductID": body.isv_product_id,
        "SecurityVersion": body.isv_svn,
        "Debug": body.debug,
    }


def _named(measurements: Mapping[str, bytes]) -> dict[str, str]:
    return {
        name: value.hex()
        for name, value in measurements.items()
        if name not in _HOST_CHOOSES or any(value)
    }
