"""Secrets for templates in tests; go_oracle/main.go has the same."""

from __future__ import annotations

from ringtaw_coordinator.manifest.model import SecretType
from ringtaw_coordinator.secrets.value import SecretValue
from ringtaw_coordinator.templates import Target, TemplateData, TypedSecret, compile_template

WHERE = 'Marble "m", file "/f"'


def key(value: bytes, kind: SecretType = SecretType.SYMMETRIC_KEY) -> TypedSecret:
    return TypedSecret(kind, SecretValue(public=value, private=value))


DATA = TemplateData(
    secrets={
        "a": TypedSecret(
            SecretType.CERT_RSA,
            SecretValue(b"the certificate of a", b"public\0of a", b"private of a"),
        ),
        "key": key(b"a key"),
        "a-b": key(b"dash"),
        "é": key(b"accent"),
    },
    previous={
        "a": TypedSecret(SecretType.CERT_RSA, SecretValue(b"old certificate", b"old", b"old"))
    },
    marblerun={
        "RootCA": SecretValue(b"root"),
        "MarbleCert": SecretValue(b"leaf", b"leaf key", b"leaf private"),
        "CoordinatorRoot": SecretValue(b"coordinator"),
        "CoordinatorIntermediate": SecretValue(b"intermediate"),
    },
)


def render(source: bytes, target: Target = Target.FILE, data: TemplateData = DATA) -> bytes:
    return compile_template(source, target, WHERE).execute(data)
