"""Tokens of SoftHSM, which have keys and certificates in files but behave as a device does.

Written with python-pkcs11. SoftHSM reads where its tokens are when a process first uses it, so
there is one folder for all tests of a process.
"""

from __future__ import annotations

import atexit
import functools
import importlib.util
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from ringtaw_client.pkcs11_openssl import forget_errors
from ringtaw_testkit.identities import Certified

MODULES: Final = tuple(
    Path(folder, "softhsm/libsofthsm2.so")
    for folder in ("/usr/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/local/lib")
)
LABEL: Final = "ringtaw-tests"
OTHER_LABEL: Final = "ringtaw-empty"
PIN: Final = "sesame-4711"


@dataclass(frozen=True)
class SoftHsm:
    """Two tokens: one for objects, and one that is empty."""

    module: Path
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """What makes another process use these tokens."""
        return {"SOFTHSM2_CONF": str(self.folder / "softhsm2.conf")}

    def config(self, path: Path, **members: Any) -> Path:
        """Write a configuration file; a member that is None is left out."""
        complete = {"Path": str(self.module), "TokenLabel": LABEL, "Pin": PIN, **members}
        given = {name: value for name, value in complete.items() if value is not None}
        path.touch(0o600)
        path.write_text(json.dumps(given))
        return path

    def add(self, label: str, certified: Certified, object_id: bytes = b"") -> None:
        """Store key and certificate."""
        self.add_key(label, certified.key, object_id)
        self.add_certificate(label, certified.der, object_id)

    def add_key(self, label: str, key: Any, object_id: bytes = b"") -> None:
        """Store a private key."""
        import pkcs11
        from pkcs11.util.ec import decode_ec_private_key
        from pkcs11.util.rsa import decode_rsa_private_key

        der = key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        decode = (
            decode_rsa_private_key if isinstance(key, rsa.RSAPrivateKey) else decode_ec_private_key
        )
        assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
        self._store({**decode(der), pkcs11.Attribute.PRIVATE: True}, label, object_id)

    def add_certificate(self, label: str, der: bytes, object_id: bytes = b"") -> None:
        """Store a certificate."""
        from pkcs11.util.x509 import decode_x509_certificate

        self._store(decode_x509_certificate(der), label, object_id)

    def _store(self, attributes: dict[Any, Any], label: str, object_id: bytes) -> None:
        import pkcs11

        names = {pkcs11.Attribute.LABEL: label, pkcs11.Attribute.ID: object_id}
        with self._session() as session:
            session.create_object({**attributes, **names, pkcs11.Attribute.TOKEN: True})

    @contextmanager
    def _session(self) -> Iterator[Any]:
        import pkcs11

        token = pkcs11.lib(str(self.module)).get_token(token_label=LABEL)
        try:
            session = token.open(rw=True, user_pin=PIN)
        except pkcs11.UserAlreadyLoggedIn:
            session = token.open(rw=True)
        with session:
            yield session
        forget_errors()


def soft_hsm() -> SoftHsm:
    """Return the tokens of this process, or skip the test where there can be none."""
    module = next((path for path in MODULES if path.exists()), None)
    if module is None or shutil.which("softhsm2-util") is None:
        pytest.skip("SoftHSM is not installed (Debian: softhsm2)")
    if importlib.util.find_spec("pkcs11") is None:
        pytest.skip("python-pkcs11 is not installed (ringtaw-client[pkcs11])")
    return _made(module)


@functools.cache
def _made(module: Path) -> SoftHsm:
    folder = Path(mkdtemp(prefix="ringtaw-softhsm-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "tokens").mkdir()
    tokens = SoftHsm(module, folder)
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\n")
    os.environ.update(tokens.environment)
    for label in (LABEL, OTHER_LABEL):
        command = ["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN]
        subprocess.run([*command, "--so-pin", PIN], check=True, capture_output=True)
    return tokens
