"""Rules on environment variables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ringtaw_buildkit.secret_names import looks_secret
from ringtaw_premain.build_hookspecs import Finding, Severity

from .configuration import Configuration
from .premain import Kind, Premain

_HOST_SETS: Final = {
    "EDG_MARBLE_TYPE": "",
    "EDG_MARBLE_COORDINATOR_ADDR": "localhost:2001",
    "EDG_MARBLE_UUID_FILE": "uuid",
    "EDG_MARBLE_DNS_NAMES": "localhost",
}
"""What the host tells a premain, with the default; "" if there is none."""

_DANGEROUS: Final = {
    "LD_PRELOAD": "code",
    "LD_LIBRARY_PATH": "code",
    "LD_AUDIT": "code",
    "GCONV_PATH": "code",
    "GLIBC_TUNABLES": "how memory is protected",
    "PYTHONPATH": "code",
    "PYTHONSTARTUP": "code",
    "PYTHONHOME": "code",
    "PYTHONUSERBASE": "code",
    "PYTHONPLATLIBDIR": "code",
    "PYTHONPYCACHEPREFIX": "code",
    "PYTHONBREAKPOINT": "code",
    "PYTHONWARNINGS": "code",
    "PYTHONEXECUTABLE": "code",
    "OPENSSL_CONF": "code",
    "OPENSSL_MODULES": "code",
    "OPENSSL_ENGINES": "code",
    "SSL_CERT_FILE": "whom TLS trusts",
    "SSL_CERT_DIR": "whom TLS trusts",
    "SSLKEYLOGFILE": "where TLS writes its keys",
    "BASH_ENV": "code",
    "NODE_OPTIONS": "code",
    "NODE_PATH": "code",
    "JAVA_TOOL_OPTIONS": "code",
    "CLASSPATH": "code",
    "PERL5LIB": "code",
    "PERL5OPT": "code",
    "RUBYLIB": "code",
    "RUBYOPT": "code",
    "RINGTAW_ADAPTER": "how the premain proves what it is",
}
"""Variables that must not be the host's, with what they decide."""


def environment_findings(config: Configuration, premain: Premain) -> Iterator[Finding]:
    """Yield what is wrong with the variables that reach the enclave."""
    if config.subject.flag("loader", "insecure__use_host_env"):
        yield config.subject.finding(
            "host-environment",
            "loader",
            "insecure__use_host_env",
            message="every variable of the host reaches the enclave, LD_PRELOAD among them",
            cure="remove it, and pass through by name what is needed",
        )
    yield from _dangerous(config)
    yield from _secrets(config)
    if premain.is_there and config.subject.text("loader", "env_src_file") is None:
        yield from _missing(config)
    if premain.kind is Kind.PYTHON:
        yield from _bytecode(config, premain)


def _dangerous(config: Configuration) -> Iterator[Finding]:
    for name in config.variables:
        if name in _DANGEROUS and config.subject.flag("loader", "env", name, "passthrough"):
            yield config.subject.finding(
                "dangerous-passthrough",
                "loader",
                "env",
                name,
                message=f"with {name} the host decides {_DANGEROUS[name]}",
                cure="give it a fixed value, which is measured, or remove it",
            )


def _secrets(config: Configuration) -> Iterator[Finding]:
    for name in config.variables:
        if looks_secret(name) and config.environment(name):
            yield config.subject.finding(
                "secret-variable",
                "loader",
                "env",
                name,
                message=f"{name} looks like a secret, and everybody can read this file",
                cure="let the Coordinator's manifest give it: Parameters.Env of the Marble",
            )


def _missing(config: Configuration) -> Iterator[Finding]:
    for name, default in _HOST_SETS.items():
        if config.passes_through(name) or config.environment(name) is not None:
            continue
        effect = f"is always {default!r}" if default else "is missing, and the premain fails"
        yield config.subject.finding(
            "missing-passthrough",
            "loader",
            "env",
            name,
            message=f"{name} {effect}: Gramine does not let the host's value through",
            cure=f"add loader.env.{name} = {{ passthrough = true }}",
            severity=Severity.WARNING if default else Severity.ERROR,
        )


def _bytecode(config: Configuration, premain: Premain) -> Iterator[Finding]:
    if not config.environment("PYTHONDONTWRITEBYTECODE") and "-B" not in premain.options:
        yield config.subject.finding(
            "bytecode-writes",
            "loader",
            "env",
            "PYTHONDONTWRITEBYTECODE",
            message="Python tries to write .pyc files at each start",
            cure='add loader.env.PYTHONDONTWRITEBYTECODE = "1"',
        )
