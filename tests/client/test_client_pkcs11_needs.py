"""What keys in tokens need of the machine, and what is said where it is not there."""

from __future__ import annotations

import _ctypes
import _ssl
import ssl
import sys
from pathlib import Path

import pytest
from ringtaw_client import InputError
from ringtaw_client.pkcs11 import ObjectName, TokenConfig, TokenRecoveryKey
from ringtaw_client.pkcs11_openssl import libcrypto


def test_without_python_pkcs11_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    config = TokenConfig(Path("pkcs11.json"), Path("/m.so"), label="t", pin="1")
    with pytest.raises(InputError, match="keys in tokens need python-pkcs11") as caught:
        TokenRecoveryKey.open(config, ObjectName(label="k"))
    assert "ringtaw-client[pkcs11]" in caught.value.hint


def test_openssl_before_3_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssl, "OPENSSL_VERSION_INFO", (1, 1, 1, 23, 15))
    monkeypatch.setattr(ssl, "OPENSSL_VERSION", "OpenSSL 1.1.1w")
    with pytest.raises(InputError, match=r"OpenSSL 1\.1\.1w cannot use keys in tokens"):
        libcrypto.__wrapped__()


def test_an_openssl_out_of_reach_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is where Python has it linked in, without names."""
    monkeypatch.setattr(_ssl, "__file__", _ctypes.__file__)
    with pytest.raises(InputError, match="cannot be reached") as caught:
        libcrypto.__wrapped__()
    assert "shared OpenSSL 3.0 or newer" in caught.value.hint
