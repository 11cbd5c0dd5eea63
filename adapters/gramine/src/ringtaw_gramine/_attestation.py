"""Quotes and sealing keys through Gramine's pseudo-files.

Source: Gramine documentation, "Attestation and Secret Provisioning" and "Manifest syntax";
libos/src/fs/dev/attestation.c.
"""

from __future__ import annotations

import errno
import os
from typing import Final

from ringtaw_premain.errors import EvidenceUnavailableError, PlatformError
from ringtaw_premain.hookspecs import KeyBinding

_REPORT_DATA_SIZE: Final = 64
_SEALING_KEY_SIZE: Final = 16
_MAX_TYPE_SIZE: Final = 64
_MAX_QUOTE_SIZE: Final = 8192  # QUOTE_MAX_SIZE in attestation.c

# Offsets in an SGX quote of version 3 (Intel SGX ECDSA Quote Library Reference, appendix A.4).
_REPORT_DATA: Final = slice(368, 432)
_SIGNATURE_SIZE: Final = slice(432, 436)

_SEALING_KEY_FILES: Final = {
    KeyBinding.PRODUCT: "keys/_sgx_mrsigner",
    KeyBinding.MEASUREMENT: "keys/_sgx_mrenclave",
}

_ENABLE_DCAP: Final = (
    'set sgx.remote_attestation = "dcap" in the Gramine manifest, sign it again and start it '
    "with gramine-sgx"
)
_CHECK_HOST: Final = (
    "check that aesmd and the quote provider library run on the host and reach a PCCS"
)


def issue_quote(device: str, report_data: bytes) -> bytes:
    """Return the quote over 64 bytes of report data.

    Raises:
        EvidenceUnavailableError: Gramine gave no quote, or one over other data.
    """
    if len(report_data) != _REPORT_DATA_SIZE:
        # Gramine would pad or cut it without a word.
        raise EvidenceUnavailableError(
            f"a quote is made over {_REPORT_DATA_SIZE} bytes of report data, not {len(report_data)}"
        )
    _require_dcap(device)
    _write_report_data(f"{device}/user_report_data", report_data)
    quote = _read_quote(f"{device}/quote")  # made by opening the file
    _require_binding(quote, report_data)
    return quote


def sealing_key(device: str, binding: KeyBinding) -> bytes:
    """Return the 16-byte sealing key with the given binding.

    Raises:
        PlatformError: Gramine gave no such key.
    """
    path = f"{device}/{_SEALING_KEY_FILES[binding]}"
    try:
        key = _read(path, _SEALING_KEY_SIZE)
    except OSError as error:
        raise PlatformError(
            f"cannot read the sealing key {path}: {error.strerror}",
            hint="sealing keys need gramine-sgx of Gramine 1.5 or newer",
        ) from error
    if len(key) != _SEALING_KEY_SIZE:
        raise PlatformError(f"the sealing key {path} is not {_SEALING_KEY_SIZE} bytes long")
    return key


def _require_dcap(device: str) -> None:
    path = f"{device}/attestation_type"
    try:
        kind = _read(path, _MAX_TYPE_SIZE).decode("ascii", "replace").strip()
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise _unavailable("cannot read", path, error) from error
        raise EvidenceUnavailableError(
            f"Gramine offers no attestation here: {path} does not exist, as under gramine-direct",
            hint=_ENABLE_DCAP,
        ) from error
    if kind != "dcap":
        raise EvidenceUnavailableError(
            f"Gramine's remote attestation is {kind!r}, not 'dcap'", hint=_ENABLE_DCAP
        )


def _write_report_data(path: str, report_data: bytes) -> None:
    # One write(2): each replaces the whole value. A buffered file would report errors at close.
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            written = os.write(descriptor, report_data)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _unavailable("cannot write", path, error) from error
    if written != len(report_data):
        raise EvidenceUnavailableError(f"{path} took {written} of {len(report_data)} bytes")


def _read_quote(path: str) -> bytes:
    try:
        quote = _read(path, _MAX_QUOTE_SIZE)
    except OSError as error:
        raise _unavailable("Gramine made no quote at", path, error) from error
    if len(quote) > _MAX_QUOTE_SIZE:
        raise EvidenceUnavailableError(f"{path} holds more than {_MAX_QUOTE_SIZE} bytes")
    return quote


def _require_binding(quote: bytes, report_data: bytes) -> None:
    # A quote over other data, or half a quote, would only be refused by the Coordinator: say it
    # here, where the cause is.
    signature_size = int.from_bytes(quote[_SIGNATURE_SIZE], "little")
    if signature_size == 0 or len(quote) < _SIGNATURE_SIZE.stop + signature_size:
        raise EvidenceUnavailableError(
            f"Gramine's quote is cut short: {len(quote)} bytes", hint=_CHECK_HOST
        )
    if quote[_REPORT_DATA] != report_data:
        raise EvidenceUnavailableError("Gramine's quote is not over the report data it was given")


def _read(path: str, limit: int) -> bytes:
    """Return the file's content, of which at most one byte more than ``limit`` is read."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        content = b""
        while chunk := os.read(descriptor, limit + 1 - len(content)):
            content += chunk
        return content
    finally:
        os.close(descriptor)


def _unavailable(what: str, path: str, error: OSError) -> EvidenceUnavailableError:
    hint = _ENABLE_DCAP if error.errno == errno.ENOENT else _CHECK_HOST
    return EvidenceUnavailableError(f"{what} {path}: {error.strerror}", hint=hint)
