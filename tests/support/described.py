"""Holds answers of a real Coordinator against the OpenAPI description, wherever tests ask one."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from jsonschema import Draft202012Validator


def check_described(method: str, target: str, status: int, answer: Any) -> None:
    """Fail unless the description has this answer; what is not there at all is 405."""
    path = target.partition("?")[0]
    operation = _description()["paths"].get(path, {}).get(method.lower())
    if operation is None:
        assert status == 405, (method, target, status)
        return
    assert str(status) in operation["responses"], (method, target, status)
    _validator(path, method.lower(), status).validate(answer)


@cache
def _description() -> dict[str, Any]:
    text = resources.files("ringtaw_schemas").joinpath("client_api", "openapi.json").read_text()
    description: dict[str, Any] = json.loads(text)
    return description


@cache
def _validator(path: str, method: str, status: int) -> Draft202012Validator:
    pointer = f"{path.replace('~', '~0').replace('/', '~1')}/{method}/responses/{status}"
    schema = f"#/paths/{pointer}/content/application~1json/schema"
    return Draft202012Validator({**_description(), "$ref": schema})
