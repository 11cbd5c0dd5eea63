"""Rules that compare the Gramine manifest with a Marble of the Coordinator's manifest."""

from __future__ import annotations

from collections.abc import Iterator

from ringtaw_buildkit.expectations import Identity, check_identity
from ringtaw_buildkit.marbles import Marble
from ringtaw_premain.build_hookspecs import Finding

from .configuration import Configuration


def marble_findings(config: Configuration, marble: Marble) -> Iterator[Finding]:
    """Yield where package, TLS tags and variables of the Marble do not fit."""
    if marble.package:
        yield from check_identity(config.subject, marble.package, _identity(config))
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


def _identity(config: Configuration) -> Identity:
    subject = config.subject
    return Identity(
        debug=(subject.flag("sgx", "debug") or False, ("sgx", "debug")),
        product_id=(subject.number("sgx", "isvprodid") or 0, ("sgx", "isvprodid")),
        security_version=(subject.number("sgx", "isvsvn") or 0, ("sgx", "isvsvn")),
    )
