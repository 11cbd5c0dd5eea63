"""A PKCS #11 token: to log in, to find one key or certificate, and one clear error for the rest.

Uses python-pkcs11, an optional dependency.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from ringtaw_client._keys import Password
from ringtaw_client.errors import InputError
from ringtaw_client.pkcs11_config import TokenConfig
from ringtaw_client.pkcs11_openssl import forget_errors

if TYPE_CHECKING:
    import pkcs11

INSTALL: Final = "install it: pip install 'ringtaw-client[pkcs11]'"
LOGIN_ERRORS: Final = {
    "PinIncorrect": "the PIN is wrong",
    "PinInvalid": "the PIN is wrong",
    "PinLenRange": "the PIN is wrong: it has another length",
    "PinLocked": "the PIN is locked after too many wrong ones",
    "PinExpired": "the PIN has expired",
    "UserPinNotInitialized": "the token has no PIN yet",
    "TokenNotRecognised": "the token is not initialised",
}
"""By python-pkcs11's exceptions, whose names are those of the standard's CKR_*."""


@dataclass(frozen=True, slots=True)
class ObjectName:
    """The ID or label of an object in a token, or both.

    An ID is the text itself, as with MarbleRun. If no object has it, and it is hexadecimal, as
    PKCS #11 tools show IDs, then it is read as that.
    """

    id: str = ""
    label: str = ""

    def __str__(self) -> str:
        parts = [("ID", self.id), ("label", self.label)]
        return " and ".join(f"{name} {value!r}" for name, value in parts if value)

    def ids(self) -> list[bytes | None]:
        """Return the IDs to try in their order; None is any."""
        if not self.id:
            return [None]
        digits = self.id.replace(":", "")
        is_hexadecimal = len(digits) % 2 == 0 and set(digits) <= set(string.hexdigits)
        return [self.id.encode(), *([bytes.fromhex(digits)] if is_hexadecimal else [])]


class Token:
    """A session with a token, logged in."""

    def __init__(self, config: TokenConfig, session: pkcs11.Session) -> None:
        self._config = config
        self._session = session

    @classmethod
    def open(cls, config: TokenConfig, pin: Password | None = None) -> Token:
        """Log in, with the PIN of the configuration or one that is asked for.

        Raises:
            InputError: There is no such module or token, or the PIN is wrong or missing.
        """
        token = _find_token(config)
        secret = _pin(config, pin) if config.login else None
        try:
            return cls(config, token.open(user_pin=secret))
        except _pkcs11().UserAlreadyLoggedIn:  # this process, for another credential
            return cls(config, token.open())
        except _pkcs11().PKCS11Error as error:
            reason = LOGIN_ERRORS.get(type(error).__name__, f"no login: {_reason(error)}")
            raise InputError(
                f"{config.source}: {config.token}: {reason}",
                hint="check Pin, or leave it out to be asked",
            ) from None
        finally:
            forget_errors()

    def private_key(self, name: ObjectName) -> Any:
        """Return the one private key of that name, in python-pkcs11's terms.

        Raises:
            InputError: There is none, or more than one.
        """
        return self._find(_pkcs11().ObjectClass.PRIVATE_KEY, "private key", name)

    def certificate(self, name: ObjectName) -> bytes:
        """Return the one certificate of that name, in DER.

        Raises:
            InputError: There is none, or more than one.
        """
        found = self._find(_pkcs11().ObjectClass.CERTIFICATE, "certificate", name)
        with self.errors("the certificate cannot be read"):
            return bytes(found[_pkcs11().Attribute.VALUE])

    @contextmanager
    def errors(
        self, what: str, hint: str = "", hints: Mapping[str, str] = MappingProxyType({})
    ) -> Iterator[None]:
        """Say of the token's errors what did not work; ``hints`` are for errors by name."""
        try:
            yield
        except _pkcs11().PKCS11Error as error:
            raise InputError(
                f"{self._config.token}: {what}: {_reason(error)}",
                hint=hints.get(type(error).__name__, hint),
            ) from None
        finally:
            forget_errors()

    def _find(self, kind: Any, what: str, name: ObjectName) -> Any:
        attribute = _pkcs11().Attribute
        if not name.id and not name.label:
            raise InputError(f"nothing says which {what} of the token", hint="give its ID or label")
        for wanted in name.ids():
            template = {attribute.CLASS: kind}
            if wanted is not None:
                template[attribute.ID] = wanted
            if name.label:
                template[attribute.LABEL] = name.label
            with self.errors(f"the search for a {what} failed"):
                found = list(self._session.get_objects(template))
            if found:
                return self._only(found, what, name)
        raise InputError(
            f"{self._config.token} has no {what} with {name}",
            hint=f"see: pkcs11-tool --module {self._config.module} --list-objects --login",
        )

    def _only(self, found: list[Any], what: str, name: ObjectName) -> Any:
        if len(found) > 1:
            raise InputError(
                f"{self._config.token} has {len(found)} of: {what} with {name}",
                hint="give ID and label both, or give one of them another label",
            )
        return found[0]


def _pkcs11() -> Any:
    try:
        import pkcs11
    except ImportError:
        raise InputError("keys in tokens need python-pkcs11", hint=INSTALL) from None
    return pkcs11


def _find_token(config: TokenConfig) -> Any:
    error = _pkcs11().PKCS11Error
    try:
        slots = _pkcs11().lib(str(config.module)).get_slots(token_present=True)
    except error as problem:
        raise InputError(
            f"{config.source}: the PKCS #11 module {config.module} cannot be used: "
            f"{_reason(problem)}",
            hint="Path is the shared library that comes with the token",
        ) from None
    finally:
        forget_errors()
    found = [token for token in map(_token_in, slots) if token and _matches(token, config)]
    if len(found) == 1:
        return found[0]
    what = "is not there" if not found else "is there more than once"
    raise InputError(
        f"{config.source}: {config.token} {what}",
        hint=f"see which there are: pkcs11-tool --module {config.module} --list-slots",
    )


def _token_in(slot: Any) -> Any:
    try:
        return slot.get_token()
    except _pkcs11().PKCS11Error:  # pulled out just now, or not readable: not the one that is meant
        return None


def _matches(token: Any, config: TokenConfig) -> bool:
    if config.slot is not None:
        return bool(token.slot.slot_id == config.slot)
    if config.label:
        return bool(token.label == config.label)
    return bool(token.serial == config.serial.encode())


def _pin(config: TokenConfig, ask: Password | None) -> str:
    if config.pin is not None:
        return config.pin
    if ask is None:
        raise InputError(f"{config.source} has no Pin, and there is nobody to ask")
    return ask()


def _reason(error: Exception) -> str:
    """Return python-pkcs11's words or, as most of its errors have none, the error's name."""
    return str(error) or type(error).__name__
