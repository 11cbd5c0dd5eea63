"""From a validated tree to the typed manifest; what is invalid was reported and is left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from ringtaw_coordinator.manifest.build_secret import build_secret
from ringtaw_coordinator.manifest.document import Node
from ringtaw_coordinator.manifest.model import (
    Action,
    Config,
    Content,
    FeatureGate,
    Infrastructure,
    Manifest,
    Marble,
    Package,
    Parameters,
    ResourceType,
    Role,
    SealMode,
    TLSIncoming,
    TLSOutgoing,
    TLSTag,
    TrustDomain,
    User,
)
from ringtaw_coordinator.manifest.report import Report
from ringtaw_coordinator.manifest.scalars import (
    base64_bytes,
    bytes_of,
    certificate,
    hex_bytes,
    pem_block,
    rsa_public_key,
)

Entry = TypeVar("Entry")
DEFAULT_TCB_STATUSES: Final = ("UpToDate", "SWHardeningNeeded")
_DECODERS: Final[Mapping[str, Callable[[str], bytes]]] = {
    "": str.encode,
    "string": str.encode,
    "base64": base64_bytes,
    "hex": hex_bytes,
}


def build(document: Node, report: Report) -> Manifest:
    """Return as much of a manifest as is valid; values that do not parse go to ``report``."""

    def entries(section: str, make: Callable[[Node, Report], Entry | None]) -> dict[str, Entry]:
        return _entries(document, section, lambda node: make(node, report))

    return Manifest(
        packages=entries("Packages", _package),
        infrastructures=entries("Infrastructures", _infrastructure),
        marbles=entries("Marbles", _marble),
        users=entries("Users", _user),
        roles=entries("Roles", _role),
        secrets=entries("Secrets", build_secret),
        recovery_keys=entries("RecoveryKeys", _recovery_key),
        tls=entries("TLS", _tls_tag),
        config=_config(document.get("Config") or Node({})),
    )


def _entries(parent: Node, section: str, make: Callable[[Node], Entry | None]) -> dict[str, Entry]:
    made = {name: make(node) for name, node in parent.entries(section).items() if not node.invalid}
    return {name: entry for name, entry in made.items() if entry is not None}


def _package(node: Node, _: Report) -> Package:
    return Package(
        debug=node.flag("Debug"),
        unique_id=node.text("UniqueID").lower(),
        signer_id=node.text("SignerID").lower(),
        product_id=node.number("ProductID"),
        security_version=node.number("SecurityVersion"),
        accepted_tcb_statuses=node.texts("AcceptedTCBStatuses") or DEFAULT_TCB_STATUSES,
        accepted_advisories=node.texts("AcceptedAdvisories"),
        trust_domain=_trust_domain(tdx) if (tdx := node.get("TDX")) else None,
    )


def _trust_domain(node: Node) -> TrustDomain:
    def measurement(name: str) -> str:
        return node.text(name).lower()

    return TrustDomain(
        mr_td=measurement("MRTD"),
        rtmrs=(
            measurement("RTMR0"),
            measurement("RTMR1"),
            measurement("RTMR2"),
            measurement("RTMR3"),
        ),
        mr_config_id=measurement("MRCONFIGID"),
        mr_owner=measurement("MROWNER"),
        mr_owner_config=measurement("MROWNERCONFIG"),
    )


def _infrastructure(node: Node, report: Report) -> Infrastructure:
    return Infrastructure(
        cpu_svn=report.parsed(node.get("CPUSVN"), bytes_of) or b"",
        qe_svn=node.number("QESVN"),
        pce_svn=node.number("PCESVN"),
        root_ca=report.parsed(node.get("RootCA"), bytes_of) or b"",
    )


def _marble(node: Node, report: Report) -> Marble:
    return Marble(
        package=node.text("Package"),
        max_activations=node.number("MaxActivations") or 0,
        parameters=_parameters(node.get("Parameters") or Node({}), report),
        tls=node.texts("TLS"),
        disable_secret_binding=node.flag("DisableSecretBinding"),
    )


def _parameters(node: Node, report: Report) -> Parameters:
    return Parameters(
        files=_entries(node, "Files", lambda content: _content(content, report)),
        env=_entries(node, "Env", lambda content: _content(content, report)),
        argv=node.texts("Argv"),
    )


def _content(node: Node, report: Report) -> Content:
    if isinstance(node.value, str):
        return Content(node.value.encode(), is_template=True)
    decode = _DECODERS[node.text("Encoding")]
    data = report.parsed(node.get("Data"), lambda data: decode(str(data.value)))
    return Content(data or b"", is_template=not node.flag("NoTemplates"))


def _user(node: Node, report: Report) -> User:
    der = report.parsed(node.get("Certificate"), _user_certificate)
    return User(der or b"", node.texts("Roles"))


def _user_certificate(node: Node) -> bytes:
    der = pem_block(str(node.value), "CERTIFICATE")
    certificate(der)
    return der


def _role(node: Node, _: Report) -> Role | None:
    if not (resource_type := node.text("ResourceType")):
        return None
    return Role(
        resource_type=ResourceType(resource_type),
        resource_names=node.texts("ResourceNames"),
        actions=tuple(Action(action) for action in node.texts("Actions")),
    )


def _recovery_key(node: Node, report: Report) -> bytes | None:
    return report.parsed(node, lambda key: rsa_public_key(str(key.value)))


def _tls_tag(node: Node, _: Report) -> TLSTag:
    return TLSTag(
        outgoing=tuple(
            TLSOutgoing(entry.text("Addr"), entry.text("Port")) for entry in node.array("Outgoing")
        ),
        incoming=tuple(
            TLSIncoming(entry.text("Port"), entry.text("Cert"), entry.flag("DisableClientAuth"))
            for entry in node.array("Incoming")
        ),
    )


def _config(node: Node) -> Config:
    return Config(
        seal_mode=SealMode(node.text("SealMode") or SealMode.PRODUCT_KEY),
        feature_gates=frozenset(FeatureGate(gate) for gate in node.texts("FeatureGates")),
        update_threshold=node.number("UpdateThreshold") or 0,
        recovery_threshold=node.number("RecoveryThreshold") or 0,
        rotate_root_secret=node.flag("RotateRootSecret"),
    )
