"""Whatever is sent: a manifest or ManifestError, in bounded time and with a bounded message."""

from __future__ import annotations

import json
import random
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ringtaw_coordinator.errors import ManifestError
from ringtaw_coordinator.manifest.load import load_manifest
from ringtaw_coordinator.manifest.reader import MAX_BYTES

from tests.manifest.samples import complete, minimal, with_marble, with_secret

COMPLETE = json.dumps(complete(), indent=1).encode()
SECONDS = 20.0
"""For inputs at the limits, on a slow and busy machine."""


def load_or_refuse(raw: bytes) -> None:
    try:
        load_manifest(raw)
        return
    except ManifestError as caught:
        error = caught
    assert error.problems
    assert len(str(error).encode()) < 60_000


def mutated(source: random.Random) -> bytes:
    raw = bytearray(COMPLETE)
    for _ in range(source.randint(1, 4)):
        at = source.randrange(len(raw))
        change = source.randrange(4)
        if change == 0:
            raw[at] ^= 1 << source.randrange(8)
        elif change == 1:
            raw[at : at + 1] = source.choice((b"{", b"]", b'"', b"null", b"0", b"1e9", b"\\u0000"))
        elif change == 2:
            del raw[at : at + source.randint(1, 40)]
        else:
            other = source.randrange(len(raw))
            raw[at:at] = raw[other : other + source.randint(1, 80)]
    return bytes(raw)


def test_mutated_manifests() -> None:
    source = random.Random("manifests")  # noqa: S311 - repeatable on purpose
    for _ in range(700):
        load_or_refuse(mutated(source))


KEYS = st.sampled_from(
    [
        *("Packages", "Marbles", "Secrets", "Users", "Roles", "TLS", "Config", "RecoveryKeys"),
        *("p", "m", "Parameters", "Files", "Env", "Argv", "Cert", "Subject", "URIs", "Type"),
        *("Size", "NotAfter", "UniqueID", "Debug", "Package", "Incoming", "Port", "Actions"),
        *("ResourceType", "DNSNames", "UserDefined", "Private", "ExtraNames", "Data", "Encoding"),
        *("PolicyIdentifiers", "IPAddresses", "SecurityVersion", "KeyUsage", "MaxPathLen"),
    ]
)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["p", "cert-rsa", "plain", "{{ hex .Secrets.p }}", "{{", "Manifest", "hex"]),
)
TREES = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=25,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(KEYS, TREES, max_size=5))
def test_trees_of_known_keys(tree: dict[str, Any]) -> None:
    load_or_refuse(json.dumps(tree).encode())
    sections = {key: {"p": value} for key, value in tree.items()}
    load_or_refuse(json.dumps(minimal() | sections).encode())


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_random_bytes(raw: bytes) -> None:
    load_or_refuse(raw)


def environment(text: str, count: int) -> bytes:
    variables = {f"E{i}": text.replace("@", str(i)) for i in range(count)}
    return json.dumps(with_marble(Parameters={"Env": variables})).encode()


HOSTILE: dict[str, Callable[[], bytes]] = {
    "unknown keys": lambda: json.dumps({f"k{i}": 1 for i in range(99_000)}).encode(),
    "templates with unknown secrets": lambda: environment("{{ hex .Secrets.a@ }}", 15_000),
    "many actions": lambda: environment("{{``}}" * 9_000, 290),
    "mistakes far down a file": lambda: environment("\n" * 8_000_000 + "{{ x }}" * 9_000, 1),
    "a long literal": lambda: environment('{{ "' + "\\n" * 3_000_000 + '" }}', 1),
    "unclosed comments": lambda: environment("{{/*" * 3_000_000, 1),
    "a long number": lambda: (
        json.dumps(with_secret(Type=0)).encode().replace(b"0}", b"9" * 15_000_000 + b"}")
    ),
    "a long name": lambda: json.dumps(
        minimal(Users={"k" * 15_000_000: {"Roles": ["a"] * 1000}})
    ).encode(),
    "a long value": lambda: json.dumps(with_secret(Type="x" * 15_000_000)).encode(),
    "half PEM blocks": lambda: json.dumps(
        minimal(Users={"u": {"Certificate": "-----BEGIN CERTIFICATE-----" * 500_000}})
    ).encode(),
    "half surrogate pairs": lambda: (
        json.dumps(with_secret(Type="@")).replace("@", "\\ud800" * 2_000_000).encode()
    ),
    "a large secret everywhere": lambda: json.dumps(
        with_secret(Type="symmetric-key", Size=33_554_432, Shared=True)
        | {
            "Marbles": {
                f"m{i}": {"Package": "p", "Parameters": {"Files": {"f": "{{ hex .Secrets.s }}"}}}
                for i in range(5000)
            }
        }
    ).encode(),
    "a large secret many times": lambda: json.dumps(
        with_secret(Type="symmetric-key", Size=33_554_432, Shared=True)
        | with_marble(Parameters={"Files": {"f": "{{ hex .Secrets.s }}" * 9000}})
        | {"Secrets": {"s": {"Type": "symmetric-key", "Size": 33_554_432, "Shared": True}}}
    ).encode(),
}


@pytest.mark.parametrize("made", HOSTILE.values(), ids=HOSTILE.keys())
def test_costs_are_bounded(made: Callable[[], bytes]) -> None:
    raw = made()
    start = time.monotonic()
    with pytest.raises(ManifestError) as caught:
        load_manifest(raw)
    assert time.monotonic() - start < SECONDS
    assert len(str(caught.value).encode()) < 60_000


@pytest.mark.parametrize("unit", [b'["",', b'"",', b'{"a":', b"[],", b"0,"])
def test_millions_of_values_take_little_memory(unit: bytes) -> None:
    raw = b"[" + unit * (MAX_BYTES // len(unit) - 1)
    tracemalloc.start()
    try:
        with pytest.raises(ManifestError, match=r"nested deeper|more than 100,000 values"):
            load_manifest(raw)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5 * MAX_BYTES
