"""Secret sharing, against shares made by HashiCorp Vault."""

from __future__ import annotations

import itertools

import pytest
from ringtaw_coordinator.state import shamir

SECRET = bytes((number * 7 + 1) % 256 for number in range(32))
VAULT_SHARES = [
    bytes.fromhex(share)
    for share in (
        "9badf9ffd8f79b2dbb8c826b76c1a96e13e1b61f0b1ba59fb49a2c5a376e759836",
        "2ce5fab199b20d0a10e35868c094c1295b73f76c388a601af88b7746aec8a67683",
        "4bf75423059056860e707976514087d95c3c08005512f06cf5c5cda130f857909b",
        "6c5bcf80d96c3ca912c68a4a703879ca7ebb3a2f278a114de923bc83d76762b513",
        "06ec7b6cff576dea3eff32dc8920dcbe9854c47667883a9c0a4d337f2a7c7daf31",
    )
]
"""By github.com/hashicorp/vault/shamir v1.21.4, Split(SECRET, 5, 3)."""


@pytest.mark.parametrize("count", [3, 4, 5])
def test_shares_of_vault_combine(count: int) -> None:
    for shares in itertools.permutations(VAULT_SHARES, count):
        assert shamir.combine(shares) == SECRET


def test_two_shares_of_vault_do_not_suffice() -> None:
    for shares in itertools.combinations(VAULT_SHARES, 2):
        assert shamir.combine(shares) != SECRET


@pytest.mark.parametrize(("count", "threshold"), [(2, 2), (3, 2), (5, 3), (7, 7), (255, 2)])
def test_any_sufficient_shares_combine(count: int, threshold: int) -> None:
    shares = shamir.split(SECRET, count, threshold)
    assert len(shares) == count
    assert len({share[-1] for share in shares}) == count
    assert all(len(share) == 33 and share[-1] != 0 for share in shares)
    for chosen in itertools.islice(itertools.combinations(shares, threshold), 40):
        assert shamir.combine(chosen) == SECRET
    assert shamir.combine(shares[: threshold - 1] or shares[:1]) != SECRET


def test_shares_differ_each_time() -> None:
    one, other = shamir.split(SECRET, 3, 2), shamir.split(SECRET, 3, 2)
    assert {share[:-1] for share in one}.isdisjoint(share[:-1] for share in other)


@pytest.mark.parametrize(("count", "threshold"), [(1, 1), (3, 1), (2, 3), (256, 2), (0, 0)])
def test_impossible_divisions_are_refused(count: int, threshold: int) -> None:
    with pytest.raises(ValueError, match="cannot make"):
        shamir.split(SECRET, count, threshold)


def test_shares_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(ValueError, match="belong together"):
        shamir.combine([VAULT_SHARES[0], VAULT_SHARES[0]])
    with pytest.raises(ValueError, match="belong together"):
        shamir.combine([VAULT_SHARES[0], VAULT_SHARES[1][1:]])
