"""What a checker of libOS configurations wants to know of the Coordinator's manifest.

Public. Read tolerantly, in any letter case as the Coordinator does: whether the manifest itself is
valid is the Coordinator's to say, so what is not as it should be counts as absent here.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_ACTION: Final = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_CONFIDENTIAL: Final = re.compile(
    r"\.MarbleRun\.MarbleCert\.Private\b|\.Secrets(?!\.\w+\.(?:Cert|Public)\b)"
)
"""What a template action names when it puts a secret in. Names of the template language: MarbleRun
documentation, "Define a manifest"."""
_IDENTITY: Final = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True)
class Package:
    """Which enclaves a package stands for. Identities are lower case, "" when absent or still a
    placeholder; numbers are None when absent."""

    name: str
    debug: bool
    unique_id: str
    signer_id: str
    product_id: int | None
    security_version: int | None


@dataclass(frozen=True, slots=True)
class Marble:
    """A kind of application instance."""

    name: str
    package: Package | None
    argv: tuple[str, ...]
    files: Mapping[str, str] = field(repr=False)
    """Templates of the files by their paths."""
    variables: tuple[str, ...]
    tls: tuple[str, ...]
    """Names of TLS tags."""

    def secret_files(self) -> Iterator[str]:
        """Yield the paths of the files that a secret or a private key is put into."""
        return (path for path, template in self.files.items() if _holds_secret(template))


def read_marbles(manifest: Mapping[str, object]) -> dict[str, Marble]:
    """Return the Marbles of a manifest by name."""
    packages = _mapping(_get(manifest, "Packages"))
    return {
        name: _marble(name, _mapping(marble), packages)
        for name, marble in _mapping(_get(manifest, "Marbles")).items()
    }


def _marble(name: str, marble: Mapping[str, Any], packages: Mapping[str, Any]) -> Marble:
    parameters = _mapping(_get(marble, "Parameters"))
    files = _mapping(_get(parameters, "Files"))
    return Marble(
        name=name,
        package=_package(_text(_get(marble, "Package")), packages),
        argv=_texts(_get(parameters, "Argv")),
        files={path: _content(file) for path, file in files.items()},
        variables=tuple(_mapping(_get(parameters, "Env"))),
        tls=_texts(_get(marble, "TLS")),
    )


def _package(name: str, packages: Mapping[str, Any]) -> Package | None:
    if name not in packages:
        return None
    package = _mapping(packages[name])
    return Package(
        name=name,
        debug=_get(package, "Debug") is True,
        unique_id=_identity(_get(package, "UniqueID")),
        signer_id=_identity(_get(package, "SignerID")),
        product_id=_number(_get(package, "ProductID")),
        security_version=_number(_get(package, "SecurityVersion")),
    )


def _holds_secret(template: str) -> bool:
    return any(_CONFIDENTIAL.search(action) for action in _ACTION.findall(template))


def _content(file: object) -> str:
    """Return a file's template; files are given as text or as {Encoding, NoTemplates, Data}."""
    described = _mapping(file)
    if not described:
        return _text(file)
    if _get(described, "NoTemplates") is True:
        return ""
    data, encoding = _text(_get(described, "Data")), _text(_get(described, "Encoding"))
    try:
        match encoding.casefold():
            case "base64":
                return base64.b64decode(data).decode(errors="replace")
            case "hex":
                return bytes.fromhex(data).decode(errors="replace")
    except ValueError:
        return ""
    return data


def _get(mapping: Mapping[str, Any], name: str) -> object:
    if name in mapping:
        return mapping[name]
    return next((mapping[key] for key in mapping if key.casefold() == name.casefold()), None)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _identity(value: object) -> str:
    text = _text(value)
    return text.lower() if _IDENTITY.fullmatch(text) else ""
