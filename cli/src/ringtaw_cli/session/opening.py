"""Verified connections: whom a command talks to, and on what grounds.

A Coordinator is verified by its evidence once, and known by its root certificate from then on. It
is verified again whenever an era config is given; then it must still have that certificate.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import ringtaw_client as client  # which loads a name when it is used: help is to be quick
from ringtaw_client import Address, ClientError, IdentityChangedError, InputError, State

from ringtaw_cli.output import printable, say, warning
from ringtaw_cli.session.files import OutputFile
from ringtaw_cli.session.options import Access
from ringtaw_cli.session.pins import Pin, pin_of
from ringtaw_cli.session.planted import read_trusted
from ringtaw_cli.session.refusals import next_steps

if TYPE_CHECKING:
    from ringtaw_client import (
        CoordinatorIdentity,
        CoordinatorPolicy,
        Credential,
        PinnedCoordinator,
        VerifiedCoordinator,
    )

ERA_CONFIGS: Final = ("coordinator-era.json", "era-config.json")
"""Where MarbleRun's command looks for an era config in the working directory."""
_MAX_ERA_CONFIG: Final = 1 << 20
_ACCEPT: Final = "if you know why, accept it with --era-config FILE --accept-new-identity"


@contextmanager
def session(
    access: Access,
    address: str,
    credential: Credential | None = None,
    *,
    keep: bool = False,
    recovering: bool = False,
) -> Iterator[PinnedCoordinator]:
    """Connect to the Coordinator that is trusted, or verify it and remember whom to trust.

    With ``keep`` a file that the user named for it is written even if the connection is insecure.
    ``recovering`` admits one that is genuine and waits for recovery, which has another certificate
    for that time. In the end the quote is saved, if that is wanted.

    Raises:
        IdentityChangedError: Who answers is not the one who was verified before.
        ClientError: See :mod:`ringtaw_client.errors`.
    """
    pin = pin_of(Address.parse(address), access.coordinator_cert)
    try:
        coordinator = _connect(access, address, credential, pin, recovering)
        keeps_unproved = keep and access.insecure and pin.own
        if keeps_unproved and not access.accept_new_identity:
            _refuse_to_replace(pin, coordinator)
        with next_steps():
            yield coordinator
        save_quote(access, coordinator)
    except IdentityChangedError as error:
        error.hint = f"{pin.path} says whom to trust. A new set-up and a Coordinator that waits "
        error.hint += f"for recovery have new certificates; {_ACCEPT}; else somebody is in between"
        raise
    if keeps_unproved:
        pin.write(coordinator.identity)


@contextmanager
def provisional_session(
    access: Access, address: str, credential: Credential | None = None
) -> Iterator[PinnedCoordinator]:
    """Verify a Coordinator that waits for recovery: its certificate is for this time only.

    Raises:
        ClientError: See :mod:`ringtaw_client.errors`.
    """
    show_warnings()
    coordinator = (
        _insecure(access, address, credential)
        if access.insecure
        else _pinned(access, verified(access, address), credential)
    )
    with next_steps():
        yield coordinator
    save_quote(access, coordinator)


def verified(access: Access, address: str) -> VerifiedCoordinator:
    """Verify a Coordinator by its evidence.

    Raises:
        ClientError: It does not prove to be the wanted one, or nobody said which is wanted.
    """
    show_warnings()
    policy = policy_of(access, address)
    progress(f"verifying the Coordinator at {address}")
    return client.verify(
        address, policy, access.trust(), nonce=access.nonce.encode(), limits=access.limits()
    )


def policy_of(access: Access, address: str) -> CoordinatorPolicy:
    """Return which Coordinator is wanted.

    Raises:
        InputError: Nobody said it.
    """
    if access.era_config is not None:
        policy = client.CoordinatorPolicy.from_file(access.era_config)
    elif (here := _policy_here()) is not None:
        policy = here
    else:
        raise InputError(
            f"nothing says which Coordinator is to be trusted at {address}",
            hint="name its properties, --era-config FILE: JSON with UniqueID, or SignerID, "
            "ProductID and SecurityVersion of its enclave, as its makers publish them or as "
            "ringtaw ADAPTER package-properties shows them, or TDX with the measurements of its "
            "trust domain; for a simulation there is --insecure",
        )
    statuses, advisories = access.accepted_tcb_statuses, access.accepted_advisories
    return replace(
        policy,
        accepted_tcb_statuses=known_statuses(statuses) or policy.accepted_tcb_statuses,
        accepted_advisories=advisories or policy.accepted_advisories,
    )


def save_quote(access: Access, coordinator: PinnedCoordinator) -> None:
    """Save the Coordinator's quote if that is wanted.

    Raises:
        InputError: There is none, or the file cannot be written.
    """
    if access.save_sgx_quote is None:
        return
    with OutputFile(access.save_sgx_quote) as file:
        quote = coordinator.claim(access.nonce.encode()).quote
        if not quote:
            raise InputError("there is no quote to save: the Coordinator runs in simulation")
        file.fill(quote)


def progress(text: str) -> None:
    """Say what is going on, to somebody who watches."""
    if sys.stderr.isatty():
        say(f"{printable(text)} …")


def show_warnings() -> None:
    """Let the warnings of the client and of verification look like the command's own."""
    for name in ("ringtaw_client", "ringtaw_attestation"):
        logger = logging.getLogger(name)
        if not any(isinstance(handler, _Warnings) for handler in logger.handlers):
            logger.addHandler(_Warnings(logging.WARNING))
            logger.propagate = False


class _Warnings(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        warning(printable(record.getMessage()))


def _connect(
    access: Access, address: str, credential: Credential | None, pin: Pin, recovering: bool
) -> PinnedCoordinator:
    show_warnings()
    if access.insecure:
        return _insecure(access, address, credential)
    known = None if access.accept_new_identity else pin.read()
    if known is not None and access.era_config is None:
        return client.PinnedCoordinator(
            address, known, credential, server_name=access.server_name, limits=access.limits()
        )
    found = verified(access, address)
    if known is None:
        _remember(pin, found.identity)
    elif known.root != found.identity.root:
        _allow_recovering(known, found, access, recovering)
    return _pinned(access, found, credential)


def _insecure(access: Access, address: str, credential: Credential | None) -> PinnedCoordinator:
    return client.connect_insecurely(
        address, credential, server_name=access.server_name, limits=access.limits()
    )


def _refuse_to_replace(pin: Pin, coordinator: PinnedCoordinator) -> None:
    """Refuse to forget whom to trust for one who has proved nothing."""
    known, found = pin.read(), coordinator.identity
    if known is not None and known.root != found.root:
        raise IdentityChangedError(
            "whoever answers has proved nothing, and is not the Coordinator that is trusted: its "
            f"root certificate has SHA-256 {found.fingerprint}, trusted is {known.fingerprint}",
            where=f"https://{coordinator.address}",
            hint="",
            expected=known.fingerprint,
            found=found.fingerprint,
        )


def _pinned(
    access: Access, found: VerifiedCoordinator, credential: Credential | None
) -> PinnedCoordinator:
    return found.connect(credential, server_name=access.server_name, limits=access.limits())


def _remember(pin: Pin, identity: CoordinatorIdentity) -> None:
    """Write the pin, and say so: most of all if there was another one."""
    try:
        former = pin.read()
    except InputError as error:
        former = None
        warning(printable(error.message))
    if former is not None and former.root == identity.root:
        return
    pin.write(identity)
    if former is None:
        say(f"the Coordinator is verified: {identity.fingerprint} is trusted from now on")
    else:
        warning(
            f"trusted is the root certificate {identity.fingerprint} from now on, no longer "
            f"{former.fingerprint}"
        )


def _allow_recovering(
    known: CoordinatorIdentity, found: VerifiedCoordinator, access: Access, recovering: bool
) -> None:
    """Refuse a Coordinator that is genuine and not the one that was verified before."""
    waits = _waits_for_recovery(found, access)
    explanation = "it waits for recovery, and has its former certificate again after it"
    if waits and recovering:
        warning(f"{explanation}; nothing is remembered")
        return
    raise IdentityChangedError(
        "the Coordinator is genuine and not the one that is trusted: its root certificate has "
        f"SHA-256 {found.identity.fingerprint}, trusted is {known.fingerprint}"
        + (f"; {explanation}" if waits else ""),
        where=f"https://{found.address}",
        hint="",
        expected=known.fingerprint,
        found=found.identity.fingerprint,
    )


def _waits_for_recovery(found: VerifiedCoordinator, access: Access) -> bool:
    try:
        return _pinned(access, found, None).status().state is State.RECOVERY
    except ClientError:
        return False


def _policy_here() -> CoordinatorPolicy | None:
    """Read the era config in the working directory, if it is this user's or root's."""
    for path in map(Path, ERA_CONFIGS):
        try:
            text = read_trusted(path, _MAX_ERA_CONFIG, named=False)
        except OSError:
            continue
        say(f"which Coordinator is wanted is read from ./{path}")
        try:
            return client.CoordinatorPolicy.from_json(text)
        except InputError as error:
            raise InputError(f"{path}: {error.message}", hint=error.hint) from None
    return None


def known_statuses(statuses: tuple[str, ...]) -> tuple[str, ...]:
    """Return TCB statuses that exist.

    Raises:
        InputError: One does not.
    """
    if statuses:
        from ringtaw_attestation import TcbStatus

        for status in statuses:
            if status not in list(TcbStatus):
                raise InputError(
                    f"there is no TCB status {status!r}", hint=f"one of {', '.join(TcbStatus)}"
                )
    return statuses
