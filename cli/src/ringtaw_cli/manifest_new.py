"""``ringtaw manifest new``: a first manifest, from answers or options. Nothing is overwritten."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click
from ringtaw_client import InputError

from ringtaw_cli.command import Command
from ringtaw_cli.libos.pairs import pairs
from ringtaw_cli.output import data, say

_FILE: Final = click.Path(path_type=Path)
_MAX_PEM: Final = 1 << 16


@click.command(
    "new",
    cls=Command,
    examples=(
        "",
        "--package frontend --from-package-properties app.sig --user alice=alice.crt",
        "--package backend --signer-id HEX --product-id 1 --security-version 2 backend.json",
    ),
)
@click.argument("path", metavar="[FILE|-]", type=_FILE, default=Path("manifest.json"))
@click.option("--package", metavar="NAME", default="", help="Name of package and Marble.")
@click.option(
    "--from-package-properties",
    "source",
    metavar="FILE|ARTEFACT",
    default="",
    help="What identifies the enclave: JSON as package-info --format json prints it, or a built "
    "enclave. Of a trust domain, JSON as inspect quote --format package prints it.",
)
@click.option("--unique-id", metavar="HEX", default="", help="The enclave's UniqueID (MRENCLAVE).")
@click.option("--signer-id", metavar="HEX", default="", help="The enclave's SignerID (MRSIGNER).")
@click.option(
    "--product-id", metavar="NUMBER", type=click.IntRange(0, 65535), help="Its ProductID."
)
@click.option(
    "--security-version",
    metavar="NUMBER",
    type=click.IntRange(0, 65535),
    help="Its lowest SecurityVersion.",
)
@click.option("--debug", is_flag=True, help="Admit debug enclaves, which protect nothing.")
@click.option(
    "--by",
    type=click.Choice(["unique-id", "signer"]),
    default="unique-id",
    show_default=True,
    help="With --from-package-properties: know the enclave by its UniqueID, or by its SignerID, "
    "ProductID and SecurityVersion.",
)
@click.option(
    "--user",
    "users",
    metavar="NAME=FILE",
    multiple=True,
    callback=pairs,
    help="A user who may update the manifest, with their certificate, PEM. May be repeated.",
)
@click.option(
    "--recovery-key",
    "recovery_keys",
    metavar="NAME=FILE",
    multiple=True,
    callback=pairs,
    help="A recovery key's owner, with the public RSA key, PEM. May be repeated.",
)
@click.option(
    "--recovery-threshold",
    metavar="NUMBER",
    type=click.IntRange(1, 255),
    help="How many owners are needed. [default: all]",
)
def new(
    path: Path,
    package: str,
    source: str,
    by: str,
    users: Mapping[str, str],
    recovery_keys: Mapping[str, str],
    recovery_threshold: int | None,
    **identity: Any,
) -> None:
    """Write a first manifest.

    On a terminal it asks for what the options do not say. FILE, by default manifest.json, must not
    exist. The manifest has one package, a Marble of the same name, users who may update it together
    and recovery keys; everything else is added with an editor.
    """
    if str(path) != "-" and path.exists():
        raise InputError(f"{path} exists, and is left as it is", hint="name another file")
    package = package or _ask("Name of the package", "--package")
    properties = _properties(source, by, identity, package)
    document: dict[str, Any] = {
        "Packages": {package: properties},
        "Marbles": {package: {"Package": package, "Parameters": {}}},
    }
    if users:
        certificates = {name: _pem(name, file) for name, file in users.items()}
        document["Users"] = {
            name: {"Certificate": pem, "Roles": ["updater"]} for name, pem in certificates.items()
        }
        document["Roles"] = {"updater": {"ResourceType": "Manifest", "Actions": ["UpdateManifest"]}}
    if recovery_keys:
        document["RecoveryKeys"] = {name: _pem(name, file) for name, file in recovery_keys.items()}
    if recovery_threshold:
        document["Config"] = {"RecoveryThreshold": recovery_threshold}
    _write(path, document)


def _properties(source: str, by: str, identity: Mapping[str, Any], package: str) -> dict[str, Any]:
    named = {
        "UniqueID": identity["unique_id"],
        "SignerID": identity["signer_id"],
        "ProductID": identity["product_id"],
        "SecurityVersion": identity["security_version"],
    }
    given = {name: value for name, value in named.items() if value not in (None, "")}
    debug = {"Debug": True} if identity["debug"] else {}
    if source and given:
        raise click.UsageError("--from-package-properties says what identifies the enclave already")
    if source:
        return {**_from_source(source, by, package), **debug}
    if given:
        return {**given, **debug}
    answer = _ask("Built enclave, or UniqueID of 64 hex digits", "--from-package-properties")
    is_measurement = len(answer) == 64 and not Path(answer).exists()
    return {"UniqueID": answer} if is_measurement else _from_source(answer, by, package)


def _from_source(source: str, by: str, package: str) -> dict[str, Any]:
    """Return a package's properties from JSON, or from an enclave that an adapter knows."""
    from ringtaw_buildkit.packages import Identity
    from ringtaw_buildkit.packages import package as package_of

    from ringtaw_cli.package_info import recognise

    if source.endswith(".json"):
        return _from_json(source, Identity(by), package)
    return package_of(recognise(source).properties, Identity(by))


def _from_json(source: str, by: Any, package: str) -> dict[str, Any]:
    from ringtaw_buildkit.document import read_json
    from ringtaw_buildkit.packages import KEYS

    found = read_json(source).data
    for key in ("properties", "Packages", package):
        if isinstance(found, dict) and isinstance(found.get(key), dict):
            found = found[key]
    is_trust_domain = isinstance(found, dict) and bool(found.get("TDX"))
    keys = ("TDX",) if is_trust_domain else KEYS[by]
    if not isinstance(found, dict) or any(key not in found for key in keys):
        raise InputError(
            f"{source} has no {', '.join(keys)}",
            hint="expected is what ringtaw package-info --format json prints, or ringtaw inspect "
            "quote --format package; see also --by",
        )
    debug = {"Debug": True} if found.get("Debug") is True else {}
    return {key: found[key] for key in keys} | debug


def _ask(question: str, option: str) -> str:
    """Return an answer of somebody at a terminal.

    Raises:
        UsageError: There is nobody to ask.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise click.UsageError(f"missing option {option!r}; on a terminal it would be asked for")
    answer: str = click.prompt(question, type=str, err=True)
    return answer.strip()


def _pem(name: str, file: str) -> str:
    from ringtaw_cli.session.files import read_input

    content = read_input(Path(file), _MAX_PEM)
    if b"PRIVATE KEY" in content:
        raise InputError(f"{file} has a private key", hint=f"name the public part of {name}'s key")
    try:
        return content.decode("ascii")
    except UnicodeDecodeError:
        raise InputError(f"{file} is not PEM", hint="convert it with openssl") from None


def _write(path: Path, document: Mapping[str, Any]) -> None:
    import json

    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    _check(text.encode(), path)
    if str(path) == "-":
        data(text, end="")
        return
    try:
        _write_new(path, text)
    except FileExistsError:
        raise InputError(f"{path} exists, and is left as it is", hint="name another file") from None
    except OSError as error:
        message = f"cannot write {path}: {error.strerror}"
        raise InputError(message, hint="name another file") from None
    data(str(path))
    say(f"next: add what the Marble receives, then: ringtaw manifest check {path}")


def _write_new(path: Path, text: str) -> None:
    """Make a file: whole, or not at all."""
    with path.open("x", encoding="utf-8") as file:
        try:
            file.write(text)
            file.flush()
        except BaseException:
            path.unlink()
            raise


def _check(raw: bytes, path: Path) -> None:
    """Write nothing that a Coordinator would refuse."""
    from ringtaw_premain.build_hookspecs import Severity

    from ringtaw_cli.manifest_check import manifest_findings

    wrong = [one for one in manifest_findings(raw, str(path)) if one.severity is Severity.ERROR]
    if wrong:
        first = wrong[0]
        raise InputError(f"{first.pointer}: {first.message}", hint=first.cure)
