"""Quotes of a trust domain.

Source: Linux, Documentation/ABI/testing/configfs-tsm-report; Intel TDX DCAP Quoting Library API,
appendix A.3 (TD quote format).
"""

from __future__ import annotations

import errno
import time
from typing import Final

from ringtaw_premain.errors import EvidenceUnavailableError

from ._report import Report

PROVIDER: Final = "tdx_guest"
_REPORT_DATA_SIZE: Final = 64
_TDX: Final = 0x81
_HEADER_SIZE: Final = 48
_BODY_1_0: Final = 584
_BODIES: Final = {2: _BODY_1_0, 3: 648}
"""Sizes of the bodies that quotes of version 5 name by type."""
_REPORT_DATA: Final = slice(520, 584)

_PAUSES: Final = (0.1, 0.2, 0.4, 0.8)
"""Seconds before each further attempt."""
_WORTH_ANOTHER: Final = (errno.EBUSY, errno.EAGAIN)

_CHECK_HOST: Final = (
    "check on the host that the VMM is configured with Intel's quote generation service (qgsd) "
    "and that this reaches a PCCS"
)
_NO_DRIVER: Final = (
    "quotes need a TDX guest with Linux 6.7 or newer, its module tdx_guest loaded, and configfs "
    "mounted at /sys/kernel/config"
)
ONLY_ROOT: Final = "only root may ask the kernel for quotes: run the premain as root"
WRITABLE: Final = "in a container, mount /sys/kernel/config of the guest so that it can be written"
_CURES: Final = {
    errno.ENOENT: _NO_DRIVER,
    errno.ENXIO: _NO_DRIVER,
    errno.ENOTTY: _NO_DRIVER,
    errno.EACCES: ONLY_ROOT,
    errno.EPERM: ONLY_ROOT,
    errno.EROFS: WRITABLE,
    errno.EINVAL: "the guest's kernel or the TDX module refused the request: see dmesg",
    errno.EFBIG: "the host's quote is larger than the guest's kernel takes: update the kernel",
    errno.EAGAIN: "find the process of this guest that writes into entries it did not make",
    errno.EBUSY: f"the host has not answered an earlier request yet: {_CHECK_HOST}",
    errno.ETIMEDOUT: f"the host did not answer in time: {_CHECK_HOST}",
}


def issue_quote(directory: str, report_data: bytes) -> bytes:
    """Return the quote over 64 bytes of report data, without trailing bytes.

    A busy host and another process that writes into the entry are reasons to try again, for about
    1.5 seconds beside the time the host takes.

    Raises:
        EvidenceUnavailableError: The kernel gave no quote, or one over other data.
    """
    if len(report_data) != _REPORT_DATA_SIZE:
        raise EvidenceUnavailableError(
            f"a quote is made over {_REPORT_DATA_SIZE} bytes of report data, not {len(report_data)}"
        )
    pauses = iter(_PAUSES)
    while True:
        try:
            return _trim(_ask(directory, report_data), report_data)
        except OSError as error:
            pause = next(pauses, None)
            if pause is None or error.errno not in _WORTH_ANOTHER:
                raise _unavailable(error) from error
            time.sleep(pause)


def _ask(directory: str, report_data: bytes) -> bytes:
    with Report(directory) as report:
        if (provider := report.provider()) != PROVIDER:
            raise EvidenceUnavailableError(
                f"reports in {directory} come from {provider!r}, not from {PROVIDER!r}",
                hint="this is no TDX guest: choose the adapter for what it is",
            )
        before = report.generation()
        report.request(report_data)
        quote = report.outblob()
        if report.generation() != before + 1:
            # The quote may be over what another process wrote.
            message = "another process wrote into the report entry"
            raise BlockingIOError(errno.EAGAIN, message, directory)
        return quote


def _trim(outblob: bytes, report_data: bytes) -> bytes:
    """Return the quote alone. That it is whole and over our data is said here, near the cause."""
    if not outblob:
        raise EvidenceUnavailableError("the host gave an empty quote", hint=_CHECK_HOST)
    begin, end = _body(outblob)
    size_end = end + 4
    signature_size = int.from_bytes(outblob[end:size_end], "little")
    if signature_size == 0 or len(outblob) < size_end + signature_size:
        raise EvidenceUnavailableError(
            f"the TDX quote is cut short: {len(outblob)} bytes", hint=_CHECK_HOST
        )
    if outblob[begin:end][_REPORT_DATA] != report_data:
        raise EvidenceUnavailableError("the TDX quote is not over the report data it was given")
    return outblob[: size_end + signature_size]


def _body(quote: bytes) -> tuple[int, int]:
    """Return where the body begins and ends: after the header, in version 5 after type and size."""
    version, tee = int.from_bytes(quote[:2], "little"), int.from_bytes(quote[4:8], "little")
    if version == 4 and tee == _TDX:
        return _HEADER_SIZE, _HEADER_SIZE + _BODY_1_0
    kind = int.from_bytes(quote[_HEADER_SIZE : _HEADER_SIZE + 2], "little")
    if version == 5 and tee == _TDX and kind in _BODIES:
        return _HEADER_SIZE + 6, _HEADER_SIZE + 6 + _BODIES[kind]
    raise EvidenceUnavailableError(
        f"the host gave {len(quote)} bytes that are no TDX quote of version 4 or 5",
        hint=_CHECK_HOST,
    )


def _unavailable(error: OSError) -> EvidenceUnavailableError:
    return EvidenceUnavailableError(
        f"the kernel gave no TDX quote: {error.filename}: {error.strerror}",
        hint=_CURES.get(error.errno or 0, _CHECK_HOST),
    )
