"""What both Marbles of the demo share: showing what they were given, and their TLS."""

from __future__ import annotations

import hashlib
import os
import ssl
import stat
import sys
from pathlib import Path

TLS = Path("tls")


def show_what_we_were_given() -> None:
    """Print argv, the manifest's environment and files; secrets only as a short hash."""
    tell(f"process {os.getpid()}, argv {sys.orig_argv}")
    for variable in ("GREETING", "SESSION_KEY", "DISK_KEY"):
        value = os.environ.get(variable)
        if value is not None:
            tell(f"environment {variable} = {value if variable == 'GREETING' else digest(value)}")
    for file in sorted(TLS.iterdir()):
        mode = stat.filemode(file.stat().st_mode)
        tell(f"file {file} ({mode}, {file.stat().st_size} bytes)")
    print(flush=True)


def digest(secret: str) -> str:
    """Return something to compare a secret by that does not give it away."""
    return f"(secret, SHA-256 {hashlib.sha256(secret.encode()).hexdigest()[:12]}…)"


def tell(line: str) -> None:
    """Print one indented line of the demo."""
    print(f"     {line}", flush=True)


def tls_context(purpose: ssl.Purpose) -> ssl.SSLContext:
    """Return a context that presents this Marble's certificate and demands the peer's."""
    context = ssl.create_default_context(purpose, cafile=str(TLS / "ca.pem"))
    context.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def peer_name(connection: ssl.SSLSocket) -> str:
    """Return the common name, a Marble's UUID, of the verified peer."""
    subject = (connection.getpeercert() or {}).get("subject", ())
    pairs = [pair for rdn in subject if isinstance(rdn, tuple) for pair in rdn]
    return next(str(pair[1]) for pair in pairs if pair[0] == "commonName")
