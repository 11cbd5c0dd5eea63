"""People who operate a Coordinator with the installed command, each with files of their own."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from jsonschema import Draft202012Validator
from ringtaw_schemas import cli_schema

from tests.cli.installed import Done, Workplace
from tests.support.attested_mesh import COORDINATOR, AttestedMesh
from tests.support.coordinator_process import CoordinatorProcess
from tests.support.deployments import RecoveryKey
from tests.support.people import person, role

SECRETS = {
    "apiKey": {"Type": "plain", "UserDefined": True},
    "shared": {"Type": "symmetric-key", "Size": 128, "UserDefined": True},
    "tls": {"Type": "cert-ecdsa", "Size": 256, "UserDefined": True},
    "made": {"Type": "cert-ed25519", "Shared": True, "ValidFor": 7},
}
OWN_SECRETS = [name for name, secret in SECRETS.items() if "UserDefined" in secret]
KEEPERS = {
    "write": role("Secrets", OWN_SECRETS, "WriteSecret"),
    "read": role("Secrets", list(SECRETS), "ReadSecret"),
}
_KEYS = {name: RecoveryKey() for name in ("ann", "bea", "cid")}


@dataclass
class Office(Workplace):
    """A folder, a configuration of one's own, and a Coordinator."""

    address: str = ""

    def ask(self, *words: str, stdin: str = "") -> Done:
        """Run a command on the Coordinator, taking it as it comes: for simulations."""
        return self.run(*words, self.address, "--insecure", stdin=stdin)

    def succeed(self, *words: str, stdin: str = "") -> str:
        """The same; it must succeed. Returns what it writes to stdout."""
        done = self.ask(*words, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def user(self, name: str, password: str = "") -> tuple[str, ...]:
        """Return the options of a user, whose files are written."""
        certified = person(name)
        protection = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        key = certified.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)
        self.write(f"{name}.pem", certified.pem.decode())
        self.write(f"{name}.key", key.decode())
        return ("-c", f"{name}.pem", "-k", f"{name}.key")

    def owner(self, name: str) -> str:
        """Write the key of an owner of a recovery key; return its file's name."""
        key = _KEYS[name].private.private_bytes(
            Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
        )
        self.write(f"{name}.key", key.decode())
        return f"{name}.key"

    def hand_out(self, recovery_data: str) -> None:
        """Give each owner their recovery secret, as a file."""
        for name, secret in json.loads(recovery_data)["RecoverySecrets"].items():
            (self.folder / f"{name}.secret").write_bytes(b64decode(secret))

    @property
    def pins(self) -> list[Path]:
        """The files in which Coordinators are remembered."""
        return sorted((self.folder / "config" / "ringtaw" / "coordinators").glob("*"))


def office(folder: Path, coordinator: CoordinatorProcess | None = None) -> Office:
    """Return a folder to work in, with a Coordinator."""
    place = Office(folder)
    place.site.mkdir(parents=True)
    place.programs.mkdir()
    place.environment["XDG_CONFIG_HOME"] = str(folder / "config")
    place.environment["XDG_CACHE_HOME"] = str(folder / "cache")
    if coordinator is not None:
        place.address = address_of(coordinator)
    return place


def attested_office(folder: Path, mesh: AttestedMesh, coordinator: CoordinatorProcess) -> Office:
    """Return one in which the software TEE is known, and the era config of the Coordinator."""
    place = office(folder, coordinator)
    place.environment["RINGTAW_TRUSTED_ROOTS"] = str(mesh.directory / "tee" / "root.pem")
    place.environment["RINGTAW_COLLATERAL"] = mesh.pccs.url
    place.write("era.json", json.dumps({"UniqueID": COORDINATOR.unique_id.hex()}))
    return place


def address_of(coordinator: CoordinatorProcess) -> str:
    """Return the address of the client API."""
    host, port = coordinator.client_address
    return f"{host}:{port}"


def recovery_keys(*names: str) -> dict[str, str]:
    """Return the section RecoveryKeys of a manifest."""
    return {name: _KEYS[name].public_pem for name in names}


def validated(name: str, text: str) -> dict[str, Any]:
    """Return what a command wrote as JSON, which its schema admits."""
    document: dict[str, Any] = json.loads(text)
    Draft202012Validator(cli_schema(name)).validate(document)
    return document
