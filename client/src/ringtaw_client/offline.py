"""The same judgement over evidence that was saved, without network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ringtaw_attestation import Collateral, PlatformKind

from ringtaw_client._appraisal import Basis, appraise
from ringtaw_client._names import is_for
from ringtaw_client._quote import Claim
from ringtaw_client.address import Address
from ringtaw_client.checks import Check
from ringtaw_client.errors import (
    EvidenceRejectedError,
    InputError,
    NameMismatchError,
    PolicyMismatchError,
)
from ringtaw_client.evidence import Evidence
from ringtaw_client.manifests import check_manifest, manifest_checks
from ringtaw_client.policy import CoordinatorPolicy
from ringtaw_client.trust import Trust
from ringtaw_client.verification import VerifiedCoordinator, warn


def verify_offline(
    directory: Path,
    policy: CoordinatorPolicy,
    trust: Trust = Trust(),  # noqa: B008 - immutable
    *,
    at: datetime | None = None,
    manifest: bytes | str | None = None,
    server_name: str = "",
) -> VerifiedCoordinator:
    """Judge saved evidence again, by the collateral that was saved with it.

    ``at`` is the time (with a time zone) to judge at. By default it is the recorded one, which is
    what the directory says: nobody has signed it. A manifest that was saved must be signed by the
    root key; if ``manifest`` is given (bytes, or SHA-256 in hex), it must be that one. The
    certificate must be for ``server_name``, by default for the name that was recorded. Marbles in
    the evidence are for :func:`.verify_marble_offline`; the update log is not signed.

    Raises:
        EvidenceRejectedError: The evidence does not prove anything, or did not at that time, or is
            not as it was saved; NameMismatchError: it is of a Coordinator of another name.
        PolicyMismatchError: It is of another Coordinator, or of another manifest.
        InputError: The directory has no usable evidence.
    """
    evidence = Evidence.load(directory)
    where = str(directory)
    basis = Basis(
        trust.open_roots(),
        _Saved(evidence.collateral),
        trust.accept_software_tee,
        where,
        lambda: at or evidence.time,
    )
    claim = Claim(evidence.identity, evidence.quote, evidence.tls_certificate)
    checks = _files_checks(evidence)
    with _after(checks):
        appraisal = appraise(claim, evidence.nonce, policy, basis)
    warn(appraisal, policy, where)
    checks += appraisal.checks
    with _after(checks):
        checks += _name_checks(evidence, server_name, where)
    with _after(checks):
        checks += _manifest_checks(evidence, manifest, where)
    address = Address.parse(evidence.address)
    return VerifiedCoordinator(address, appraisal.report, tuple(checks), evidence)


@dataclass(frozen=True, slots=True)
class _Saved:
    """The only collateral there is."""

    collateral: Collateral

    def fetch(self, platform: PlatformKind) -> Collateral:
        return self.collateral


@contextmanager
def _after(made: Sequence[Check]) -> Iterator[None]:
    """Put the checks that were made before into the error of one that fails."""
    try:
        yield
    except (EvidenceRejectedError, PolicyMismatchError) as error:
        error.checks = (*made, *error.checks)
        raise


def _files_checks(evidence: Evidence) -> list[Check]:
    if not evidence.files:
        return []
    found = f"{evidence.files} files with the SHA-256 that was recorded"
    return [Check("files", "all files as they were saved", found, True)]


def _name_checks(evidence: Evidence, server_name: str, where: str) -> list[Check]:
    name, identity = server_name or evidence.server_name, evidence.identity
    if not name:
        return []
    names = ", ".join(identity.names) or "no name"
    found = f"one for {names}, SHA-256 {identity.fingerprint}"
    check = Check("certificate", f"a certificate for {name}", found, is_for(identity.names, name))
    if not check.ok:
        raise NameMismatchError(
            f"the Coordinator's certificate is for {names}, not for {name}",
            where=where,
            checks=[check],
        )
    return [check]


def _manifest_checks(
    evidence: Evidence, expected: bytes | str | None, where: str
) -> tuple[Check, ...]:
    if evidence.manifest is None:
        if expected is not None:
            raise InputError(f"no manifest was saved in {where}")
        return ()
    check_manifest(evidence.manifest, evidence.identity, where, expected)
    return manifest_checks(evidence.manifest, evidence.identity, expected)
