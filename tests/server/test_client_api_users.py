"""Secrets, updates and counters as MarbleRun's clients know them: both versions, byte for byte."""

from __future__ import annotations

import json
import ssl
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from ringtaw_coordinator.core.api import (
    PendingUpdate,
    SecretUpload,
    StoredSecret,
    UpdateProgress,
)
from ringtaw_coordinator.errors import (
    CoordinatorError,
    ForbiddenError,
    ManifestError,
    NoPendingUpdateError,
    Problem,
    RequestRefusedError,
    UnauthorizedError,
)
from ringtaw_coordinator.manifest.model import (
    CertificateTemplate,
    FeatureGate,
    SecretDefinition,
    SecretType,
)
from ringtaw_coordinator.secrets.value import SecretValue
from ringtaw_testkit.identities import Certified, self_signed

from tests.support.facade import ScriptedFacade
from tests.support.raw_http1 import Answer, RawClient, ask

KEY = b"\x00\x01\xff"
DER = b"0\x03\x02\x01\x01"
MANIFEST = b'{"Packages": {}}'
LOG = ['{"time":"t","update":"Initial manifest set"}', '{"time":"u","update":"Secret set"}']


def b64(value: bytes) -> str:
    return b64encode(value).decode()


@pytest.fixture(scope="module")
def user() -> Certified:
    return self_signed("user")


@pytest.fixture(scope="module")
def context(user: Certified, tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    return user.client_context(Path(tmp_path_factory.mktemp("user")), "http/1.1")


class UserClient:
    """Asks with the user's certificate."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        self._port = port
        self._context = context

    async def ask(self, method: str, path: str, body: Any = b"") -> Answer:
        encoded = body if isinstance(body, bytes) else json.dumps(body).encode()
        async with await RawClient.connect(self._port, self._context) as client:
            return await client.request(method, path, encoded)

    async def data(self, method: str, path: str, body: Any = b"") -> Any:
        answer = await self.ask(method, path, body)
        assert answer.status == 200, answer.body
        assert set(answer.json) == {"status", "data"}
        assert answer.json["status"] == "success"
        return answer.json["data"]


@pytest.fixture
def client(port: int, context: ssl.SSLContext) -> UserClient:
    return UserClient(port, context)


def secret(kind: SecretType, value: SecretValue, **more: Any) -> StoredSecret:
    fields = {"size": None, "shared": False, "user_defined": True, "valid_for": 0}
    return StoredSecret(
        SecretDefinition(kind, certificate=CertificateTemplate(), **{**fields, **more}), value
    )


async def test_secrets_have_gos_field_names(
    client: UserClient, facade: ScriptedFacade, user: Certified
) -> None:
    facade.secrets = {
        "key": secret(SecretType.SYMMETRIC_KEY, SecretValue(public=KEY, private=KEY), size=24),
        "pair": secret(SecretType.CERT_RSA, SecretValue(DER, b"P", b"S"), shared=True, valid_for=7),
        "empty": secret(SecretType.PLAIN, SecretValue()),
    }
    expected = {
        "key": {
            "Type": "symmetric-key",
            "Size": 24,
            "Shared": False,
            "UserDefined": True,
            "Cert": None,
            "ValidFor": 0,
            "Private": b64(KEY),
            "Public": b64(KEY),
        },
        "pair": {
            "Type": "cert-rsa",
            "Size": 0,
            "Shared": True,
            "UserDefined": True,
            "Cert": b64(DER),
            "ValidFor": 7,
            "Private": b64(b"S"),
            "Public": b64(b"P"),
        },
        "empty": {
            "Type": "plain",
            "Size": 0,
            "Shared": False,
            "UserDefined": True,
            "Cert": None,
            "ValidFor": 0,
            "Private": None,
            "Public": None,
        },
    }
    query = "s=key&s=pair&s=empty"
    assert await client.data("GET", f"/api/v2/secrets?{query}") == {"secrets": expected}
    assert await client.data("GET", f"/secrets?{query}") == expected
    assert facade.certificates == [user.der] * 2


@pytest.mark.parametrize("name", ["a b", "a+b", "ä&=?#%", "a/b"])
async def test_names_of_secrets_are_percent_encoded(
    client: UserClient, facade: ScriptedFacade, name: str
) -> None:
    facade.secrets = {name: secret(SecretType.PLAIN, SecretValue(public=KEY))}
    query = "".join(f"%{byte:02x}" for byte in name.encode())
    assert list(await client.data("GET", f"/secrets?s={query}")) == [name]
    if name == "a b":
        assert list(await client.data("GET", "/secrets?s=a+b")) == [name]


@pytest.mark.parametrize("query", ["", "?", "?s", "?s=", "?s=a&s=", "?S=a", "?t=a"])
async def test_a_query_without_names(client: UserClient, query: str) -> None:
    for path, kind in (("/api/v2/secrets", "fail"), ("/secrets", "error")):
        answer = await client.ask("GET", path + query)
        assert (answer.status, answer.json["status"]) == (400, kind)
        assert answer.json["message"].startswith("invalid query: ")


@pytest.mark.parametrize(
    ("upload", "expected"),
    [
        ({"Key": b64(KEY)}, SecretUpload(key=KEY)),
        ({"Key": b64(KEY), "Cert": None, "Private": None}, SecretUpload(key=KEY)),
        ({"key": "", "CERT": None}, SecretUpload(key=b"")),
        ({"cert": b64(DER), "pRIVATE": b64(b"S")}, SecretUpload(certificate=DER, private=b"S")),
        ({"Key": b64(KEY)[:2] + "\r\n" + b64(KEY)[2:]}, SecretUpload(key=KEY)),
        ({}, SecretUpload()),
    ],
)
async def test_uploads_reach_the_coordinator(
    client: UserClient, facade: ScriptedFacade, upload: dict[str, Any], expected: SecretUpload
) -> None:
    assert await client.data("POST", "/api/v2/secrets", {"SECRETS": {"Name": upload}}) is None
    assert await client.data("POST", "/secrets", {"Name": upload}) is None
    assert facade.uploads == [{"Name": expected}] * 2


async def test_the_update_log(client: UserClient, facade: ScriptedFacade) -> None:
    facade.log = LOG
    assert await client.data("GET", "/api/v2/update") == {"updateLog": LOG}
    assert await client.data("GET", "/update") == f"{LOG[0]}\n{LOG[1]}\n"


async def test_an_update_that_is_in_force(client: UserClient, facade: ScriptedFacade) -> None:
    answer = await client.data("POST", "/api/v2/update", {"manifest": b64(MANIFEST)})
    assert answer == {"missingAcknowledgments": 0, "missingUsers": []}
    assert await client.data("POST", "/update", MANIFEST) is None
    assert facade.updates == [MANIFEST] * 2


async def test_an_update_that_waits(client: UserClient, facade: ScriptedFacade) -> None:
    facade.progress = UpdateProgress(2, ("bob", "carol"))
    progress = {"missingAcknowledgments": 2, "missingUsers": ["bob", "carol"]}
    body = {"manifest": b64(MANIFEST)}
    assert await client.data("POST", "/api/v2/update", body) == progress
    message = "The update needs 2 more acknowledgements, of: bob, carol."
    assert await client.data("POST", "/api/v2/update-manifest", body) == {
        "message": message,
        **progress,
    }
    assert await client.data("POST", "/update-manifest", MANIFEST) == message
    facade.pending = PendingUpdate(MANIFEST, ("bob",), 1)
    pending = {
        "manifest": b64(MANIFEST),
        "missingUsers": ["bob"],
        "message": "The update needs 1 more acknowledgement, of: bob.",
    }
    assert await client.data("GET", "/api/v2/update-manifest") == pending
    assert await client.data("GET", "/update-manifest") == pending


async def test_recovery_keys_changed_by_an_update(
    client: UserClient, facade: ScriptedFacade
) -> None:
    facade.progress = UpdateProgress(0, (), {"alice": KEY}, ("old",))
    body = {"manifest": b64(MANIFEST)}
    more = {
        "missingAcknowledgments": 0,
        "missingUsers": [],
        "recoverySecrets": {"alice": b64(KEY)},
        "warnings": ["old"],
    }
    assert await client.data("POST", "/api/v2/update", body) == more
    answer = await client.data("POST", "/api/v2/update-manifest", body)
    assert answer == {"message": "The update has been applied.", **more}


@pytest.mark.parametrize("path", ["/api/v2/update-cancel", "/update-cancel"])
async def test_cancelling(client: UserClient, facade: ScriptedFacade, path: str) -> None:
    facade.pending = PendingUpdate(MANIFEST, (), 1)
    text = "The update has been cancelled."
    expected = {"message": text} if path.startswith("/api") else text
    assert await client.data("POST", path) == expected
    answer = await client.ask("POST", path)
    assert answer.status == 404
    assert answer.json == {"status": "error", "data": None, "message": "no update in progress"}


@pytest.mark.parametrize("value", [0, 1, 2**53 + 1, 2**63, 2**64 - 1])
async def test_counters_are_exact(client: UserClient, facade: ScriptedFacade, value: int) -> None:
    facade.features = {FeatureGate.MONOTONIC_COUNTER}
    path, body = "/api/v2/monotonic-counter", {"Name": "n", "VALUE": value}
    assert await client.data("POST", path, body) == {"value": 0}
    assert await client.data("POST", path, {"name": "n", "value": 0}) == {"value": value}


async def test_a_feature_that_is_off_is_403(client: UserClient, port: int) -> None:
    answer = await client.ask("POST", "/api/v2/monotonic-counter", b"not even JSON")
    assert (answer.status, answer.json["status"]) == (403, "error")


async def test_version_1_recovers_no_more(port: int) -> None:
    answer = await ask(port, "POST", "/recover", b"a secret")
    assert answer.status == 410
    assert answer.json["status"] == "error"
    assert "/api/v2/recover" in answer.json["message"]


USER_ENDPOINTS = [
    ("GET", "secrets?s=a"),
    ("POST", "secrets"),
    ("POST", "update"),
    ("POST", "update-manifest"),
    ("POST", "update-cancel"),
]


@pytest.mark.parametrize(("method", "path"), USER_ENDPOINTS)
async def test_nobody_without_a_certificate(
    port: int, facade: ScriptedFacade, method: str, path: str
) -> None:
    for prefix, kind in (("/api/v2/", "fail"), ("/", "error")):
        answer = await ask(port, method, prefix + path, b"not even JSON")
        assert (answer.status, answer.json["status"]) == (401, kind)
        assert answer.json["message"].startswith("unauthorized user")
    assert not facade.certificates


@pytest.mark.parametrize(
    ("error", "v1", "v2"),
    [
        (UnauthorizedError("unauthorized user: no"), (401, "error"), (401, "fail")),
        (ForbiddenError("the user has no role"), (400, "error"), (500, "error")),
        (RequestRefusedError("there is none"), (400, "error"), (500, "error")),
        (NoPendingUpdateError("no update in progress"), (404, "error"), (404, "error")),
        (ManifestError([Problem("/a", "wrong")]), (400, "error"), (500, "error")),
    ],
)
@pytest.mark.parametrize(("method", "path"), USER_ENDPOINTS)
async def test_refusals(
    client: UserClient,
    facade: ScriptedFacade,
    method: str,
    path: str,
    error: CoordinatorError,
    v1: tuple[int, str],
    v2: tuple[int, str],
) -> None:
    facade.error = error
    bodies: dict[str, tuple[Any, Any]] = {
        "secrets": ({"secrets": {}}, {}),
        "update": ({"manifest": ""}, b""),
        "update-manifest": ({"manifest": ""}, b""),
    }
    second, first = bodies.get(path, (b"", b""))
    for prefix, body, expected in (("/api/v2/", second, v2), ("/", first, v1)):
        answer = await client.ask(method, prefix + path, body)
        assert (answer.status, answer.json["status"]) == expected
        assert answer.json["message"] == str(error)
        assert answer.json["data"] is None
