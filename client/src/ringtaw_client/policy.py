"""Which Coordinator is wanted: the package properties of its enclave."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ringtaw_client._files import read_file
from ringtaw_client._properties import read_properties
from ringtaw_client.checks import Check
from ringtaw_client.errors import InputError

if TYPE_CHECKING:
    from ringtaw_attestation import PackagePolicy, Report

_HEX: Final = re.compile(r"[0-9a-fA-F]{64}")
_HINT: Final = "give UniqueID, or SignerID, ProductID and SecurityVersion"


@dataclass(frozen=True, slots=True)
class CoordinatorPolicy:
    """Properties of the Coordinator's enclave; "" and None mean that one does not matter.

    Either the unique id (MRENCLAVE) is given, or signer id (MRSIGNER), product id and the lowest
    acceptable security version. ``debug`` admits debug enclaves too, which protect nothing. Without
    statuses ``UpToDate`` and ``SWHardeningNeeded`` are accepted; with ``SWHardeningNeeded`` and
    advisories, only those.

    Raises:
        InputError: It would accept almost anything, or a property is malformed.
    """

    unique_id: str = ""
    signer_id: str = ""
    product_id: int | None = None
    security_version: int | None = None
    debug: bool = False
    accepted_tcb_statuses: tuple[str, ...] = ()
    accepted_advisories: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, value in (("UniqueID", self.unique_id), ("SignerID", self.signer_id)):
            if value and not _HEX.fullmatch(value):
                raise InputError(f"{name} is not 64 hex digits")
        if self.unique_id:
            return
        if not self.signer_id or self.product_id is None or self.security_version is None:
            raise InputError("the properties do not say which Coordinator is wanted", hint=_HINT)

    @classmethod
    def from_file(cls, path: Path) -> CoordinatorPolicy:
        """Read a JSON file as MarbleRun's tools take it (``coordinator-era.json``).

        Raises:
            InputError: It cannot be read, or see :meth:`from_json`.
        """
        text = read_file(path)
        try:
            return cls.from_json(text)
        except InputError as error:
            raise InputError(f"{path}: {error.message}", hint=error.hint) from None

    @classmethod
    def from_json(cls, text: bytes) -> CoordinatorPolicy:
        """Read the members UniqueID, SignerID, ProductID, SecurityVersion, Debug,
        AcceptedTCBStatuses and AcceptedAdvisories, in any letter case; null means absent.

        Raises:
            InputError: A member is unknown or of the wrong type, or too few are given.
        """
        return cls(**read_properties(text))

    def as_package(self, *, debug: bool = False) -> PackagePolicy:
        """Return the same as a policy for evidence, either of debug enclaves or of others."""
        from ringtaw_attestation import PackagePolicy

        return PackagePolicy(
            debug=debug,
            unique_id=self.unique_id,
            signer_id=self.signer_id,
            product_id=self.product_id,
            security_version=self.security_version,
            accepted_tcb_statuses=self.accepted_tcb_statuses,
            accepted_advisories=self.accepted_advisories,
        )

    def check(self, report: Report) -> tuple[Check, ...]:
        """Compare what evidence says, property by property; those not given are not listed."""
        identity = report.identity
        if identity is None:
            return (Check("TEE", "an SGX enclave", f"{report.format} evidence", False),)
        unique_id, signer_id = identity.unique_id.hex(), identity.signer_id.hex()
        product_id, version = identity.product_id, identity.security_version
        least = self.security_version or 0
        named = (
            (self.unique_id, _equal("UniqueID", self.unique_id.lower(), unique_id)),
            (self.signer_id, _equal("SignerID", self.signer_id.lower(), signer_id)),
            (self.product_id is not None, _equal("ProductID", self.product_id, product_id)),
            (
                self.security_version is not None,
                Check("SecurityVersion", f"at least {least}", str(version), version >= least),
            ),
        )
        return (
            *(check for given, check in named if given),
            self._debug(report),
            self._tcb(report),
        )

    def _debug(self, report: Report) -> Check:
        expected = "any" if self.debug else "off"
        return Check(
            "Debug", expected, "on" if report.debug else "off", self.debug or not report.debug
        )

    def _tcb(self, report: Report) -> Check:
        from ringtaw_attestation import PolicyError, check_tcb

        wanted = self.accepted_tcb_statuses or ("UpToDate", "SWHardeningNeeded")
        expected = " or ".join(dict.fromkeys(("UpToDate", *wanted)))
        if self.accepted_advisories:
            expected += f" (with no advisories but {', '.join(self.accepted_advisories)})"
        found = " ".join((report.tcb.status, *report.tcb.advisories))
        try:
            check_tcb(report, self.as_package())
        except PolicyError:
            return Check("TCB status", expected, found, False)
        return Check("TCB status", expected, found, True)


def _equal(name: str, expected: object, found: object) -> Check:
    return Check(name, str(expected), str(found), expected == found)
