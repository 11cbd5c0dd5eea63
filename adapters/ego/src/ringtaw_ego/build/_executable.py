"""The executable and the key that enclave.json names, against each other and the manifest."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ringtaw_buildkit.enclave_file import read_section
from ringtaw_buildkit.marbles import Package
from ringtaw_buildkit.sigstruct import Sigstruct, SigstructError, find
from ringtaw_premain.build_hookspecs import Finding
from ringtaw_premain.errors import PlatformError

from ringtaw_ego.build._basics import identity
from ringtaw_ego.build.artefact import SECTION
from ringtaw_ego.build.configuration import Configuration
from ringtaw_ego.build.signing_key import NotAKeyError, is_readable_by_others, signer_of


def check_executable(config: Configuration) -> Iterator[Finding]:
    """Yield findings about exe and key."""
    package = config.marble.package if config.marble else None
    if key := config.subject.text("key"):
        yield from _check_key(config, config.beside(key), package)
    if exe := config.subject.text("exe"):
        yield from _check_file(config, config.beside(exe), package)


def _check_key(config: Configuration, path: Path, package: Package | None) -> Iterator[Finding]:
    if not os.path.isfile(path):
        return  # `ego sign` makes one
    try:
        signer, is_readable = signer_of(path), is_readable_by_others(path)
    except OSError:
        return  # rightly not this user's to read
    except NotAKeyError as error:
        yield config.subject.finding(
            "wrong-key",
            "key",
            message=f"{path}: {error}",
            cure="make one: openssl genrsa -3 -out private.pem 3072",
        )
        return
    if is_readable:
        yield config.subject.finding(
            "key-readable",
            "key",
            message=f"{path} can be read by others: whoever has it signs in your name",
            cure=f"chmod 600 {path}",
        )
    if package and package.signer_id and signer and signer != package.signer_id:
        yield config.subject.finding(
            "signer-mismatch",
            "key",
            message=f"it signs with SignerID {signer}, the package {package.name!r} has another",
            cure="use the key of that SignerID, or change the manifest",
        )


def _check_file(config: Configuration, path: Path, package: Package | None) -> Iterator[Finding]:
    if not os.path.isfile(path):
        yield config.subject.finding(
            "not-built", "exe", message=f"{path} is not there", cure="build it: ego-go build"
        )
        return
    try:
        content = read_section(path, SECTION, "")
    except PlatformError as error:
        yield config.subject.finding(
            "not-ego",
            "exe",
            message=error.message,
            cure="build it with ego-go build",
        )
        return
    try:
        signed = find(content)
    except SigstructError as error:
        yield config.subject.finding(
            "not-signed",
            "exe",
            message=f"{path}: {error.message}",
            cure=f"sign it: ego sign {config.subject.document.path}",
        )
        return
    yield from _check_signed(config, signed, package)


def _check_signed(
    config: Configuration, signed: Sigstruct, package: Package | None
) -> Iterator[Finding]:
    said = identity(config)
    differences = [
        (place, value, actual)
        for (value, place), actual in (
            (said.debug, signed.debug),
            (said.product_id, signed.isv_prod_id),
            (said.security_version, signed.isv_svn),
        )
        if value is not None and value != actual
    ]
    for place, value, actual in differences:
        yield config.subject.finding(
            "signed-before",
            *place,
            message=f"is {_json(value)}, and the executable was signed with {_json(actual)}",
            cure="sign it again: ego sign",
        )
    if package and package.signer_id and package.signer_id != signed.mr_signer:
        yield config.subject.finding(
            "signer-mismatch",
            "exe",
            message=f"it was signed by SignerID {signed.mr_signer}, the package {package.name!r} "
            "has another",
            cure="sign it with the key of that SignerID, or change the manifest",
        )
    if package and package.unique_id and package.unique_id != signed.mr_enclave:
        yield config.subject.finding(
            "measurement-mismatch",
            "exe",
            message=f"it has UniqueID {signed.mr_enclave}, the package {package.name!r} another",
            cure="sign it again if it is old; else change the manifest",
        )


def _json(value: bool | int) -> str:
    return str(value).lower()
