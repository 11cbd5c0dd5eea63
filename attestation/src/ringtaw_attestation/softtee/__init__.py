"""A software TEE: a make-believe manufacturer of SGX and TDX platforms.

It makes quotes and collateral that are complete in structure and cryptography, for measurements of
one's choice and in any TCB state, and sealing keys. So tests and demonstrations run the real
verification with the real code, and only the hardware is missing: **it protects nothing**. It is
trusted only by who configures its root explicitly, and every verdict that rests on it says so.
"""

from ringtaw_attestation.softtee.bodies import Enclave, TrustDomain
from ringtaw_attestation.softtee.collateral_attacks import CollateralAttacks
from ringtaw_attestation.softtee.platform import FMSPC, SoftwarePlatform
from ringtaw_attestation.softtee.quote_attacks import QuoteAttacks
from ringtaw_attestation.softtee.store import open_software_tee, write_software_collateral
from ringtaw_attestation.softtee.tee import SealingBinding, SoftwareTee

__all__ = [
    "FMSPC",
    "CollateralAttacks",
    "Enclave",
    "QuoteAttacks",
    "SealingBinding",
    "SoftwarePlatform",
    "SoftwareTee",
    "TrustDomain",
    "open_software_tee",
    "write_software_collateral",
]
