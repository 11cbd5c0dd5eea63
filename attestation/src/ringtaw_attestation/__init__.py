"""Evidence: what is needed to believe that code runs in an enclave on a genuine platform.

Verification turns evidence into a :class:`Report` (:class:`Verifiers`, or :func:`verify_quote` with
collateral at hand); binding and policy, which come after, decide whether the report is for this
connection and whether it is acceptable. Everything here is synchronous and thread-safe.
"""

from ringtaw_attestation.binding import (
    certificate_report_data,
    check_certificate_binding,
    check_coordinator_binding,
    coordinator_report_data,
)
from ringtaw_attestation.collateral.cache import CollateralCache
from ringtaw_attestation.collateral.files import CollateralFiles
from ringtaw_attestation.collateral.json_form import collateral_from_json, collateral_to_json
from ringtaw_attestation.collateral.model import (
    Collateral,
    CollateralSource,
    PckCa,
    PlatformKind,
    SignedDocument,
)
from ringtaw_attestation.collateral.service import CertificationService
from ringtaw_attestation.collateral.sources import open_source
from ringtaw_attestation.dcap.pck import claims_software_tee
from ringtaw_attestation.dcap.verify import verify_quote
from ringtaw_attestation.errors import (
    AttestationError,
    BindingError,
    CollateralError,
    CollateralUnavailableError,
    ConfigurationError,
    EvidenceError,
    PolicyError,
    Step,
    VerifierError,
)
from ringtaw_attestation.hookspecs import VerificationContext, Verifier
from ringtaw_attestation.policy import (
    InfrastructurePolicy,
    PackagePolicy,
    check_identity,
    check_infrastructures,
    check_package,
    check_tcb,
)
from ringtaw_attestation.properties import package_properties
from ringtaw_attestation.quote.parse import (
    Quote,
    Tee,
    add_open_enclave_header,
    is_raw_sgx_quote,
    parse_quote,
)
from ringtaw_attestation.report import EnclaveIdentity, Platform, Report
from ringtaw_attestation.status import TcbAssessment, TcbStatus
from ringtaw_attestation.trust import INTEL_SGX_ROOT_CA, TrustedRoot, read_trusted_roots
from ringtaw_attestation.trust_domains import (
    WHAT_RUNS,
    TrustDomainPolicy,
    check_trust_domain,
    measurements_of,
)
from ringtaw_attestation.verifiers import Verifiers

__all__ = [
    "INTEL_SGX_ROOT_CA",
    "WHAT_RUNS",
    "AttestationError",
    "BindingError",
    "CertificationService",
    "Collateral",
    "CollateralCache",
    "CollateralError",
    "CollateralFiles",
    "CollateralSource",
    "CollateralUnavailableError",
    "ConfigurationError",
    "EnclaveIdentity",
    "EvidenceError",
    "InfrastructurePolicy",
    "PackagePolicy",
    "PckCa",
    "Platform",
    "PlatformKind",
    "PolicyError",
    "Quote",
    "Report",
    "SignedDocument",
    "Step",
    "TcbAssessment",
    "TcbStatus",
    "Tee",
    "TrustDomainPolicy",
    "TrustedRoot",
    "VerificationContext",
    "Verifier",
    "VerifierError",
    "Verifiers",
    "add_open_enclave_header",
    "certificate_report_data",
    "check_certificate_binding",
    "check_coordinator_binding",
    "check_identity",
    "check_infrastructures",
    "check_package",
    "check_tcb",
    "check_trust_domain",
    "claims_software_tee",
    "collateral_from_json",
    "collateral_to_json",
    "coordinator_report_data",
    "is_raw_sgx_quote",
    "measurements_of",
    "open_source",
    "package_properties",
    "parse_quote",
    "read_trusted_roots",
    "verify_quote",
]
