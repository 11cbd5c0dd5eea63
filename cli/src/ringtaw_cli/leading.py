"""Options before the command they are for: MarbleRun's CLI takes them anywhere.

``ringtaw --insecure manifest get HOST`` is ``ringtaw manifest get --insecure HOST``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ringtaw_cli.table import COMMANDS

FLAGS: Final = frozenset({"-i", "--insecure"})
GLOBAL: Final = frozenset(
    {
        "--accepted-advisories",
        "--accepted-tcb-statuses",
        "--coordinator-cert",
        "--era-config",
        "--namespace",
        "--nonce",
        "--save-sgx-quote",
        "-n",
    }
)
"""Options with a value that MarbleRun's CLI takes with every command, as it does ``FLAGS``."""
_OF_USERS: Final = frozenset(
    {
        "--cert",
        "--key",
        "--pkcs11-cert-id",
        "--pkcs11-cert-label",
        "--pkcs11-config",
        "--pkcs11-key-id",
        "--pkcs11-key-label",
        "-c",
        "-k",
    }
)
"""Options with a value of commands for users and for owners of recovery keys."""
_VALUED: Final = GLOBAL | _OF_USERS
_OWN: Final = frozenset({"--debug", "--trace-hooks"})
_GROUPS: Final = frozenset(
    {"certificate", "manifest", "manifest update", "recover-with-signature", "secret"}
)


def in_order(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with such options behind the command's name."""
    rest, path, own, options = list(arguments), "", list[str](), list[str]()
    while rest:
        name, has_value, _ = rest[0].partition("=")
        if name in FLAGS or (name in _VALUED and has_value):
            options.append(rest.pop(0))
        elif name in _VALUED:
            options += rest[:2]
            del rest[:2]
        elif name in _OWN and not path:
            own.append(rest.pop(0))
        elif f"{path} {name}".lstrip() in _GROUPS:
            path = f"{path} {rest.pop(0)}".lstrip()
        else:
            break
    if not options or (not path and (not rest or rest[0] not in COMMANDS)):
        return list(arguments)
    return [*own, *path.split(), *rest[:1], *options, *rest[1:]]
