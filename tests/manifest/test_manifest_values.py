"""Values: types, integers, bytes, encodings, enumerations, and the typed result."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from ringtaw_coordinator.manifest.model import (
    Action,
    FeatureGate,
    ResourceType,
    SealMode,
    SecretType,
    TLSIncoming,
    TLSOutgoing,
)

from tests.manifest.samples import (
    JSON,
    SIGNER_ID,
    UNIQUE_ID,
    accepted,
    certificate,
    complete,
    minimal,
    problem,
    warning,
    with_cert,
    with_marble,
    with_secret,
)


def literal(manifest: JSON, text: str) -> bytes:
    """Return a manifest whose value "@" is written as ``text``."""
    return json.dumps(manifest).replace('"@"', text).encode()


def test_complete_manifest_becomes_typed() -> None:
    manifest = accepted(complete())
    backend, frontend = manifest.packages["backend"], manifest.packages["frontend"]
    assert (backend.unique_id, backend.signer_id, backend.debug) == (UNIQUE_ID, "", False)
    assert backend.accepted_tcb_statuses == ("UpToDate", "ConfigurationNeeded")
    assert backend.accepted_advisories == ("INTEL-SA-00001",)
    assert (frontend.signer_id, frontend.product_id) == (SIGNER_ID, 0)
    assert frontend.accepted_tcb_statuses == ("UpToDate", "SWHardeningNeeded")
    cloud = manifest.infrastructures["cloud"]
    assert (cloud.cpu_svn, cloud.root_ca) == (bytes(range(16)), b"\0\1\2")
    assert (cloud.qe_svn, cloud.pce_svn) == (0, 7)


def test_complete_marble() -> None:
    server = accepted(complete()).marbles["server"]
    assert (server.package, server.max_activations, server.tls) == ("backend", 3, ("web",))
    assert server.disable_secret_binding
    files, env = server.parameters.files, server.parameters.env
    assert files["/etc/key"].data == b"{{ raw .Secrets.key }}"
    assert files["/etc/key"].is_template
    assert files["/etc/cert.pem"].data == b"{{re"
    assert not files["/etc/cert.pem"].is_template
    assert files["/etc/empty"].data == env["EMPTY"].data == b""
    assert server.parameters.argv == ("server", "", "--port=8443")


def test_complete_rest() -> None:
    manifest = accepted(complete())
    assert manifest.users["alice"].certificate == certificate("alice").public_bytes(Encoding.DER)
    assert manifest.users["bob"].roles == ("versions", "all")
    assert manifest.roles["secrets"].resource_type is ResourceType.SECRETS
    assert manifest.roles["secrets"].actions == (Action.READ_SECRET, Action.WRITE_SECRET)
    assert manifest.roles["all"].actions == (Action.UPDATE_MANIFEST,)
    assert manifest.secrets["cert"].type is SecretType.CERT_ECDSA
    assert (manifest.secrets["cert"].size, manifest.secrets["cert"].valid_for) == (384, 7)
    assert manifest.tls["web"].outgoing == (TLSOutgoing("example.org", "443"),)
    incoming = (TLSIncoming("80", "", False), TLSIncoming("81", "cert", True))
    assert manifest.tls["web"].incoming == incoming
    assert list(manifest.recovery_keys) == ["one", "two"]
    assert all(key.startswith(b"\x30\x82") for key in manifest.recovery_keys.values())


def test_complete_config() -> None:
    config = accepted(complete()).config
    assert config.seal_mode is SealMode.UNIQUE_KEY
    assert config.feature_gates == {FeatureGate.SIGN_QUOTE_ENDPOINT}
    assert (config.update_threshold, config.recovery_threshold) == (2, 2)
    assert config.rotate_root_secret


def test_absent_config_is_the_default() -> None:
    config = accepted(minimal()).config
    assert config == accepted(minimal(Config={"SealMode": "ProductKey"})).config
    assert config.seal_mode is SealMode.PRODUCT_KEY


@pytest.mark.parametrize("text", ["128.0", "1e2", "-0", "1E+2", "9" * 21, "9" * 100_000, "0.5"])
def test_integers_are_plain_digits(text: str) -> None:
    found = problem(literal(with_secret(Type="symmetric-key", Size="@"), text))
    assert found.pointer == "/Secrets/s/Size"
    assert "must be an integer of at most 64 bits in plain digits" in found.message
    assert len(str(found)) < 300


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        (with_marble(MaxActivations=-1), "must be at least 0"),
        (with_marble(MaxActivations=2**64), "must be at most 18446744073709551615"),
        (minimal(Infrastructures={"c": {"QESVN": 65_536}}), "must be at most 65535"),
        (minimal(Infrastructures={"c": {"PCESVN": 65_536}}), "must be at most 65535"),
        (minimal(Infrastructures={"c": {"CPUSVN": [256]}}), "must be at most 255"),
        (minimal(Infrastructures={"c": {"CPUSVN": [-1]}}), "must be at least 0"),
        (with_secret(Type="cert-ed25519", ValidFor=2_900_001), "must be at most 2900000"),
    ],
)
def test_ranges(manifest: JSON, message: str) -> None:
    assert problem(manifest).message == message


def test_largest_integers() -> None:
    marble = accepted(with_marble(MaxActivations=2**64 - 1)).marbles["m"]
    assert marble.max_activations == 2**64 - 1


@pytest.mark.parametrize(
    ("manifest", "pointer", "message"),
    [
        (minimal(Marbles=[]), "/Marbles", "must be an object, not an array"),
        (minimal(Packages={"p": "x"}), "/Packages/p", "must be an object, not a string"),
        (with_marble(DisableSecretBinding=1), "/Marbles/m/DisableSecretBinding", "true or false"),
        (with_marble(MaxActivations=True), "/Marbles/m/MaxActivations", "not true or false"),
        (with_marble(MaxActivations="3"), "/Marbles/m/MaxActivations", "must be an integer"),
        (with_marble(TLS="web"), "/Marbles/m/TLS", "must be an array, not a string"),
        (with_marble(Parameters={"Argv": [1]}), "/Marbles/m/Parameters/Argv/0", "must be a string"),
        (with_marble(Parameters={"Env": {"E": 1}}), "/Marbles/m/Parameters/Env/E", "must be text"),
        (with_secret(Type="cert-ed25519", Public=1.5), "/Secrets/s/Public", "must be base64"),
        (
            minimal(TLS={"t": {"Incoming": [{"Port": 80}]}}),
            "/TLS/t/Incoming/0/Port",
            "must be a string, not an integer",
        ),
    ],
)
def test_types(manifest: JSON, pointer: str, message: str) -> None:
    found = problem(manifest)
    assert found.pointer == pointer
    assert message in found.message


@pytest.mark.parametrize(
    ("manifest", "pointer", "hint"),
    [
        (with_secret(Type="Cert-RSA"), "/Secrets/s/Type", 'did you mean "cert-rsa"?'),
        (with_secret(Type="symetric-key"), "/Secrets/s/Type", 'did you mean "symmetric-key"?'),
        (minimal(Config={"SealMode": "productkey"}), "/Config/SealMode", '"ProductKey"?'),
        (minimal(Config={"FeatureGates": ["SignQuote"]}), "/Config/FeatureGates/0", ""),
        (
            minimal(Config={"FeatureGates": ["MonotonicCount"]}),
            "/Config/FeatureGates/0",
            'did you mean "MonotonicCounter"?',
        ),
        (
            minimal(Roles={"r": {"ResourceType": "secrets"}}),
            "/Roles/r/ResourceType",
            'did you mean "Secrets"?',
        ),
        (
            minimal(Roles={"r": {"ResourceType": "Secrets", "Actions": ["ReadSecrets"]}}),
            "/Roles/r/Actions/0",
            'did you mean "ReadSecret"?',
        ),
        (
            minimal(Packages={"p": {"UniqueID": UNIQUE_ID, "AcceptedTCBStatuses": ["uptodate"]}}),
            "/Packages/p/AcceptedTCBStatuses/0",
            'did you mean "UpToDate"?',
        ),
        (
            with_marble(Parameters={"Env": {"E": {"Encoding": "base46"}}}),
            "/Marbles/m/Parameters/Env/E/Encoding",
            'did you mean "base64"?',
        ),
    ],
)
def test_enumerations(manifest: JSON, pointer: str, hint: str) -> None:
    found = problem(manifest)
    assert found.pointer == pointer
    assert "is none of" in found.message
    assert hint in found.hint


@pytest.mark.parametrize("status", ["UpToDate", "OutOfDate", "Revoked", "ConfigurationNeeded"])
def test_tcb_statuses(status: str) -> None:
    package = {"UniqueID": UNIQUE_ID, "AcceptedTCBStatuses": [status]}
    assert accepted(minimal(Packages={"p": package})).packages["p"].accepted_tcb_statuses == (
        status,
    )


@pytest.mark.parametrize(
    ("encoding", "data", "decoded"),
    [
        ("", "ä{{", "ä{{".encode()),
        ("STRING", "x", b"x"),
        ("Base64", "AP8=\r\n", b"\0\xff"),
        ("hEx", "00fF", b"\0\xff"),
    ],
)
def test_encodings(encoding: str, data: str, decoded: bytes) -> None:
    content = {"Data": data, "Encoding": encoding, "NoTemplates": True}
    files = (
        accepted(with_marble(Parameters={"Files": {"/f": content}})).marbles["m"].parameters.files
    )
    assert files["/f"].data == decoded


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        *(("hex", "0"), ("hex", "0g"), ("hex", "00 00"), ("hex", "0x00")),
        *(("base64", "AA"), ("base64", "A-_="), ("base64", "AAAA AAAA"), ("base64", "AAA=A")),
    ],
)
def test_bad_encodings(encoding: str, data: str) -> None:
    content = {"Data": data, "Encoding": encoding}
    found = problem(with_marble(Parameters={"Files": {"/f": content}}))
    assert found.pointer == "/Marbles/m/Parameters/Files/~1f/Data"
    assert encoding[:3] in found.message
    assert data not in str(found).replace("/Data", "")


@pytest.mark.parametrize("value", ["AwMD", "Aw\nMD", [3, 3, 3]])
def test_bytes(value: Any) -> None:
    cloud = accepted(minimal(Infrastructures={"c": {"RootCA": value}})).infrastructures["c"]
    assert cloud.root_ca == b"\3\3\3"


@pytest.mark.parametrize("value", ["AwM", "AwM*"])
def test_bad_bytes(value: str) -> None:
    found = problem(minimal(Infrastructures={"c": {"RootCA": value}}))
    assert (found.pointer, found.message[:13]) == ("/Infrastructures/c/RootCA", "is not base64")


def test_odd_root_ca_is_accepted_and_odd_cpu_svn_is_a_warning() -> None:
    assert accepted(minimal(Infrastructures={"c": {"RootCA": [1, 2, 3]}}))
    found = warning(minimal(Infrastructures={"c": {"CPUSVN": [1, 2, 3]}}))
    assert found.pointer == "/Infrastructures/c/CPUSVN"
    assert found.message == "has 3 bytes; a platform's has 16"


def test_initial_values_of_user_defined_secrets() -> None:
    key = base64.b64encode(bytes(16)).decode()
    manifest = with_secret(Type="symmetric-key", Size=128, UserDefined=True, Private=key)
    secret = accepted(manifest).secrets["s"]
    assert secret.initial_private == secret.initial_public == bytes(16)
    plain = with_secret(Type="plain", UserDefined=True, Public=[1, 2], Private=[1, 2])
    assert accepted(plain).secrets["s"].initial_private == b"\1\2"
    der = certificate().public_bytes(Encoding.DER)
    pair = with_secret(
        Type="cert-ecdsa", UserDefined=True, Cert=base64.b64encode(der).decode(), Private="AAAA"
    )
    secret = accepted(pair).secrets["s"]
    assert (secret.initial_certificate, secret.initial_private) == (der, bytes(3))
    assert secret.initial_public in der


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ({"Type": "symmetric-key", "Size": 128, "Private": "AAAA"}, "128 bits, but the key given"),
        ({"Type": "symmetric-key", "Private": "AAAA"}, "declares 0 bits"),
        ({"Type": "plain", "Private": "AAAA", "Public": "AAAB"}, "must be the same"),
        ({"Type": "cert-rsa", "Cert": "AAAA"}, "holds no X.509 certificate"),
        ({"Type": "cert-rsa", "Cert": "AA"}, "is not base64"),
        ({"Type": "cert-rsa", "Private": "AA"}, "is not base64"),
    ],
)
def test_bad_initial_values(definition: JSON, message: str) -> None:
    assert message in problem(with_secret(UserDefined=True, **definition)).message


def test_values_of_generated_secrets_are_ignored() -> None:
    manifest = with_secret(Type="symmetric-key", Size=8, Private="AAAA", Public=[1, 2])
    assert accepted(manifest) == accepted(with_secret(Type="symmetric-key", Size=8))


def test_names_must_not_be_empty() -> None:
    assert (
        problem(minimal(Secrets={"": {"Type": "cert-ed25519"}})).message == "a secret needs a name"
    )


def test_long_values_and_names_are_cut_in_messages() -> None:
    found = problem(with_secret("n" * 10_000, Type="t" * 10_000))
    assert len(str(found)) < 600


def test_typed_manifest_shows_no_secret() -> None:
    manifest = with_secret(
        Type="plain", UserDefined=True, Private=base64.b64encode(b"hush").decode()
    )
    content = with_marble(Parameters={"Env": {"E": "hush"}})
    assert "hush" not in repr(accepted(manifest))
    assert "hush" not in repr(accepted(content))


def test_certificate_of_other_types_has_no_effect() -> None:
    found = warning(with_cert() | with_secret(Type="symmetric-key", Size=8, Cert={"IsCA": True}))
    assert found.pointer == "/Secrets/s/Cert"
