"""Quotes through Occlum's /dev/sgx.

Source: Occlum documentation, "Remote Attestation"; src/libos/src/fs/dev_fs/dev_sgx/mod.rs.
"""

from __future__ import annotations

import errno
import os
from typing import Final

from ringtaw_premain.errors import EvidenceUnavailableError

from . import _ioctl

_REPORT_DATA_SIZE: Final = 64
_MAX_QUOTE_SIZE: Final = 65536  # about ten times the usual, so that the host cannot ask for memory

# Offsets in an SGX quote of version 3 (Intel SGX ECDSA Quote Library Reference, appendix A.4).
_REPORT_DATA: Final = slice(368, 432)
_SIGNATURE_SIZE: Final = slice(432, 436)

_CHECK_HOST: Final = (
    "check that aesmd and the quote provider library run on the host and reach a PCCS "
    "(/etc/sgx_default_qcnl.conf)"
)
_CURES: Final = {
    errno.ENOENT: "Occlum has /dev/sgx in every enclave: the adapter was chosen outside Occlum",
    errno.EIO: f"Occlum says that DCAP is not ready: {_CHECK_HOST}",
    errno.EINVAL: f"the quoting enclave refused, often for want of a certificate: {_CHECK_HOST}",
    errno.ENOSYS: "this Occlum was built without DCAP, or with --sgx-mode SIM: build it for HW",
    errno.ENOTTY: "this is not Occlum's device: the adapter was chosen outside Occlum",
}


def issue_quote(device: str, report_data: bytes) -> bytes:
    """Return the quote over 64 bytes of report data, without the padding of Occlum's buffer.

    Raises:
        EvidenceUnavailableError: Occlum gave no quote, or one over other data.
    """
    if len(report_data) != _REPORT_DATA_SIZE:
        raise EvidenceUnavailableError(
            f"a quote is made over {_REPORT_DATA_SIZE} bytes of report data, not {len(report_data)}"
        )
    try:
        padded = _ask(device, report_data)
    except OSError as error:
        raise EvidenceUnavailableError(
            f"Occlum made no quote at {device}: {error.strerror}",
            hint=_CURES.get(error.errno or 0, _CHECK_HOST),
        ) from error
    quote = _trim(padded)
    if quote[_REPORT_DATA] != report_data:
        raise EvidenceUnavailableError("Occlum's quote is not over the report data it was given")
    return quote


def _ask(device: str, report_data: bytes) -> bytes:
    descriptor = os.open(device, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = _ioctl.quote_size(descriptor)
        if not _SIGNATURE_SIZE.stop <= size <= _MAX_QUOTE_SIZE:
            raise EvidenceUnavailableError(
                f"Occlum announces a quote of {size} bytes, "
                f"not {_SIGNATURE_SIZE.stop} to {_MAX_QUOTE_SIZE}",
                hint=_CHECK_HOST,
            )
        return _ioctl.generate_quote(descriptor, report_data, size)
    finally:
        os.close(descriptor)


def _trim(padded: bytes) -> bytes:
    signature_size = int.from_bytes(padded[_SIGNATURE_SIZE], "little")
    end = _SIGNATURE_SIZE.stop + signature_size
    if signature_size == 0 or len(padded) < end:
        raise EvidenceUnavailableError(
            f"Occlum's quote is cut short: {len(padded)} bytes", hint=_CHECK_HOST
        )
    return padded[:end]
