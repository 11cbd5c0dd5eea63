"""What the enclave's signature will say, against what the Coordinator's manifest expects."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ringtaw_buildkit.expectations import Identity, check_identity
from ringtaw_buildkit.marbles import Package
from ringtaw_premain.build_hookspecs import Finding, PackageProperties, Severity
from ringtaw_premain.errors import PlatformError

from ringtaw_occlum.build.artefact import (
    DEFAULT_SIGNER,
    ENCLAVE_FILE,
    read_properties,
)
from ringtaw_occlum.build.configuration import Configuration
from ringtaw_occlum.build.image import instance_folder

_OWN_KEY: Final = "make a key (openssl genrsa -3 3072) and `occlum build --sign-key` with it"


def check_metadata(config: Configuration) -> Iterator[Finding]:
    """Yield findings about metadata, the manifest's package and the image that is built."""
    yield from _check_debug(config)
    yield from _check_key_separation(config)
    package = config.marble.package if config.marble else None
    if package:
        yield from check_identity(config.subject, package, _identity(config))
        yield from _check_default_signer(config, package)
    built = _built(config)
    if built:
        yield from _check_built(config, built, package)


def _check_debug(config: Configuration) -> Iterator[Finding]:
    if config.is_debuggable():
        yield config.subject.finding(
            "debug-enclave",
            "metadata",
            "debuggable",
            message="the host can read all of the enclave's memory, secrets too",
            cure="set it to false before production",
        )
    elif config.subject.flag("metadata", "disable_log") is False:
        yield config.subject.finding(
            "release-log",
            "metadata",
            "disable_log",
            message="the LibOS writes its errors to the host, from a production enclave",
            cure="remove it when you have found what you were looking for",
        )


def _check_key_separation(config: Configuration) -> Iterator[Finding]:
    if config.subject.flag("metadata", "enable_kss") is not False:
        return
    for name in ("family_id", "ext_prod_id"):
        halves = [config.subject.text("metadata", name, half) for half in ("high", "low")]
        if any(half and half.replace("0x", "").strip("0") for half in halves):
            yield config.subject.finding(
                "no-effect",
                "metadata",
                name,
                message="only counts with enable_kss",
                cure="set enable_kss, or write zeros",
            )


def _identity(config: Configuration) -> Identity:
    debug, product, version = (
        ("metadata", name) for name in ("debuggable", "product_id", "version_number")
    )
    return Identity(
        debug=(config.subject.flag(*debug), debug),
        product_id=(config.subject.number(*product), product),
        security_version=(config.subject.number(*version), version),
    )


def _check_default_signer(config: Configuration, package: Package) -> Iterator[Finding]:
    if package.signer_id == DEFAULT_SIGNER:
        yield config.subject.manifest_finding(
            "default-signer",
            "Packages",
            package.name,
            "SignerID",
            message="is that of the public key in Occlum's sources: everybody can sign with it",
            cure=_OWN_KEY,
            severity=Severity.WARNING if package.debug else None,
        )


def _built(config: Configuration) -> PackageProperties | None:
    """Return the identity of the image that is built beside the configuration, if there is one."""
    folder = instance_folder(Path(config.subject.document.path))
    if folder is None or not (folder / ENCLAVE_FILE).is_file():
        return None
    try:
        return read_properties(folder / ENCLAVE_FILE)
    except PlatformError:
        return None  # half built: `ringtaw occlum package-properties` says what is wrong


def _check_built(
    config: Configuration, built: PackageProperties, package: Package | None
) -> Iterator[Finding]:
    if built.signer_id == DEFAULT_SIGNER:
        yield config.subject.finding(
            "default-signer",
            "metadata",
            message="the image that is built is signed with the public key in Occlum's sources",
            cure=_OWN_KEY,
            severity=Severity.WARNING if built.debug else None,
        )
    if package and package.signer_id and package.signer_id != built.signer_id:
        yield config.subject.finding(
            "signer-mismatch",
            "metadata",
            message=f"the image that is built has SignerID {built.signer_id}, the package "
            f"{package.name!r} another",
            cure="build it with the key whose signer id the manifest has, or change the manifest",
        )
    if package and package.unique_id and package.unique_id != built.unique_id:
        yield config.subject.finding(
            "measurement-mismatch",
            "metadata",
            message=f"the image that is built has UniqueID {built.unique_id}, the package "
            f"{package.name!r} another",
            cure="build it again if it is old; else change the manifest",
        )
