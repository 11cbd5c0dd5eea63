"""What the premain asks of Linux in an Intel TDX guest.

``sealing_key`` is left out: TDX gives a trust domain no key that is bound to it.
``order_files`` is left out: no file has to be written before another.
"""

from __future__ import annotations

import errno
import os
from typing import Final

from ringtaw_premain.errors import PlatformError
from ringtaw_premain.hookspecs import LaunchRequest, LaunchSpec, hookimpl
from ringtaw_premain.linux import linux_launch_spec

from . import _quote
from ._report import Report

DIRECTORY: Final = "/sys/kernel/config/tsm/report"
"""Where the kernel makes reports of the trusted environment it runs in."""

_NOT_ALLOWED: Final = {
    errno.EACCES: _quote.ONLY_ROOT,
    errno.EPERM: _quote.ONLY_ROOT,
    errno.EROFS: _quote.WRITABLE,
}


class TdxRuntime:
    """The runtime hooks in a TDX guest. ``directory`` is replaced only by tests."""

    def __init__(self, *, directory: str = DIRECTORY) -> None:
        self._directory = directory

    @hookimpl
    def detect(self) -> bool:
        """Whether the kernel makes reports, and they are TDX quotes.

        Raises:
            PlatformError: The kernel makes reports, but this process may not ask which.
        """
        if not os.path.isdir(self._directory):
            return False
        try:
            with Report(self._directory) as report:
                return report.provider() == _quote.PROVIDER
        except OSError as error:
            if error.errno == errno.ENXIO:
                return False  # the kernel could, but runs in no trusted environment
            raise PlatformError(
                f"cannot tell whether this is a TDX guest: {error.filename}: {error.strerror}",
                hint=_NOT_ALLOWED.get(error.errno or 0, ""),
            ) from error

    @hookimpl
    def issue_evidence(self, report_data: bytes) -> bytes:
        """Return the TDX quote, version 4 or 5, over ``report_data`` (64 bytes).

        Raises:
            EvidenceUnavailableError: The kernel gave no quote, or one over other data.
        """
        return _quote.issue_quote(self._directory, report_data)

    @hookimpl
    def launch_spec(self, request: LaunchRequest) -> LaunchSpec:
        """Return the program given after ``--``, else Argv[0], with the manifest's Argv.

        Raises:
            PolicyError: More than a program was given, or an empty name.
            ProgramNotFoundError: The program does not exist.
            CannotExecuteError: The program exists but is not executable.
        """
        return linux_launch_spec(request)
