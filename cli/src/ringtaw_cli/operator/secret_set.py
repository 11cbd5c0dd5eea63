"""``ringtaw secret set``: from JSON, or from certificates and keys in PEM."""

from __future__ import annotations

import binascii
import json
import re
from base64 import b64decode
from pathlib import Path
from typing import Any, Final

import click
from ringtaw_client import InputError, SecretUpload

from ringtaw_cli.command import Command
from ringtaw_cli.output import say
from ringtaw_cli.session.files import input_name, read_input
from ringtaw_cli.session.opening import session
from ringtaw_cli.session.options import Access, coordinator_argument, coordinator_options
from ringtaw_cli.session.user import UserOptions, user_options

_MEMBERS: Final = {"key": "key", "cert": "certificate", "private": "private"}
_HINT: Final = 'expected is {"NAME": {"Key": BASE64}} or {"NAME": {"Cert": …, "Private": …}}'
_PEM: Final = re.compile(
    rb"-----BEGIN (?P<kind>[A-Z0-9 ]+)-----(?P<body>[^-]*)-----END (?P=kind)-----"
)


@click.command(
    "set",
    cls=Command,
    examples=(
        "secrets.json coordinator.example:4433 -c alice.pem -k alice.key",
        "tls.pem coordinator.example:4433 --from-pem tlsCert -c alice.pem -k alice.key",
    ),
)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@coordinator_argument
@click.option(
    "--from-pem",
    metavar="NAME",
    default="",
    help="FILE is a certificate, its key or both, in PEM: the value of this secret.",
)
@user_options
@coordinator_options
def set_secret(file: Path, address: str, from_pem: str, user: UserOptions, access: Access) -> None:
    """Set user-defined secrets.

    FILE is JSON, {"NAME": {"Key": BASE64}} for keys and plain data, {"NAME": {"Cert": BASE64,
    "Private": BASE64}} for certificates, or what `secret get --output` wrote; - is stdin. All are
    set, or none.
    """
    content, name = read_input(file), input_name(file)
    uploads = {from_pem: _from_pem(content, name)} if from_pem else _from_json(content, name)
    with session(access, address, user.credential()) as coordinator:
        coordinator.write_secrets(uploads)
    say(f"secrets that are set: {len(uploads)}")


def _from_json(content: bytes, file: str) -> dict[str, SecretUpload]:
    """Read secrets; no value of theirs is in an error.

    Raises:
        InputError: It is none.
    """
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        hint = f"{_HINT}; a certificate in PEM needs --from-pem NAME"
        raise InputError(f"{file} is not JSON", hint=hint) from None
    if not isinstance(document, dict) or not document:
        raise InputError(f"{file} has no secrets", hint=_HINT)
    return {name: _upload(f"{file}: {name}", members) for name, members in document.items()}


def _upload(where: str, members: Any) -> SecretUpload:
    if not isinstance(members, dict):
        raise InputError(f"{where} is no object", hint=_HINT)
    values = {}
    for name, value in (_as_got(members) if "Type" in members else members).items():
        if name.lower() not in _MEMBERS:
            raise InputError(f"{where}: there is no member {name!r}", hint=_HINT)
        if value is not None:
            values[_MEMBERS[name.lower()]] = _decoded(f"{where}: {name}", value)
    if not values:
        raise InputError(f"{where} has no value", hint=_HINT)
    return SecretUpload(**values)


def _as_got(members: dict[str, Any]) -> dict[str, Any]:
    """Return the value alone of what ``secret get`` wrote."""
    if str(members["Type"]).startswith("cert-"):
        return {name: members.get(name) for name in ("Cert", "Private")}
    return {"Key": members.get("Public")}


def _decoded(where: str, value: Any) -> bytes:
    try:
        return b64decode(value, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise InputError(f"{where} is not base64", hint="base64 -w0 FILE makes it") from None


def _from_pem(content: bytes, file: str) -> SecretUpload:
    """Take the first certificate and the first private key, as they are.

    Raises:
        InputError: There is neither, or something else.
    """
    certificate = private = None
    for block in _PEM.finditer(content):
        kind = block["kind"].decode()
        value = _decoded(f"{file}: {kind}", b"".join(block["body"].split()))
        if kind == "CERTIFICATE":
            certificate = certificate or value
        elif kind.endswith("PRIVATE KEY"):
            private = private or value
        else:
            raise InputError(
                f"{file} has a {kind}, which is no part of a secret",
                hint="leave a certificate, its private key, or both",
            )
    if certificate is None and private is None:
        raise InputError(f"{file} has neither a certificate nor a private key in PEM")
    return SecretUpload(certificate=certificate, private=private)
