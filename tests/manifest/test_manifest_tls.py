"""What is asked of TLS policies."""

from __future__ import annotations

import pytest

from tests.manifest.samples import JSON, minimal, problem, warning, with_secret


def tls(**directions: object) -> JSON:
    return with_secret("cert", Type="cert-ed25519") | {"TLS": {"t": directions}}


@pytest.mark.parametrize(
    ("entry", "pointer", "message"),
    [
        ({}, "", '"Port" is missing'),
        ({"Port": "1", "Cert": "cert"}, "", "Cert needs DisableClientAuth: true"),
        ({"Port": "1", "DisableClientAuth": True}, "", "DisableClientAuth needs Cert"),
        (
            {"Port": "1", "Cert": "cret", "DisableClientAuth": True},
            "/Cert",
            'there is no secret "cret"',
        ),
        ({"Port": "1", "Addr": "a"}, "/Addr", "is for outgoing connections only"),
    ],
)
def test_incoming(entry: JSON, pointer: str, message: str) -> None:
    found = problem(tls(Incoming=[{"Port": "1"}, entry]))
    assert (found.pointer, found.message) == (f"/TLS/t/Incoming/1{pointer}", message)


def test_incoming_certificate_is_one() -> None:
    entry = {"Port": "1", "Cert": "s", "DisableClientAuth": True}
    manifest = with_secret(Type="symmetric-key", Size=8) | {"TLS": {"t": {"Incoming": [entry]}}}
    assert problem(manifest).message == 'the secret "s" is a symmetric-key and has no certificate'


@pytest.mark.parametrize(
    ("entry", "pointer", "message"),
    [
        ({"Port": "1"}, "", '"Addr" is missing'),
        ({"Addr": "a"}, "", '"Port" is missing'),
        ({"Addr": "a", "Port": "1", "Cert": "cert"}, "/Cert", "is for incoming connections only"),
        (
            {"Addr": "a", "Port": "1", "DisableClientAuth": True},
            "/DisableClientAuth",
            "is for incoming connections only",
        ),
    ],
)
def test_outgoing(entry: JSON, pointer: str, message: str) -> None:
    found = problem(tls(Outgoing=[entry]))
    assert (found.pointer, found.message) == (f"/TLS/t/Outgoing/0{pointer}", message)


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "1" * 5000, "\N{SUPERSCRIPT ONE}"])
def test_odd_port_is_a_warning(port: str) -> None:
    found = warning(minimal(TLS={"t": {"Incoming": [{"Port": port}]}}))
    assert "is no TCP port" in found.message
