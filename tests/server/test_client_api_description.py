"""The OpenAPI description is what the Coordinator does: generated requests, checked answers."""

from __future__ import annotations

import json
import ssl
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from ringtaw_coordinator.server.client.endpoints import ENDPOINTS
from ringtaw_testkit.identities import self_signed
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import positive_data_acceptance, unsupported_method

from docs.client_api import DESCRIPTION, PAGE, render_description, render_page
from tests.support.coordinator_process import CoordinatorProcess, coordinator_process
from tests.support.deployments import manifest
from tests.support.facade import ScriptedFacade
from tests.support.raw_http1 import ask

USER: Final = self_signed("user")
OTHER: Final = self_signed("another user")
PACKAGES: Final = {
    "frontend": {"SignerID": "aa" * 32, "ProductID": 1, "SecurityVersion": 1, "Debug": True}
}
SECTIONS: Final[dict[str, Any]] = {
    "Packages": PACKAGES,
    "Secrets": {"token": {"Type": "plain", "UserDefined": True}},
    "Users": {
        "user": {"Certificate": USER.pem.decode(), "Roles": ["secrets", "packages", "manifest"]},
        "other": {"Certificate": OTHER.pem.decode(), "Roles": ["manifest"]},
    },
    "Roles": {
        "secrets": {
            "ResourceType": "Secrets",
            "ResourceNames": ["token"],
            "Actions": ["ReadSecret", "WriteSecret"],
        },
        "packages": {
            "ResourceType": "Packages",
            "ResourceNames": ["frontend"],
            "Actions": ["UpdateSecurityVersion"],
        },
        "manifest": {"ResourceType": "Manifest", "Actions": ["UpdateManifest"]},
    },
}
MANIFEST: Final = manifest(**SECTIONS)
UPDATE: Final = manifest(env={"NEW": "1"}, **SECTIONS)
UPLOAD: Final = {"token": {"Key": b64encode(b"value").decode()}}


def with_examples(description: dict[str, Any]) -> dict[str, Any]:
    """Give requests that succeed; each update replaces the one that was cancelled before."""
    bodies: dict[str, Any] = {
        "/api/v2/manifest": {"manifest": b64encode(MANIFEST).decode()},
        "/api/v2/secrets": {"secrets": UPLOAD},
        "/secrets": UPLOAD,
        "/api/v2/update": {"manifest": b64encode(UPDATE).decode()},
        "/api/v2/update-manifest": {"manifest": b64encode(UPDATE).decode()},
        "/update": UPDATE.decode(),
        "/update-manifest": UPDATE.decode(),
    }
    for path, body in bodies.items():
        content = description["paths"][path]["post"]["requestBody"]["content"]
        for media in content.values():
            media["example"] = body
    return description


schema = schemathesis.openapi.from_dict(with_examples(json.loads(render_description())))


@dataclass(frozen=True)
class Target:
    """A Coordinator with a user's way to it."""

    url: str
    root: Path
    identity: tuple[str, str]
    statuses: dict[tuple[str, str], set[int]]


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    directory = tmp_path_factory.mktemp("described")
    with coordinator_process(directory / "state") as process:
        yield Target(
            url="https://{}:{}".format(*process.client_address),
            root=_write_root(process, directory),
            identity=_write_identity(directory),
            statuses=defaultdict(set),
        )


def _write_root(process: CoordinatorProcess, directory: Path) -> Path:
    path = directory / "root.pem"
    path.write_text(ssl.get_server_certificate(process.client_address))
    return path


def _write_identity(directory: Path) -> tuple[str, str]:
    certificate, key = directory / "user.pem", directory / "user.key"
    certificate.write_bytes(USER.pem)
    key.write_bytes(USER.key_pem)
    return str(certificate), str(key)


@schema.parametrize()
@settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_as_described(case: Case[Any], target: Target) -> None:
    response = case.call(base_url=target.url, verify=str(target.root), cert=target.identity)
    case.validate_response(
        response,
        # Refusals are 500 and 400, as MarbleRun's clients know them, also of well-formed requests.
        excluded_checks=[not_a_server_error, positive_data_acceptance, unsupported_method],
    )
    target.statuses[case.method, case.path].add(response.status_code)


def test_success_was_among_them(target: Target) -> None:
    endpoints = {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}
    if not endpoints <= set(target.statuses):
        pytest.skip("needs the whole module")
    assert {endpoint for endpoint in endpoints if 200 not in target.statuses[endpoint]} == {
        ("GET", "/api/v2/manifest"),  # asked before there was one
        ("POST", "/manifest"),  # and after
        ("POST", "/recover"),
        ("GET", "/api/v2/recover/public-key"),  # there is nothing to recover
        ("POST", "/api/v2/recover"),
        ("POST", "/api/v2/sign-quote"),  # feature gates
        ("POST", "/api/v2/monotonic-counter"),
    }


def test_the_description_and_the_page_are_up_to_date() -> None:
    assert DESCRIPTION.read_bytes() == render_description(), "run: python -m docs.client_api"
    assert PAGE.read_text() == render_page(), "run: python -m docs.client_api"


async def test_the_description_is_served(port: int, facade: ScriptedFacade) -> None:
    answer = await ask(port, "GET", "/api/v2/openapi.json")
    assert answer.status == 200
    assert answer.body == DESCRIPTION.read_bytes()
    assert answer.json["openapi"] == "3.1.0"


def test_every_endpoint_is_described_once() -> None:
    described = [
        (method.upper(), path)
        for path, operations in json.loads(DESCRIPTION.read_text())["paths"].items()
        for method in operations
    ]
    assert described == list(dict.fromkeys(described))
    assert set(described) == {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}
