"""Checks of what the hooks of a build side returned: other people's code may return anything."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

from ringtaw_premain.build_hookspecs import (
    FileChange,
    Finding,
    HostCommand,
    PackageProperties,
    Preparation,
    Severity,
)

Item = TypeVar("Item")

_IDENTITY: Final = re.compile(r"[0-9a-f]{64}")
_LARGEST: Final = 0xFFFF
"""ISVPRODID and ISVSVN are 16 bits (Intel SDM, volume 3D, SIGSTRUCT)."""


class WrongResult(Exception):  # noqa: N818 - becomes an AdapterError, which names hook and adapter
    """What was returned in place of what the contract says."""


def findings(result: object) -> list[Finding]:
    """Check the result of validate_config."""
    checked = _all(Finding, result)
    for finding in checked:
        _expect(isinstance(finding.severity, Severity), "a finding whose severity is none")
        line = finding.line
        _expect(line is None or (isinstance(line, int) and line > 0), f"line {line!r} of a finding")
    return checked


def preparation(result: object) -> Preparation:
    """Check the result of prepare_config."""
    checked = _one(Preparation, result)
    for change in _all(FileChange, checked.changes):
        texts = (change.path, change.after, "" if change.before is None else change.before)
        _expect(all(isinstance(text, str) for text in texts), "a change of something but text")
    _all(str, checked.notes)
    return checked


def properties(result: object) -> PackageProperties:
    """Check the result of package_properties."""
    checked = _one(PackageProperties, result)
    for identity in (checked.unique_id, checked.signer_id):
        valid = isinstance(identity, str) and _IDENTITY.fullmatch(identity)
        _expect(bool(valid), f"the identity {identity!r}: not 64 lower-case hexadecimal digits")
    for number in (checked.product_id, checked.security_version):
        valid_number = type(number) is int and 0 <= number <= _LARGEST
        _expect(valid_number, f"the number {number!r}: not one of 16 bits")
    _expect(isinstance(checked.debug, bool), f"debug {checked.debug!r}")
    return checked


def command(result: object) -> HostCommand:
    """Check the result of host_command."""
    checked = _one(HostCommand, result)
    _expect(bool(checked.argv and checked.argv[0]), "a command without a program")
    _all(str, checked.argv)
    _expect(isinstance(checked.environ, Mapping), "a command without environment")
    return checked


def _one(kind: type[Item], result: object) -> Item:
    if not isinstance(result, kind):
        raise WrongResult(f"{type(result).__name__} in place of {kind.__name__}")
    return result


def _all(kind: type[Item], result: object) -> list[Item]:
    if not isinstance(result, Sequence) or isinstance(result, str | bytes):
        raise WrongResult(f"{type(result).__name__} in place of a sequence of {kind.__name__}")
    return [_one(kind, item) for item in result]


def _expect(valid: bool, what: str) -> None:
    if not valid:
        raise WrongResult(what)
