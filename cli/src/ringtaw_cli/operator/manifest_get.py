"""``ringtaw manifest get``."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import click
from ringtaw_client import LogEntry, Manifest, ProtocolError

from ringtaw_cli.command import Command, format_option
from ringtaw_cli.output import json_data
from ringtaw_cli.session.files import is_stdout, write_output
from ringtaw_cli.session.opening import session
from ringtaw_cli.session.options import (
    Access,
    coordinator_argument,
    coordinator_options,
    output_option,
)

_NEW_MANIFEST: Final = ("Manifest update applied", "Complete Manifest updated")
"""What a Coordinator logs, ours and MarbleRun's, when another manifest comes into force."""


@click.command(
    cls=Command,
    examples=("coordinator.example:4433", "coordinator.example:4433 -s -u -o manifest.json"),
)
@coordinator_argument
@click.option(
    "-u", "--display-update", is_flag=True, help="With security versions raised by updates."
)
@click.option("-s", "--signature", is_flag=True, help="In an object, with the manifest's SHA-256.")
@output_option
@click.option(
    "--keep-cert",
    is_flag=True,
    help="With --insecure: write the certificate to --coordinator-cert. A verified one always is.",
)
@format_option()
@coordinator_options
def get(
    address: str,
    display_update: bool,
    signature: bool,
    output: Path | None,
    keep_cert: bool,
    output_format: str,
    access: Access,
) -> None:
    """Get the manifest in force.

    Its signature by the Coordinator's root key is checked. It is printed as it was set, byte for
    byte, unless it is asked for with updates.
    """
    with session(access, address, keep=keep_cert) as coordinator:
        manifest = coordinator.manifest()
        text = manifest.raw
        if display_update:
            text = _updated(manifest, coordinator.update_log(), str(coordinator.address))
    if output_format == "json":
        json_data(
            fingerprint=manifest.fingerprint,
            signature=b64encode(manifest.signature).decode(),
            manifest=text.decode(errors="replace"),
        )
        return
    if signature:
        text = _with_signature(text, manifest.fingerprint)
    write_output(output, text + (b"\n" if is_stdout(output) else b""), public=True)


def _with_signature(text: bytes, fingerprint: str) -> bytes:
    head = f'{{\n"ManifestSignature": "{fingerprint}",\n"Manifest": '
    return head.encode() + text + b"}"


def _updated(manifest: Manifest, log: Iterable[LogEntry], where: str) -> bytes:
    """Return the manifest with the security versions that updates of packages have set."""
    try:
        document: dict[str, Any] = json.loads(manifest.raw)
        for entry in _since_manifest(log):
            if "package" in entry.details and "new version" in entry.details:
                package = document["Packages"][entry.details["package"]]
                package["SecurityVersion"] = entry.details["new version"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ProtocolError(
            "the update log and the manifest do not fit together", where=f"https://{where}"
        ) from None
    return json.dumps(document, indent=4, ensure_ascii=False).encode()


def _since_manifest(log: Iterable[LogEntry]) -> list[LogEntry]:
    """Return the entries about the manifest in force: former ones had packages of their own."""
    entries = list(log)
    last = max((i for i, entry in enumerate(entries) if entry.update in _NEW_MANIFEST), default=-1)
    return entries[last + 1 :]
