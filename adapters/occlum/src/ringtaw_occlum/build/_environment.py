"""The environment of the premain: what is fixed, and what the host may set.

Source: Occlum, src/libos/src/entry.rs: a variable of the host counts if its exact name is listed
under env.untrusted, and replaces the one in env.default then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ringtaw_buildkit.expectations import TYPE
from ringtaw_buildkit.secret_names import looks_secret
from ringtaw_premain.build_hookspecs import Finding, Severity

from ringtaw_occlum.build.configuration import Configuration

MARBLE_VARIABLES: Final = {
    TYPE: "",
    "EDG_MARBLE_COORDINATOR_ADDR": "localhost:2001",
    "EDG_MARBLE_DNS_NAMES": "localhost",
    "EDG_MARBLE_UUID_FILE": "uuid",
}
"""What a premain asks for, with its own default (MarbleRun documentation, "Add a service")."""

_DANGEROUS: Final = re.compile(
    r"LD_\w+|PYTHON\w*|GLIBC_TUNABLES|MALLOC_\w+|GCONV_PATH|LOCPATH|BASH_ENV|ENV|SHELLOPTS|IFS|PATH"
    r"|PERL5\w+|PERLLIB|RUBY(?:OPT|LIB)|NODE_(?:OPTIONS|PATH|EXTRA_CA_CERTS)|LUA_(?:INIT|C?PATH)\w*"
    r"|_?JAVA_\w*OPT\w*|JDK_JAVA_OPTIONS|CLASSPATH|OPENSSL_\w+|SSL_CERT_(?:FILE|DIR)"
    r"|(?:REQUESTS|CURL)_CA_BUNDLE|RINGTAW_(?:ADAPTER|COORDINATOR_PIN)"
)
"""Names that decide what code is loaded, or whom programs trust."""
_PATTERN: Final = re.compile(r"[*?\[\]^$|]")


def check_environment(config: Configuration) -> Iterator[Finding]:
    """Yield findings about env."""
    yield from _check_default(config)
    yield from _check_untrusted(config)
    yield from _check_marble_variables(config)


def _check_default(config: Configuration) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for at, text in config.subject.texts("env", "default"):
        name, _, value = text.partition("=")
        if name in seen:
            yield config.subject.finding(
                "duplicate-variable",
                "env",
                "default",
                at,
                message=f"{name} is there already, as number {seen[name] + 1} of the list",
                cure="remove one of the two",
            )
        seen.setdefault(name, at)
        if name == "OE_SIMULATION" and value == "1":
            yield config.subject.finding(
                "simulation",
                "env",
                "default",
                at,
                message="OE_SIMULATION=1 lets the premain ask without evidence",
                cure="remove it before production",
            )
        if value and looks_secret(name):
            yield config.subject.finding(
                "secret-in-clear",
                "env",
                "default",
                at,
                message=f"{name} looks like a secret, and everybody can read this file",
                cure="let the Coordinator's manifest give it: Parameters.Env of the Marble",
            )


def _check_untrusted(config: Configuration) -> Iterator[Finding]:
    for at, name in config.subject.texts("env", "untrusted"):
        if _PATTERN.search(name):
            yield config.subject.finding(
                "untrusted-pattern",
                "env",
                "untrusted",
                at,
                message=f"{name!r} looks like a pattern; Occlum compares exact names",
                cure="list each variable by its name",
            )
        elif _DANGEROUS.fullmatch(name):
            yield config.subject.finding(
                "untrusted-variable",
                "env",
                "untrusted",
                at,
                message=f"the host may set {name}, which decides what code runs or who is trusted",
                cure="remove it; fix its value in env.default if it is needed",
            )


def _check_marble_variables(config: Configuration) -> Iterator[Finding]:
    if config.subject.value("env", "untrusted") is None:
        return
    known = config.default_variables().keys() | config.untrusted_variables()
    for name, default in MARBLE_VARIABLES.items():
        if name in known:
            continue
        otherwise = f": the premain takes {default!r}" if default else ", and it has no default"
        yield config.subject.finding(
            "missing-variable",
            "env",
            "untrusted",
            message=f"{name} is neither fixed nor let through{otherwise}",
            cure=f'add "{name}" to env.untrusted, or "{name}=…" to env.default',
            severity=Severity.WARNING if default else None,
        )
