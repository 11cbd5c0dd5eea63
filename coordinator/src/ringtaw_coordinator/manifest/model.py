"""A manifest after validation: typed, complete, immutable.

Names of packages, Marbles, secrets and so on are the keys of the mappings, case-sensitive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class TrustDomain:
    """Measurements of TDX trust domains: lower-case hex, "" when absent."""

    mr_td: str
    rtmrs: tuple[str, str, str, str]
    mr_config_id: str
    mr_owner: str
    mr_owner_config: str


@dataclass(frozen=True, slots=True)
class Package:
    """Which enclaves a package stands for. Hex identities are lower case, "" when absent.

    With ``trust_domain`` it stands for TDX trust domains, and for no SGX enclave.
    """

    debug: bool
    unique_id: str
    signer_id: str
    product_id: int | None
    security_version: int | None
    accepted_tcb_statuses: tuple[str, ...]
    accepted_advisories: tuple[str, ...]
    trust_domain: TrustDomain | None


@dataclass(frozen=True, slots=True)
class Infrastructure:
    """Minimum security versions of a platform."""

    cpu_svn: bytes
    qe_svn: int | None
    pce_svn: int | None
    root_ca: bytes


@dataclass(frozen=True, slots=True)
class Content:
    """A file's or environment variable's data, already decoded."""

    data: bytes = field(repr=False)
    is_template: bool


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a Marble receives: files by path, environment by name, argv."""

    files: Mapping[str, Content]
    env: Mapping[str, Content]
    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Marble:
    """A kind of application instance."""

    package: str
    max_activations: int
    """0 means unlimited."""
    parameters: Parameters
    tls: tuple[str, ...]
    """Names of TLS tags."""
    disable_secret_binding: bool


class ResourceType(StrEnum):
    """What a role gives access to."""

    PACKAGES = "Packages"
    SECRETS = "Secrets"
    MANIFEST = "Manifest"


class Action(StrEnum):
    """What a role permits, in canonical spelling."""

    UPDATE_SECURITY_VERSION = "UpdateSecurityVersion"
    READ_SECRET = "ReadSecret"  # noqa: S105 - the name of an action
    WRITE_SECRET = "WriteSecret"  # noqa: S105 - the name of an action
    UPDATE_MANIFEST = "UpdateManifest"


@dataclass(frozen=True, slots=True)
class Role:
    """Actions on resources."""

    resource_type: ResourceType
    resource_names: tuple[str, ...]
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class User:
    """A person or program, known by its certificate (DER)."""

    certificate: bytes
    roles: tuple[str, ...]


class SecretType(StrEnum):
    """How a secret is made."""

    SYMMETRIC_KEY = "symmetric-key"
    CERT_RSA = "cert-rsa"
    CERT_ECDSA = "cert-ecdsa"
    CERT_ED25519 = "cert-ed25519"
    PLAIN = "plain"

    @property
    def is_certificate(self) -> bool:
        """Whether secrets of this type are a key pair with a certificate."""
        return self.value.startswith("cert-")


@dataclass(frozen=True, slots=True)
class Name:
    """A distinguished name; values in order, ``extra`` as (dotted OID, value)."""

    country: tuple[str, ...] = ()
    organization: tuple[str, ...] = ()
    organizational_unit: tuple[str, ...] = ()
    locality: tuple[str, ...] = ()
    province: tuple[str, ...] = ()
    street_address: tuple[str, ...] = ()
    postal_code: tuple[str, ...] = ()
    common_name: str = ""
    serial_number: str = ""
    extra: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Names:
    """Names of four kinds that a certificate authority may or may not issue certificates for."""

    dns_domains: tuple[str, ...] = ()
    ip_ranges: tuple[str, ...] = ()
    """With the length of the prefix, such as 10.0.0.0/8."""
    email_addresses: tuple[str, ...] = ()
    uri_domains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CertificateTemplate:
    """What a manifest says about a certificate to generate; None means the default applies.

    ``key_usage`` is Go's x509.KeyUsage bit mask, ``ext_key_usage`` holds Go's x509.ExtKeyUsage
    codes.
    """

    subject: Name = Name()
    not_after: datetime | None = None
    dns_names: tuple[str, ...] | None = None
    ip_addresses: tuple[str, ...] | None = None
    email_addresses: tuple[str, ...] = ()
    uris: tuple[str, ...] = ()
    key_usage: int | None = None
    ext_key_usage: tuple[int, ...] | None = None
    unknown_ext_key_usage: tuple[str, ...] = ()
    """Dotted OIDs."""
    policy_identifiers: tuple[str, ...] = ()
    """Dotted OIDs."""
    subject_key_id: bytes = b""
    ocsp_servers: tuple[str, ...] = ()
    issuer_urls: tuple[str, ...] = ()
    crl_urls: tuple[str, ...] = ()
    permitted: Names = Names()
    excluded: Names = Names()
    are_constraints_critical: bool = False
    is_ca: bool = False
    max_path_len: int | None = None


@dataclass(frozen=True, slots=True)
class SecretDefinition:
    """A secret as the manifest defines it.

    ``initial_*`` are the values a user-defined secret may carry in the manifest; empty otherwise.
    """

    type: SecretType
    size: int | None
    """Bits for symmetric-key and cert-rsa, the curve for cert-ecdsa; None when absent."""
    shared: bool
    user_defined: bool
    valid_for: int
    """Days; 0 when absent."""
    certificate: CertificateTemplate
    initial_certificate: bytes = b""
    initial_public: bytes = field(default=b"", repr=False)
    initial_private: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class TLSOutgoing:
    """A destination that is wrapped in TLS."""

    address: str
    port: str


@dataclass(frozen=True, slots=True)
class TLSIncoming:
    """A listening port that is wrapped in TLS; ``certificate`` names a secret or is ""."""

    port: str
    certificate: str
    disable_client_auth: bool


@dataclass(frozen=True, slots=True)
class TLSTag:
    """The TTLS policy under one tag."""

    outgoing: tuple[TLSOutgoing, ...]
    incoming: tuple[TLSIncoming, ...]


class SealMode(StrEnum):
    """What the Coordinator's state is sealed to. An absent mode is the product key."""

    PRODUCT_KEY = "ProductKey"
    UNIQUE_KEY = "UniqueKey"
    DISABLED = "Disabled"


class FeatureGate(StrEnum):
    """Optional features, in canonical spelling."""

    SIGN_QUOTE_ENDPOINT = "SignQuoteEndpoint"
    MONOTONIC_COUNTER = "MonotonicCounter"
    AZURE_HSM_SEALING = "AzureHSMSealing"


@dataclass(frozen=True, slots=True)
class Config:
    """Settings of the Coordinator that are part of what is attested."""

    seal_mode: SealMode
    feature_gates: frozenset[FeatureGate]
    update_threshold: int
    recovery_threshold: int
    rotate_root_secret: bool


@dataclass(frozen=True, slots=True)
class Manifest:
    """A valid manifest."""

    packages: Mapping[str, Package]
    infrastructures: Mapping[str, Infrastructure]
    marbles: Mapping[str, Marble]
    users: Mapping[str, User]
    roles: Mapping[str, Role]
    secrets: Mapping[str, SecretDefinition]
    recovery_keys: Mapping[str, bytes]
    """RSA public keys, SubjectPublicKeyInfo DER."""
    tls: Mapping[str, TLSTag]
    config: Config
