"""Environment variables: what is fixed, and what the host may set.

Source: EGo, ego/premain/core/core.go: EDG_* always comes from the host, a value fixed here
replaces it, and for a Marble the manifest's Env replaces both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ringtaw_buildkit.secret_names import looks_secret
from ringtaw_premain.build_hookspecs import Finding

from ringtaw_ego.build.configuration import Configuration

_DANGEROUS: Final = re.compile(
    r"GODEBUG|SSL_CERT_(?:FILE|DIR)|OPENSSL_\w+|(?:REQUESTS|CURL)_CA_BUNDLE|NODE_EXTRA_CA_CERTS"
    r"|MARBLE_\w+|LD_\w+|PYTHON\w*|GOFIPS\w*|KEYLOGFILE|SSLKEYLOGFILE"
)
"""Names that decide whom a Go program trusts, how strict its TLS is, or that are the premain's."""


def check_environment(config: Configuration) -> Iterator[Finding]:
    """Yield findings about env."""
    seen: set[str] = set()
    for at in range(config.subject.count("env")):
        name = config.subject.text("env", at, "name")
        if not name:
            continue
        if name in seen:
            yield config.subject.finding(
                "variable-duplicate",
                "env",
                at,
                "name",
                message=f"{name} is declared already",
                cure="remove one of the two",
            )
        seen.add(name)
        yield from _check_source(config, at, name)
        if config.marble and name in config.marble.variables:
            yield config.subject.finding(
                "overridden-variable",
                "env",
                at,
                message=f"the manifest sets {name} too, and its value counts",
                cure="declare it in one place",
            )


def _check_source(config: Configuration, at: int, name: str) -> Iterator[Finding]:
    value = config.subject.text("env", at, "value")
    from_host = config.subject.flag("env", at, "fromHost") is True
    if not value and not from_host:
        yield config.subject.finding(
            "no-effect",
            "env",
            at,
            message=f"{name} has neither a value nor fromHost, so EGo leaves it out",
            cure="give it one of the two",
        )
    if from_host and name.startswith("EDG_"):
        yield config.subject.finding(
            "no-effect",
            "env",
            at,
            "fromHost",
            message="variables that begin with EDG_ come from the host anyway",
            cure="remove it; to fix it instead, give a value without fromHost",
        )
    if from_host and _DANGEROUS.fullmatch(name):
        yield config.subject.finding(
            "untrusted-variable",
            "env",
            at,
            "fromHost",
            message=f"the host may set {name}, which decides whom the program trusts or what it "
            "does",
            cure="fix its value, or let the manifest give it",
        )
    if value and looks_secret(name):
        yield config.subject.finding(
            "secret-in-clear",
            "env",
            at,
            "value",
            message=f"{name} looks like a secret, and the signed executable shows its value",
            cure="let the Coordinator's manifest give it: Parameters.Env of the Marble",
        )
