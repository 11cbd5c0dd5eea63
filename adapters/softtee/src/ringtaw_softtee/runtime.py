"""What the premain asks of plain Linux where a software TEE stands in for hardware.

The evidence is real in everything but hardware, and **protects nothing**: every process that can
read the TEE's directory can make any evidence. ``order_files`` is left out: no file has to be
written before another.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ringtaw_attestation import ConfigurationError
from ringtaw_attestation.softtee import Enclave, SealingBinding, SoftwareTee, open_software_tee
from ringtaw_attestation.softtee.store import SEED_FILE
from ringtaw_premain.errors import EvidenceUnavailableError, NoSealingKeyError, SettingsError
from ringtaw_premain.hookspecs import KeyBinding, LaunchRequest, LaunchSpec, hookimpl
from ringtaw_premain.linux import linux_launch_spec

from ringtaw_softtee.identity import Identity, read_identity

DIRECTORY_SETTING: Final = "RINGTAW_SOFTTEE_DIR"
ENCLAVE_SETTING: Final = "RINGTAW_SOFTTEE_ENCLAVE"
_REPORT_DATA_SIZE: Final = 64
_BINDINGS: Final = {
    KeyBinding.PRODUCT: SealingBinding.PRODUCT,
    KeyBinding.MEASUREMENT: SealingBinding.MEASUREMENT,
}


class SoftteeRuntime:
    """The runtime hooks with a software TEE.

    ``RINGTAW_SOFTTEE_DIR`` names its directory and ``RINGTAW_SOFTTEE_ENCLAVE`` what of it this
    process is; ``environ`` is replaced only by tests.
    """

    def __init__(self, *, environ: Mapping[str, str] = os.environ) -> None:
        self._environ = environ

    @hookimpl
    def detect(self) -> bool:
        """Never: a software TEE is asked for by name."""
        return False

    @hookimpl
    def issue_evidence(self, report_data: bytes) -> bytes:
        """Return an SGX or TDX quote of the software TEE over ``report_data`` (64 bytes).

        Raises:
            SettingsError: The settings name no software TEE, or no enclave.
            EvidenceUnavailableError: There is no such software TEE, or it makes no such quote.
            PlatformError: There is no such enclave.
        """
        if len(report_data) != _REPORT_DATA_SIZE:
            raise EvidenceUnavailableError(
                f"a quote is made over {_REPORT_DATA_SIZE} bytes of report data, "
                f"not {len(report_data)}"
            )
        tee, identity = self._tee(), self._identity()
        if isinstance(identity, Enclave):
            return tee.sgx_quote(identity, report_data)
        return tee.tdx_quote(identity, report_data)

    @hookimpl
    def sealing_key(self, binding: KeyBinding) -> bytes:
        """Return the software TEE's sealing key for this enclave, 16 bytes.

        Raises:
            SettingsError: The settings name no software TEE, or no enclave.
            PlatformError: There is none of that name.
            NoSealingKeyError: It is a trust domain, which has no key.
        """
        identity = self._identity()
        if not isinstance(identity, Enclave):
            raise NoSealingKeyError(
                "TDX gives a trust domain no sealing key, so a software TEE does not"
            )
        return self._tee().sealing_key(identity, _BINDINGS[binding])

    @hookimpl
    def launch_spec(self, request: LaunchRequest) -> LaunchSpec:
        """Return the program given after ``--``, else Argv[0], with the manifest's Argv.

        Raises:
            PolicyError: More than a program was given, or an empty name.
            ProgramNotFoundError: The program does not exist.
            CannotExecuteError: The program exists but is not executable.
        """
        return linux_launch_spec(request)

    def _tee(self) -> SoftwareTee:
        directory = self._directory()
        # Opening one that does not exist would make one that nobody trusts.
        if not (directory / SEED_FILE).exists():
            raise EvidenceUnavailableError(
                f"there is no software TEE in {directory}",
                hint=f"make one: python -m ringtaw_softtee init {directory}",
            )
        try:
            return open_software_tee(directory)
        except ConfigurationError as error:
            raise EvidenceUnavailableError(f"no software TEE: {error}") from error

    def _identity(self) -> Identity:
        name = self._setting(ENCLAVE_SETTING, "the name of an enclave of the software TEE")
        return read_identity(self._directory(), name)

    def _directory(self) -> Path:
        return Path(self._setting(DIRECTORY_SETTING, "the directory of the software TEE"))

    def _setting(self, name: str, what: str) -> str:
        value = self._environ.get(name)
        if not value:
            raise SettingsError(f"{name}: not set; give {what}")
        return value
