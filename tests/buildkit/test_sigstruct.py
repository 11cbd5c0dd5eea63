"""SIGSTRUCTs: what they say, and which of them are refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ringtaw_buildkit.sigstruct import SIZE, SigstructError, find, parse

from tests.support.sigstructs import MR_ENCLAVE, make_sigstruct, mr_signer, sign, signing_key


def test_what_it_says() -> None:
    found = parse(make_sigstruct(isv_prod_id=13, isv_svn=65535, debug=True))
    assert (found.mr_enclave, found.mr_signer) == (MR_ENCLAVE, mr_signer(signing_key()))
    assert (found.isv_prod_id, found.isv_svn) == (13, 65535)
    assert (found.debug, found.fixes_debug) == (True, True)


def test_the_loader_may_decide_on_debug() -> None:
    found = parse(make_sigstruct(fixes_debug=False))
    assert (found.debug, found.fixes_debug) == (False, False)


def test_in_the_words_of_a_manifest() -> None:
    properties = parse(make_sigstruct(isv_prod_id=1, isv_svn=2)).package_properties()
    assert properties.unique_id == MR_ENCLAVE
    assert properties.signer_id == mr_signer(signing_key())
    assert (properties.product_id, properties.security_version) == (1, 2)
    assert properties.debug is False


@pytest.mark.parametrize("size", [0, SIZE - 1, SIZE + 1])
def test_another_size_is_refused(size: int) -> None:
    with pytest.raises(SigstructError, match=f"{size} bytes long, a SIGSTRUCT has 1808"):
        parse(bytes(size))


@pytest.mark.parametrize("offset", [0, 15, 24, 39])
def test_another_header_is_refused(offset: int) -> None:
    with pytest.raises(SigstructError, match="not a SIGSTRUCT"):
        parse(_flipped(make_sigstruct(), offset))


def test_one_that_is_not_signed_is_refused() -> None:
    data = bytearray(make_sigstruct())
    data[128:900] = bytes(772)
    with pytest.raises(SigstructError, match="not signed"):
        parse(bytes(data))


def test_another_exponent_is_refused() -> None:
    with pytest.raises(SigstructError, match="exponent is not 3"):
        parse(_flipped(make_sigstruct(), 514))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1027))
def test_no_signed_byte_can_be_changed(offset: int) -> None:
    with pytest.raises(SigstructError):
        parse(_flipped(make_sigstruct(), offset))


def test_a_field_that_was_changed_and_signed_again_is_taken() -> None:
    assert parse(sign(_flipped(make_sigstruct(isv_svn=1), 1026), signing_key())).isv_svn == 0


def test_it_is_found_anywhere() -> None:
    data = make_sigstruct(isv_prod_id=7)
    assert find(b"\x7fELF" * 1000 + data + b"rest") == parse(data)


def test_the_bare_pattern_in_a_tools_code_is_no_sigstruct() -> None:
    signed = make_sigstruct()
    unsigned = signed[:128] + bytes(SIZE - 128)
    assert find(signed[:16] + unsigned + signed) == parse(signed)


def test_the_same_one_twice_is_one() -> None:
    data = make_sigstruct()
    assert find(data + data) == parse(data)


def test_two_different_ones_are_refused() -> None:
    with pytest.raises(SigstructError, match="2 different SIGSTRUCTs"):
        find(make_sigstruct(isv_svn=1) + make_sigstruct(isv_svn=2))


def test_none_is_found() -> None:
    with pytest.raises(SigstructError, match="no SIGSTRUCT in it"):
        find(b"nothing here")


def test_one_that_is_cut_short_is_refused() -> None:
    with pytest.raises(SigstructError, match="1000 bytes long"):
        find(b"ELF" + make_sigstruct()[:1000])


@given(st.binary(max_size=4000))
def test_garbage_gives_an_error_and_nothing_else(data: bytes) -> None:
    with pytest.raises(SigstructError):
        find(data)


def _flipped(data: bytes, offset: int) -> bytes:
    changed = bytearray(data)
    changed[offset] ^= 1
    return bytes(changed)
