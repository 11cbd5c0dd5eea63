"""Quote verifications per second with warm collateral, beside dcap-qvl.

dcap-qvl is the Rust library of that name, called from Python; it verifies the collateral anew for
every quote. Ours keeps what it has verified; ``new platform`` is a quote whose certificate chain
has not been seen before, ``same platform`` one whose chain has.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import cycle
from typing import Final

import dcap_qvl
from ringtaw_attestation import Collateral, Tee, collateral_to_json, verify_quote
from ringtaw_attestation.softtee import Enclave, SoftwarePlatform, SoftwareTee, TrustDomain

NOW: Final = datetime(2026, 3, 1, tzinfo=UTC)
TEE: Final = SoftwareTee(bytes(32))
REPORT_DATA: Final = bytes(64)
ROUND_SECONDS: Final = 0.3
TARGET: Final = 1 / 3

Contender = Callable[[], object]


def main(argv: Sequence[str]) -> None:
    """Measure all contenders in turn, in short rounds, so that noise hits them alike."""
    arguments = _parse(argv)
    print(f"quote-verification: {arguments.rounds} rounds of {ROUND_SECONDS} s each", flush=True)
    for name, tee in (("SGX v3", Tee.SGX), ("TDX v4", Tee.TDX)):
        _report(name, _measure(_contenders(tee, arguments.platforms), arguments.rounds))


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench quote-verification", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds per contender (default 5)")
    parser.add_argument(
        "--platforms",
        type=int,
        default=2000,
        help="platforms that 'new platform' cycles through; more than are kept (default 2000)",
    )
    return parser.parse_args(argv)


def _contenders(tee: Tee, platforms: int) -> dict[str, Contender]:
    platform = SoftwarePlatform()
    collateral = TEE.collateral(platform.kind(tee), NOW)
    same = _quote(tee, platform)
    others = cycle(list(_quotes(tee, platforms)))
    return {
        "dcap-qvl": _theirs(same, collateral),
        "ours, same platform": lambda: verify_quote(same, collateral, NOW, (TEE.root,)),
        "ours, new platform": lambda: verify_quote(next(others), collateral, NOW, (TEE.root,)),
    }


def _theirs(quote: bytes, collateral: Collateral) -> Contender:
    theirs = dcap_qvl.QuoteCollateralV3.from_json(collateral_to_json(collateral).decode())
    root, seconds = TEE.root.der, int(NOW.timestamp())
    return lambda: dcap_qvl.verify_with_root_ca(quote, theirs, root, seconds)


def _quotes(tee: Tee, count: int) -> Iterator[bytes]:
    return (_quote(tee, SoftwarePlatform(f"platform {number}")) for number in range(count))


def _quote(tee: Tee, platform: SoftwarePlatform) -> bytes:
    if tee is Tee.SGX:
        return TEE.sgx_quote(Enclave(), REPORT_DATA, platform)
    return TEE.tdx_quote(TrustDomain(), REPORT_DATA, platform)


def _measure(contenders: dict[str, Contender], rounds: int) -> dict[str, float]:
    """Return verifications per second: the median of the rounds."""
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, contender in contenders.items():
            rates[name].append(_rate(contender))
    return {name: statistics.median(values) for name, values in rates.items()}


def _rate(contender: Contender) -> float:
    contender()
    count, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < ROUND_SECONDS:
        contender()
        count += 1
    return count / elapsed


def _report(name: str, rates: dict[str, float]) -> None:
    theirs = rates["dcap-qvl"]
    for contender, rate in rates.items():
        print(f"  {name}  {contender:<20} {rate:7.0f}/s  {rate / theirs:5.2f} x dcap-qvl")
    verdict = "met" if rates["ours, same platform"] >= TARGET * theirs else "MISSED"
    print(f"  {name}  target (at least {TARGET:.2f} x with warm collateral): {verdict}")
