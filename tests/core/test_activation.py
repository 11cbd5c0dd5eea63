"""What an admitted Marble receives."""

from __future__ import annotations

import base64
import json
import uuid
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from ringtaw_coordinator.core.api import MarbleParameters
from ringtaw_coordinator.errors import ActivationError, InvalidUUIDError, VerificationError
from ringtaw_coordinator.pki.marble import MARBLE_TYPE

from tests.support.deployments import coordinator_in, csr, manifest, request

UUID = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
PREDEFINED = {
    "MARBLE_PREDEFINED_ROOT_CA",
    "MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN",
    "MARBLE_PREDEFINED_PRIVATE_KEY",
    "MARBLE_PREDEFINED_COORDINATOR_ROOT_CA",
}
KEYS = {
    "private": {"Type": "symmetric-key", "Size": 256},
    "shared": {"Type": "symmetric-key", "Size": 128, "Shared": True},
}


def certificates(parameters: MarbleParameters, name: str) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(parameters.env[f"MARBLE_PREDEFINED_{name}"])


async def activated(directory: Path, raw: bytes, marble_uuid: str = "") -> MarbleParameters:
    async with coordinator_in(directory) as coordinator:
        await coordinator.set_manifest(raw)
        return await coordinator.activate(request(marble_uuid=marble_uuid))


async def test_plain_parameters_pass_through(tmp_path: Path) -> None:
    raw = manifest(
        env={"A": "one", "B": {"Data": "dHdv", "Encoding": "base64"}},
        files={
            "/etc/config": "text",
            "/etc/binary": {"Data": "00ff", "Encoding": "hex"},
            "/etc/braces": {"Data": "{{ raw }}", "NoTemplates": True},
        },
    )
    parameters = await activated(tmp_path, raw)
    assert parameters.argv == ("./frontend",)
    assert parameters.files == {
        "/etc/config": b"text",
        "/etc/binary": b"\x00\xff",
        "/etc/braces": b"{{ raw }}",
    }
    assert set(parameters.env) == {"A", "B"} | PREDEFINED
    assert (parameters.env["A"], parameters.env["B"]) == (b"one", b"two")


async def test_predefined_variables_hold_the_chains(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(manifest())
        names = (x509.DNSName("a.example"), x509.RFC822Name("root@example.com"))
        parameters = await coordinator.activate(
            request(marble_uuid=UUID.upper(), certificate_request=csr(*names))
        )
        chain = [x509.load_der_x509_certificate(der) for der in coordinator.mesh_identity.chain]
    marble_root, intermediate, root = chain
    assert certificates(parameters, "ROOT_CA") == [marble_root]
    assert certificates(parameters, "COORDINATOR_ROOT_CA") == [root]
    leaf, issuer = certificates(parameters, "MARBLE_CERTIFICATE_CHAIN")
    assert issuer == intermediate
    leaf.verify_directly_issued_by(marble_root)
    leaf.verify_directly_issued_by(intermediate)
    assert leaf.subject.rfc4514_string() == f"CN={UUID}"
    extensions = leaf.extensions
    found = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert list(found) == [x509.DNSName("a.example")]
    marble_type = extensions.get_extension_for_oid(MARBLE_TYPE).value
    assert isinstance(marble_type, x509.UnrecognizedExtension)
    assert marble_type.value == b"frontend"
    pem = parameters.env["MARBLE_PREDEFINED_PRIVATE_KEY"]
    assert pem.startswith(b"-----BEGIN PRIVATE KEY-----\n")
    key = load_pem_private_key(pem, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.public_key() == leaf.public_key()


async def test_predefined_variables_override_the_manifest(tmp_path: Path) -> None:
    raw = manifest(env=dict.fromkeys(PREDEFINED, "mine"))
    parameters = await activated(tmp_path, raw)
    assert all(b"-----BEGIN" in parameters.env[name] for name in PREDEFINED)


async def test_templates_see_the_same_certificates(tmp_path: Path) -> None:
    raw = manifest(
        env={
            "ROOT": "{{ pem .MarbleRun.RootCA.Cert }}",
            "LEAF": "{{ pem .MarbleRun.MarbleCert.Cert }}",
            "KEY": "{{ pem .MarbleRun.MarbleCert.Private }}",
            "TOP": "{{ pem .MarbleRun.CoordinatorRoot.Cert }}",
            "MIDDLE": "{{ pem .MarbleRun.CoordinatorIntermediate.Cert }}",
        }
    )
    env = (await activated(tmp_path, raw)).env
    assert env["ROOT"] == env["MARBLE_PREDEFINED_ROOT_CA"]
    assert env["LEAF"] + env["MIDDLE"] == env["MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN"]
    assert env["KEY"] == env["MARBLE_PREDEFINED_PRIVATE_KEY"]
    assert env["TOP"] == env["MARBLE_PREDEFINED_COORDINATOR_ROOT_CA"]


async def test_keys_follow_uuid_and_type(tmp_path: Path) -> None:
    env = {"PRIVATE": "{{ hex .Secrets.private }}", "SHARED": "{{ hex .Secrets.shared }}"}
    marble = {"Package": "frontend", "Parameters": {"Env": env}}
    marbles = {
        "one": marble,
        "two": marble,
        "three": {**marble, "DisableSecretBinding": True},
        "four": {**marble, "DisableSecretBinding": True},
    }
    raw = manifest(Secrets=KEYS, Marbles=marbles)
    other = str(uuid.uuid4())
    found = {}
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(raw)
        for name in marbles:
            for marble_uuid in (UUID, other):
                parameters = await coordinator.activate(request(name, marble_uuid))
                found[name, marble_uuid] = parameters.env
        again = await coordinator.activate(request("one", f"urn:uuid:{UUID.upper()}"))
    assert len({env["SHARED"] for env in found.values()}) == 1
    assert len(found["one", UUID]["SHARED"]) == 32
    assert again.env["PRIVATE"] == found["one", UUID]["PRIVATE"]
    assert found["three", UUID]["PRIVATE"] == found["four", UUID]["PRIVATE"]
    distinct = {found[name, UUID]["PRIVATE"] for name in ("one", "two", "three")}
    distinct |= {found[name, other]["PRIVATE"] for name in ("one", "two", "three")}
    assert len(distinct) == 6
    assert all(len(key) == 64 for key in distinct)


async def test_private_key_survives_a_restart(tmp_path: Path) -> None:
    raw = manifest(env={"PRIVATE": "{{ hex .Secrets.private }}"}, Secrets=KEYS)
    before = await activated(tmp_path, raw, UUID)
    async with coordinator_in(tmp_path) as coordinator:
        after = await coordinator.activate(request(marble_uuid=UUID))
    assert after.env["PRIVATE"] == before.env["PRIVATE"]


@pytest.mark.parametrize(
    "definition",
    [
        {"Type": "cert-ecdsa", "Size": 224},
        {"Type": "cert-ecdsa", "Size": 521},
        {"Type": "cert-ed25519"},
        {"Type": "cert-rsa", "Size": 2048},
    ],
)
async def test_certificates_shared_and_private(
    tmp_path: Path, definition: dict[str, object]
) -> None:
    env = {
        f"{name}_{part}": f"{{{{ pem .Secrets.{name}.{part} }}}}"
        for name in ("shared", "private")
        for part in ("Cert", "Public", "Private")
    }
    secrets = {"shared": {**definition, "Shared": True}, "private": definition}
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(manifest(env=env, Secrets=secrets))
        one = (await coordinator.activate(request(marble_uuid=UUID))).env
        other = (await coordinator.activate(request(marble_uuid=UUID))).env
        marble_root = x509.load_der_x509_certificate(coordinator.mesh_identity.chain[0])
    for part in ("Cert", "Public", "Private"):
        assert one[f"shared_{part}"] == other[f"shared_{part}"]
        assert one[f"private_{part}"] != other[f"private_{part}"]
    for name in ("shared", "private"):
        certificate = x509.load_pem_x509_certificate(one[f"{name}_Cert"])
        certificate.verify_directly_issued_by(marble_root)
        key = load_pem_private_key(one[f"{name}_Private"], None)
        assert key.public_key() == certificate.public_key()


async def test_previous_secrets_equal_current_ones_before_any_rotation(tmp_path: Path) -> None:
    secrets = {**KEYS, "certificate": {"Type": "cert-ecdsa", "Size": 256}}
    env = {}
    for name, encode in (("private", "hex"), ("shared", "hex"), ("certificate", "base64")):
        part = ".Cert" if name == "certificate" else ""
        env[f"{name}_now"] = f"{{{{ {encode} .Secrets.{name}{part} }}}}"
        env[f"{name}_before"] = f"{{{{ {encode} .Previous.Secrets.{name}{part} }}}}"
    found = (await activated(tmp_path, manifest(env=env, Secrets=secrets))).env
    for name in secrets:
        assert found[f"{name}_now"] == found[f"{name}_before"]


async def test_user_defined_secret_has_to_have_a_value(tmp_path: Path) -> None:
    raw = manifest(
        env={"PASSWORD": "{{ string .Secrets.password }}"},
        Secrets={"password": {"Type": "plain", "UserDefined": True}},
        marble={"MaxActivations": 1},
    )
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(raw)
        before = (tmp_path / "sealed_data").read_bytes()
        for _ in range(2):
            with pytest.raises(ActivationError) as refusal:
                await coordinator.activate(request())
            for part in (
                'Marble "',
                'environment variable "PASSWORD"',
                "1:4",
                "has no value",
                "a user has to upload it",
            ):
                assert part in str(refusal.value)
        assert (tmp_path / "sealed_data").read_bytes() == before


async def test_user_defined_secret_may_have_its_value_in_the_manifest(tmp_path: Path) -> None:
    value = base64.b64encode(b"correct horse").decode()
    raw = manifest(
        env={"PASSWORD": "{{ string .Secrets.password }}"},
        Secrets={
            "password": {
                "Type": "plain",
                "UserDefined": True,
                "Private": value,
                "Public": value,
            }
        },
    )
    assert (await activated(tmp_path, raw)).env["PASSWORD"] == b"correct horse"


def ttls_manifest() -> bytes:
    return manifest(
        marble={"TLS": ["web", "db"]},
        Secrets={"web": {"Type": "cert-ecdsa", "Size": 256, "Shared": True}},
        TLS={
            "web": {
                "Incoming": [
                    {"Port": "443", "Cert": "web", "DisableClientAuth": True},
                    {"Port": "8443"},
                ]
            },
            "db": {"Outgoing": [{"Addr": "db.example", "Port": "5432"}]},
        },
    )


async def test_ttls_policy(tmp_path: Path) -> None:
    env = (await activated(tmp_path, ttls_manifest())).env
    root = env["MARBLE_PREDEFINED_ROOT_CA"].decode()
    key = env["MARBLE_PREDEFINED_PRIVATE_KEY"].decode()
    leaf = env["MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN"].decode().partition("-----END")[0]
    policy = json.loads(env["MARBLE_TTLS_CONFIG"])
    assert set(policy) == {"tls"}
    assert set(policy["tls"]) == {"Outgoing", "Incoming"}
    (outgoing,) = policy["tls"]["Outgoing"].items()
    assert outgoing[0] == "db.example:5432"
    assert set(outgoing[1]) == {"cacrt", "clicrt", "clikey"}
    incoming = policy["tls"]["Incoming"]
    assert set(incoming) == {"*:443", "*:8443"}
    for connection in (outgoing[1], *incoming.values()):
        assert connection["cacrt"] == root
    for connection in (outgoing[1], incoming["*:8443"]):
        assert connection["clicrt"].startswith(leaf)
        assert connection["clikey"] == key
    assert incoming["*:8443"]["clientAuth"] is True
    assert incoming["*:443"]["clientAuth"] is False
    secret = x509.load_pem_x509_certificate(incoming["*:443"]["clicrt"].encode())
    assert secret.subject.rfc4514_string() == "CN=localhost"
    private_key = load_pem_private_key(incoming["*:443"]["clikey"].encode(), None)
    assert private_key.public_key() == secret.public_key()


async def test_empty_ttls_policy_has_both_directions(tmp_path: Path) -> None:
    raw = manifest(marble={"TLS": ["empty"]}, TLS={"empty": {}})
    policy = json.loads((await activated(tmp_path, raw)).env["MARBLE_TTLS_CONFIG"])
    assert policy == {"tls": {"Outgoing": {}, "Incoming": {}}}


async def test_without_tags_there_is_no_policy(tmp_path: Path) -> None:
    assert "MARBLE_TTLS_CONFIG" not in (await activated(tmp_path, manifest())).env


async def test_wrong_requests_are_refused(tmp_path: Path) -> None:
    async with coordinator_in(tmp_path) as coordinator:
        await coordinator.set_manifest(manifest(marble={"MaxActivations": 1}))
        before = (tmp_path / "sealed_data").read_bytes()
        with pytest.raises(InvalidUUIDError):
            await coordinator.activate(request(marble_uuid="no-uuid"))
        with pytest.raises(VerificationError, match='no Marble "frontent": did you mean "fronten'):
            await coordinator.activate(request("frontent"))
        with pytest.raises(VerificationError, match="no Marble"):
            await coordinator.activate(request("x" * 1_000_000))
        with pytest.raises(ActivationError, match="CSR"):
            await coordinator.activate(request(certificate_request=b"rubbish"))
        assert (tmp_path / "sealed_data").read_bytes() == before
        await coordinator.activate(request())
