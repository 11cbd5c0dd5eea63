"""Binding: evidence counts for one certificate, one challenge."""

from __future__ import annotations

import hashlib

import pytest
from ringtaw_attestation import (
    BindingError,
    EvidenceError,
    Step,
    certificate_report_data,
    check_certificate_binding,
    check_coordinator_binding,
    coordinator_report_data,
)
from ringtaw_attestation.softtee import Enclave

from tests.support.evidence import SGX_COLLATERAL, TEE, verify

CERTIFICATE = b"certificate of this connection"
ROOT = b"root certificate"


def report_data_of(bound: bytes) -> bytes:
    """What verified evidence says, after the quote has gone through everything."""
    return verify(TEE.sgx_quote(Enclave(), bound), SGX_COLLATERAL).report_data


def test_forms() -> None:
    digest = hashlib.sha256(CERTIFICATE).digest()
    assert certificate_report_data(CERTIFICATE) == digest + bytes(32)
    digest = hashlib.sha256(ROOT + b"nonce").digest()
    assert coordinator_report_data(ROOT, b"nonce") == digest + bytes(32)


def test_own_certificate_is_accepted() -> None:
    bound = report_data_of(certificate_report_data(CERTIFICATE))
    check_certificate_binding(bound, CERTIFICATE)


def test_replayed_quote_is_refused() -> None:
    """A genuine quote of a genuine Marble, sent over somebody else's connection."""
    bound = report_data_of(certificate_report_data(b"certificate of the victim"))
    with pytest.raises(BindingError) as caught:
        check_certificate_binding(bound, CERTIFICATE)
    assert caught.value.step == Step.BINDING
    assert isinstance(caught.value, EvidenceError)


def test_half_of_the_report_data_is_not_enough() -> None:
    digest = hashlib.sha256(CERTIFICATE).digest()
    for other in (digest + b"\x01".ljust(32, b"\0"), digest, bytes(64), b""):
        with pytest.raises(BindingError):
            check_certificate_binding(other, CERTIFICATE)


def test_coordinator_answers_this_challenge() -> None:
    bound = report_data_of(coordinator_report_data(ROOT, b"nonce"))
    check_coordinator_binding(bound, ROOT, b"nonce")
    for root, nonce in ((ROOT, b""), (ROOT, b"another"), (b"another", b"nonce")):
        with pytest.raises(BindingError):
            check_coordinator_binding(bound, root, nonce)


def test_coordinator_without_challenge() -> None:
    check_coordinator_binding(coordinator_report_data(ROOT), ROOT)
