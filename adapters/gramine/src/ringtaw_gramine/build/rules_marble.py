"""Rules that compare the Gramine manifest with a Marble of the Coordinator's manifest."""

from __future__ import annotations

from collections.abc import Iterator

from ringtaw_buildkit.marbles import Marble, Package
from ringtaw_premain.build_hookspecs import Finding

from .configuration import Configuration


def marble_findings(config: Configuration, marble: Marble) -> Iterator[Finding]:
    """Yield where package, TLS tags and variables of the Marble do not fit."""
    if marble.package:
        yield from _package(config, marble.package)
    if marble.tls:
        yield config.subject.manifest_finding(
            "ttls",
            "Marbles",
            marble.name,
            "TLS",
            message=f"Marble {marble.name} has a TLS policy, which nothing under Gramine enforces",
            cure="let the application speak TLS with the Marble's certificate, and remove TLS",
        )
    for name in marble.variables:
        if config.environment(name) is not None:
            yield config.subject.finding(
                "variable-replaced",
                "loader",
                "env",
                name,
                message=f"the Env of Marble {marble.name} replaces this value",
                cure="remove the variable here or there",
            )


def _package(config: Configuration, package: Package) -> Iterator[Finding]:
    debug = config.subject.flag("sgx", "debug") or False
    if debug != package.debug:
        yield _mismatch(
            config,
            "debug-mismatch",
            "debug",
            f"sgx.debug is {str(debug).lower()}, Debug of package {package.name} is "
            f"{str(package.debug).lower()}: the Coordinator refuses the enclave",
            f"set one as the other: sgx.debug = {str(package.debug).lower()}",
        )
    product = config.subject.number("sgx", "isvprodid") or 0
    if package.product_id not in (None, product):
        yield _mismatch(
            config,
            "product-mismatch",
            "isvprodid",
            f"sgx.isvprodid is {product}, ProductID of package {package.name} is "
            f"{package.product_id}",
            f"set sgx.isvprodid = {package.product_id}, or correct the package",
        )
    version = config.subject.number("sgx", "isvsvn") or 0
    if package.security_version is not None and package.security_version > version:
        yield _mismatch(
            config,
            "security-version",
            "isvsvn",
            f"sgx.isvsvn is {version}, package {package.name} asks for "
            f"{package.security_version} or more",
            f"set sgx.isvsvn = {package.security_version} once the enclave is that good",
        )


def _mismatch(config: Configuration, code: str, key: str, message: str, cure: str) -> Finding:
    return config.subject.finding(code, "sgx", key, message=message, cure=cure)
