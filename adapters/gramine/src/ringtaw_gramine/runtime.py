"""What the premain asks of Gramine, from inside."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Final

from ringtaw_premain.hookspecs import (
    FileWrite,
    KeyBinding,
    LaunchRequest,
    LaunchSpec,
    hookimpl,
)

from . import _attestation, _files, _launch

DEVICE: Final = "/dev/attestation"
"""Directory of pseudo-files through which Gramine gives quotes and takes keys."""

_FINGERPRINT: Final = ("Linux", "3.10.0", "1", "x86_64")
"""What uname(2) says in every Gramine since 1.0 (libos/src/sys/libos_uname.c). A real Linux 3.10.0
has a date in its version."""


class GramineRuntime:
    """The runtime hooks in Gramine. ``device`` is replaced only by tests."""

    def __init__(self, *, device: str = DEVICE) -> None:
        self._device = device

    @hookimpl
    def detect(self) -> bool:
        """Whether uname(2) answers as Gramine does and Gramine's pseudo-files are there."""
        system = os.uname()
        fingerprint = (system.sysname, system.release, system.version, system.machine)
        return fingerprint == _FINGERPRINT and os.path.isdir(self._device)

    @hookimpl
    def issue_evidence(self, report_data: bytes) -> bytes:
        """Return the raw SGX quote over ``report_data`` (64 bytes).

        Raises:
            EvidenceUnavailableError: Gramine gave no quote, or one over other data.
        """
        return _attestation.issue_quote(self._device, report_data)

    @hookimpl
    def sealing_key(self, binding: KeyBinding) -> bytes:
        """Return SGX's sealing key, 16 bytes, by MRSIGNER (product) or MRENCLAVE (measurement).

        Raises:
            PlatformError: Gramine gave no such key.
        """
        return _attestation.sealing_key(self._device, binding)

    @hookimpl
    def order_files(self, files: Mapping[str, bytes]) -> Sequence[FileWrite]:
        """Return the keys of encrypted mounts first, then the other files by path.

        Raises:
            PolicyError: A key cannot be set as the manifest says.
        """
        return _files.order_files(self._device, files)

    @hookimpl
    def launch_spec(self, request: LaunchRequest) -> LaunchSpec:
        """Return the program of the measured ``loader.argv`` with the manifest's Argv.

        Raises:
            PolicyError: ``loader.argv`` names no program, or more than one.
            ProgramNotFoundError: The program does not exist.
            CannotExecuteError: The program exists but is not executable.
        """
        return _launch.launch_spec(request)
