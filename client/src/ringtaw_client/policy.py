"""Which Coordinator is wanted: the package properties of its enclave or trust domain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ringtaw_client._files import read_file
from ringtaw_client._properties import read_properties
from ringtaw_client._trust_domains import check_measurements, require_hex
from ringtaw_client.checks import Check
from ringtaw_client.errors import InputError

if TYPE_CHECKING:
    from ringtaw_attestation import PackagePolicy, Report, TrustDomainPolicy

_ENCLAVE: Final = "an SGX enclave"
_TRUST_DOMAIN: Final = "a TDX trust domain"
_HINT: Final = "give UniqueID, or SignerID, ProductID and SecurityVersion; or TDX for trust domains"


@dataclass(frozen=True, slots=True)
class CoordinatorPolicy:
    """Properties of the wanted Coordinator; "" and None mean that one does not matter.

    Of an enclave either the unique id (MRENCLAVE) is given, or signer id (MRSIGNER), product id and
    the lowest acceptable security version; of a TDX trust domain nothing but its measurements, and
    at least MRTD, RTMR1 and RTMR2. ``debug`` admits those in debug mode too, which protect nothing.
    Without statuses ``UpToDate`` and ``SWHardeningNeeded`` are accepted; with ``SWHardeningNeeded``
    and advisories, only those.

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
    trust_domain: TrustDomainPolicy | None = None

    def __post_init__(self) -> None:
        if self.trust_domain is not None:
            self._refuse_both_kinds()
            check_measurements(self.trust_domain)
            return
        require_hex("UniqueID", self.unique_id, 64)
        require_hex("SignerID", self.signer_id, 64)
        if self.unique_id:
            return
        if not self.signer_id or self.product_id is None or self.security_version is None:
            raise InputError("the properties do not say which Coordinator is wanted", hint=_HINT)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What this leaves open, and somebody who reads it may not expect."""
        if self.trust_domain is None or self.trust_domain.rtmrs[0]:
            return ()
        return ("TDX lacks RTMR0, so the host may choose virtual hardware and ACPI tables",)

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
        """Read the members UniqueID, SignerID, ProductID, SecurityVersion, TDX, Debug,
        AcceptedTCBStatuses and AcceptedAdvisories, in any letter case; null means absent.

        TDX is an object as in a package of a manifest.

        Raises:
            InputError: A member is unknown or of the wrong type, or too few are given.
        """
        return cls(**read_properties(text))

    def as_package(self, *, debug: bool = False) -> PackagePolicy:
        """Return the same as a policy for evidence, either of those in debug mode or of others."""
        from ringtaw_attestation import PackagePolicy

        return PackagePolicy(
            debug=debug,
            unique_id=self.unique_id,
            signer_id=self.signer_id,
            product_id=self.product_id,
            security_version=self.security_version,
            accepted_tcb_statuses=self.accepted_tcb_statuses,
            accepted_advisories=self.accepted_advisories,
            trust_domain=self.trust_domain,
        )

    def check(self, report: Report) -> tuple[Check, ...]:
        """Compare what evidence says, property by property; those not given are not listed.

        Evidence of the other kind of TEE has no such properties: then this is the only check.
        """
        wanted, found = _TRUST_DOMAIN if self.trust_domain else _ENCLAVE, _kind_of(report)
        if wanted != found:
            return (Check("TEE", wanted, found, False),)
        named = self._measurements(report) if self.trust_domain else self._identity(report)
        return (*named, self._debug(report), self._tcb(report))

    def _refuse_both_kinds(self) -> None:
        given = {
            "UniqueID": self.unique_id,
            "SignerID": self.signer_id,
            "ProductID": self.product_id,
            "SecurityVersion": self.security_version,
        }
        if enclave := [name for name, value in given.items() if value not in ("", None)]:
            raise InputError(
                f"the properties name both TDX and {', '.join(enclave)}",
                hint="a Coordinator runs in a trust domain or in an SGX enclave: name one",
            )

    def _identity(self, report: Report) -> Iterator[Check]:
        identity, least = report.identity, self.security_version
        assert identity is not None  # noqa: S101 - it is an enclave's
        if self.unique_id:
            yield _equal("UniqueID", self.unique_id.lower(), identity.unique_id.hex())
        if self.signer_id:
            yield _equal("SignerID", self.signer_id.lower(), identity.signer_id.hex())
        if self.product_id is not None:
            yield _equal("ProductID", self.product_id, identity.product_id)
        if least is not None:
            version = identity.security_version
            yield Check("SecurityVersion", f"at least {least}", str(version), version >= least)

    def _measurements(self, report: Report) -> Iterator[Check]:
        from ringtaw_attestation import measurements_of
        from ringtaw_attestation.quote.tdx import TdReport

        assert self.trust_domain is not None  # noqa: S101 - the caller has looked
        assert isinstance(report.body, TdReport)  # noqa: S101 - it is a trust domain's
        wanted = self.trust_domain.measurements
        for name, found in measurements_of(report.body).items():
            if wanted[name]:
                yield _equal(name, wanted[name].lower(), found.hex())

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


def _kind_of(report: Report) -> str:
    from ringtaw_attestation.quote.tdx import TdReport

    if isinstance(report.body, TdReport):
        return _TRUST_DOMAIN
    return _ENCLAVE if report.identity is not None else f"{report.format} evidence"


def _equal(name: str, expected: object, found: object) -> Check:
    return Check(name, str(expected), str(found), expected == found)
