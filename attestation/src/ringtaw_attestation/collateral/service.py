"""Collateral from a PCCS, or from Intel's Provisioning Certification Service itself.

Both have the same paths: Intel SGX and Intel TDX Provisioning Certification Service API, version 4;
Intel's "Design Guide of SGX Provisioning Certificate Caching Service" for ``rootcacrl``.
"""

from __future__ import annotations

import ssl
import urllib.parse
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ringtaw_attestation.certificates.profile import PARSE_ERRORS
from ringtaw_attestation.collateral.http import Answer, HttpClient, check_url
from ringtaw_attestation.collateral.model import Collateral, PlatformKind, SignedDocument
from ringtaw_attestation.collateral.strict_json import parse_object, raw_members
from ringtaw_attestation.errors import CollateralUnavailableError
from ringtaw_attestation.quote.parse import Tee

INTEL_PCS: Final = "https://api.trustedservices.intel.com"
INTEL_ROOT_CRL: Final = "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der"
"""Where Intel publishes the root's revocation list; its own service does not have it."""

_PCK_CRL_CHAIN: Final = "SGX-PCK-CRL-Issuer-Chain"
_QE_IDENTITY_CHAIN: Final = "SGX-Enclave-Identity-Issuer-Chain"
_TCB_INFO_CHAINS: Final = ("TCB-Info-Issuer-Chain", "SGX-TCB-Info-Issuer-Chain")


class CertificationService:
    """A PCCS or Intel's PCS by its base URL: what comes before ``/sgx/certification/v4``.

    ``timeout`` is in seconds per request. ``tls`` is for a PCCS whose certificate is not publicly
    trusted. ``root_crl_url`` is for a service that has no ``rootcacrl``.

    Raises:
        ConfigurationError: A URL is not one.
    """

    def __init__(
        self,
        base_url: str,
        *,
        root_crl_url: str = "",
        timeout: float = 10.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._base_url = check_url(base_url)
        if not root_crl_url and self._base_url == INTEL_PCS:
            root_crl_url = INTEL_ROOT_CRL
        self._root_crl_url = check_url(root_crl_url or self._url(Tee.SGX, "rootcacrl"))
        self._client = HttpClient(timeout, tls)

    def fetch(self, platform: PlatformKind) -> Collateral:
        """Fetch collateral; see :class:`.CollateralSource`. Nothing is verified here."""
        pck_crl = self._get(Tee.SGX, f"pckcrl?ca={platform.ca}&encoding=der")
        tcb_info = self._get(platform.tee, f"tcb?fmspc={platform.fmspc}")
        qe_identity = self._get(platform.tee, "qe/identity")
        try:
            return Collateral(
                root_crl=crl_to_der(self._client.get(self._root_crl_url).body),
                pck_crl=crl_to_der(pck_crl.body),
                pck_crl_issuer_chain=_chain(pck_crl, _PCK_CRL_CHAIN),
                tcb_info=_document(tcb_info, "tcbInfo", *_TCB_INFO_CHAINS),
                qe_identity=_document(qe_identity, "enclaveIdentity", _QE_IDENTITY_CHAIN),
            )
        except PARSE_ERRORS as error:
            raise CollateralUnavailableError(
                f"malformed answer from {self._base_url}: {error}"
            ) from error

    def _get(self, tee: Tee, path: str) -> Answer:
        return self._client.get(self._url(tee, path))

    def _url(self, tee: Tee, path: str) -> str:
        return f"{self._base_url}/{tee}/certification/v4/{path}"


def _chain(answer: Answer, *names: str) -> bytes:
    """Return a chain from the first of these headers that is there."""
    for name in names:
        value = answer.headers.get(name)
        if value is not None:
            return urllib.parse.unquote(str(value), errors="strict").encode()
    raise ValueError(f"no header {names[0]}")


def _document(answer: Answer, member: str, *chain_headers: str) -> SignedDocument:
    members = raw_members(answer.body)
    if member not in members:
        raise ValueError(f"no member {member}")
    signature = parse_object(answer.body).octets("signature", 64)
    return SignedDocument(members[member], signature, _chain(answer, *chain_headers))


def crl_to_der(body: bytes) -> bytes:
    """Return DER: services answer with DER, PEM, or DER in hex, some whatever was asked for.

    Raises:
        ValueError: It is none of these.
    """
    if body.lstrip().startswith(b"-----BEGIN"):
        return x509.load_pem_x509_crl(body).public_bytes(Encoding.DER)
    if body[:1] == b"\x30":
        return body
    return bytes.fromhex(body.decode("ascii").strip())
