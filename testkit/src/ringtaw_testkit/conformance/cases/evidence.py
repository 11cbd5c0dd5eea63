"""Quotes and sealing keys: what the platform vouches for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

from ringtaw_testkit.conformance.context import Context, result_error
from ringtaw_testkit.conformance.model import Cases, Failed, Side, Skipped, demand
from ringtaw_testkit.conformance.probe import Probe

CASES: Final = Cases("evidence", Side.RUNTIME)
_FIRST: Final = hashlib.sha512(b"first").digest()
_SECOND: Final = hashlib.sha512(b"second").digest()
_KEY_SIZES: Final = (16, 32)


@CASES.case(
    "binds-report-data",
    because="report data bind the quote to the Marble's TLS connection; without, it is anybody's",
)
def binds_report_data(context: Context) -> None:
    """A quote verifies, and is over the very 64 bytes that were given, each time anew."""
    probe, verify = _quoting(context), _verify(context)
    for report_data in (_FIRST, _SECOND, _FIRST):
        quote = bytes.fromhex(_quote(probe, report_data))
        try:
            found = verify(quote)
        except Exception as error:
            raise Failed(f"its quote does not verify: {type(error).__name__}: {error}") from error
        demand(found == report_data, "its quote is over other report data")


@CASES.case(
    "takes-64-bytes-only",
    because="platforms pad or cut in silence, and then the quote is over something else",
)
def takes_64_bytes_only(context: Context) -> None:
    """Report data of any other size are refused with an EvidenceUnavailableError."""
    probe = _quoting(context)
    _verify(context)
    for size in (0, 32, 63, 65, 128, 1 << 16):
        asked = probe.call("issue_evidence", {"report_data": bytes(size).hex()})
        try:
            result_error(asked, "EvidenceUnavailableError")
        except Failed as failed:
            raise Failed(f"{size} bytes: {failed}") from None


@CASES.case(
    "refuses-a-replay",
    because="the host answers for the platform: an old quote belongs to another connection",
)
def refuses_a_replay(context: Context) -> None:
    """A genuine quote over other report data than what was asked for is refused."""
    probe = _quoting(context)
    if context.inside.replaying is None:
        raise Skipped("the harness cannot replay a quote")
    with context.inside.replaying():
        asked = probe.call("issue_evidence", {"report_data": _FIRST.hex()})
    result_error(asked, "EvidenceUnavailableError")
    _quote(probe, _FIRST)


@CASES.case(
    "is-unavailable-outside",
    because="a premain that has no quote must say so and stop, not fail in a way nobody foresaw",
)
def is_unavailable_outside(context: Context) -> None:
    """Outside its runtime issue_evidence raises an error of the contract that says what to do."""
    context.require_hook(context.outside, "issue_evidence")
    if context.has_no_evidence:
        raise Skipped("it has no evidence anywhere")
    asked = context.outside.call("issue_evidence", {"report_data": _FIRST.hex()})
    result_error(asked, "EvidenceUnavailableError", "PlatformError", "SettingsError")


@CASES.case(
    "sealing-keys-are-keys",
    because="a Coordinator seals its state with it: a short or constant one protects nothing",
)
def sealing_keys_are_keys(context: Context) -> None:
    """A sealing key has 16 or 32 bytes, differs by what it is bound to, and is no constant."""
    product, measurement = _keys(_sealing(context))
    for key in (product, measurement):
        demand(len(key) in _KEY_SIZES, f"a sealing key has {len(key)} bytes, not 16 or 32")
        demand(any(key), "a sealing key is all zeros")
    demand(product != measurement, "the key is the same for product and measurement")


@CASES.case(
    "sealing-keys-stay",
    because="with another key the Coordinator cannot read its own state after a restart",
)
def sealing_keys_stay(context: Context) -> None:
    """Asked again, also by another process of the same enclave, the sealing keys are the same."""
    probe = _sealing(context)
    first = _keys(probe)
    demand(_keys(probe) == first, "asked twice, it gives two keys")
    demand(_keys(context.another_within()) == first, "another process gets another key")


def _quoting(context: Context) -> Probe:
    context.require_hook(context.within, "issue_evidence")
    return context.within


def _verify(context: Context) -> Callable[[bytes], bytes]:
    if context.inside.report_data is None:
        raise Skipped("it has no evidence that could be looked at")
    return context.inside.report_data


def _quote(probe: Probe, report_data: bytes) -> str:
    return str(probe.call("issue_evidence", {"report_data": report_data.hex()}).value)


def _sealing(context: Context) -> Probe:
    context.require_hook(context.within, "sealing_key")
    return context.within


def _keys(probe: Probe) -> tuple[bytes, bytes]:
    product, measurement = (
        bytes.fromhex(probe.call("sealing_key", {"binding": binding}).value)
        for binding in ("product", "measurement")
    )
    return product, measurement
