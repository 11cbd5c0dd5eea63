"""A Coordinator whose identity is known: everything that can be asked of it, and of nobody else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from ringtaw_client import _answers as answers
from ringtaw_client._call import call
from ringtaw_client._http import Request
from ringtaw_client._json import Record
from ringtaw_client._quote import Claim, ask_for_claim
from ringtaw_client._tls import PinnedPeer
from ringtaw_client.address import Address
from ringtaw_client.credentials import Credential
from ringtaw_client.errors import EvidenceRejectedError, InputError, ProtocolError
from ringtaw_client.identity import CoordinatorIdentity
from ringtaw_client.limits import Limits
from ringtaw_client.manifests import check_manifest
from ringtaw_client.model import (
    LogEntry,
    Manifest,
    ManifestAccepted,
    PendingUpdate,
    RecoveryProgress,
    Secret,
    SecretUpload,
    SignedQuote,
    Status,
    UpdateProgress,
)

ResultT = TypeVar("ResultT")


class PinnedCoordinator:
    """The Coordinator with a root certificate that is trusted: verified now, or earlier.

    ``server_name`` is one of the Coordinator's names, for where the address's host is none of them.
    Each call has a connection of its own; calls may be made from several threads. All raise

    * UnreachableError, IdentityChangedError, NameMismatchError: there is no connection to it,
    * NotAuthorisedError, RefusedError: it does not do it, and says why,
    * ProtocolError: its answer is not as it should be.

    Raises:
        InputError: The address or the name is none, or TLS does not take the credential.
    """

    def __init__(
        self,
        address: str | Address,
        identity: CoordinatorIdentity,
        credential: Credential | None = None,
        *,
        server_name: str = "",
        limits: Limits = Limits(),  # noqa: B008 - immutable
    ) -> None:
        self.address = Address.parse(address) if isinstance(address, str) else address
        self.identity = identity
        self._limits = limits
        name = Address.parse(server_name).host if server_name else self.address.host
        self._peer = PinnedPeer(self.address, identity, credential, name, limits)

    def __repr__(self) -> str:
        return f"PinnedCoordinator({str(self.address)!r}, {self.identity.fingerprint})"

    def status(self) -> Status:
        """Return the state."""
        return self._get("/status", answers.status)

    def manifest(self) -> Manifest:
        """Return the manifest in force; its signature is the root key's."""
        manifest = self._get("/manifest", answers.manifest, large=True)
        return check_manifest(manifest, self.identity, f"https://{self.address}")

    def verify_manifest(self, expected: bytes | str) -> Manifest:
        """Return the manifest in force if it is this one, given as bytes or as SHA-256 in hex.

        Raises:
            PolicyMismatchError: It is another one.
            EvidenceRejectedError: Its signature is not the root key's.
        """
        manifest = self.manifest()
        return check_manifest(manifest, self.identity, f"https://{self.address}", expected)

    def set_manifest(self, raw: bytes) -> ManifestAccepted:
        """Set the manifest. Keep what is returned: recovery secrets are not to be had again."""
        body = {"manifest": answers.base64(raw)}
        return self._post("/manifest", body, answers.manifest_accepted)

    def update_log(self) -> tuple[LogEntry, ...]:
        """Return what has happened to the manifest, oldest first."""
        return self._get("/update", answers.update_log, large=True)

    def apply_update(self, raw: bytes) -> UpdateProgress:
        """Apply an update of packages, or submit an update of the whole manifest."""
        body = {"manifest": answers.base64(raw)}
        return self._post("/update", body, answers.update_progress)

    def pending_update(self) -> PendingUpdate:
        """Return the update that waits for acknowledgements; RefusedError (404) without one."""
        return self._get("/update-manifest", answers.pending_update, large=True)

    def acknowledge_update(self, raw: bytes) -> UpdateProgress:
        """Acknowledge the pending update by its very bytes."""
        body = {"manifest": answers.base64(raw)}
        return self._post("/update-manifest", body, answers.update_progress)

    def cancel_update(self) -> None:
        """Drop the pending update."""
        self._post("/update-cancel", None, answers.nothing)

    def read_secrets(self, names: Iterable[str]) -> Mapping[str, Secret]:
        """Return secrets by name: all of these and no others."""
        query = [("s", _checked(name)) for name in names]
        found = self._get("/secrets", answers.secrets, *query, large=True)
        if found.keys() != {name for _, name in query}:
            raise ProtocolError(
                "the Coordinator sends other secrets than those that it was asked for",
                where=f"https://{self.address}",
            )
        return found

    def write_secrets(self, uploads: Mapping[str, SecretUpload]) -> None:
        """Store values of user-defined secrets, all or none."""
        body = {"secrets": {name: upload.as_json() for name, upload in uploads.items()}}
        self._post("/secrets", body, answers.nothing)

    def certificate_chain(self) -> CoordinatorIdentity:
        """Return root and current intermediate certificate.

        Raises:
            EvidenceRejectedError: The root is not the one that is trusted.
        """
        return self.claim().identity

    def claim(self, nonce: bytes = b"") -> Claim:
        """Return certificates and evidence, over a nonce if there is one, without verifying it.

        Raises:
            EvidenceRejectedError: The root is not the one that is trusted.
        """
        claim = ask_for_claim(self.address, nonce, self._peer.connect, self._limits)
        if claim.identity.root != self.identity.root:
            raise EvidenceRejectedError(
                "the Coordinator sends another root certificate than the trusted one",
                where=f"https://{self.address}",
                hint="verify the Coordinator anew",
            )
        return claim

    def sign_quote(self, quote: bytes) -> SignedQuote:
        """Have an SGX quote verified and its TCB status signed, be it good or bad.

        Raises:
            EvidenceRejectedError: The signature is not the root key's.
        """
        signed = self._post(
            "/sign-quote", {"sgxQuote": answers.base64(quote)}, answers.signed_quote
        )
        if not self.has_signed(quote, signed):
            raise EvidenceRejectedError(
                "the signature over the quote is not the Coordinator's",
                where=f"https://{self.address}",
            )
        return signed

    def has_signed(self, quote: bytes, signed: SignedQuote) -> bool:
        """Whether this is the Coordinator's word on a quote; nothing is asked for it.

        Signed is the quote in base64, then the TCB status: MarbleRun's documentation of
        ``api.SignQuote``.
        """
        content = answers.base64(quote) + signed.tcb_status
        return self.identity.has_signed(content.encode(), signed.signature)

    def set_monotonic_counter(self, name: str, value: int) -> int:
        """Raise a counter of the Marble whose credential is used; return its former value."""
        return self._post("/monotonic-counter", {"name": name, "value": value}, answers.counter)

    def recovery_public_key(self) -> bytes:
        """Return the key (RSA, SubjectPublicKeyInfo in DER) to encrypt recovery secrets with."""
        return self._get("/recover/public-key", answers.recovery_public_key)

    def recover(self, secret: bytes, signature: bytes) -> RecoveryProgress:
        """Give one recovery secret, and its owner's signature over it in plain.

        The secret is plain or encrypted with :meth:`recovery_public_key`. After the last one the
        Coordinator has its former root certificate again.
        """
        body = {
            "recoverySecret": answers.base64(secret),
            "recoverySecretSignature": answers.base64(signature),
        }
        return self._post("/recover", body, answers.recovery_progress)

    def _get(
        self,
        path: str,
        read: Callable[[Record], ResultT],
        *query: tuple[str, str],
        large: bool = False,
    ) -> ResultT:
        return self._call(Request.get(answers.PREFIX + path, *query), read, large=large)

    def _post(self, path: str, body: Any, read: Callable[[Record], ResultT]) -> ResultT:
        return self._call(Request.post(answers.PREFIX + path, body), read)

    def _call(
        self, request: Request, read: Callable[[Record], ResultT], *, large: bool = False
    ) -> ResultT:
        result, _ = call(self.address, request, self._peer.connect, self._limits, read, large=large)
        return result


def _checked(name: str) -> str:
    """Return a name that can be sent.

    Raises:
        InputError: It is not Unicode, as an argument of a command line in another encoding is not.
    """
    try:
        name.encode()
    except UnicodeError:
        raise InputError("the name of a secret is not Unicode") from None
    return name
