"""Large tables that never change, and share what is the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from ringtaw_coordinator.state.entries import BUCKETS, Entries

NAMES = st.text(max_size=3)


@given(st.dictionaries(NAMES, st.integers()), st.lists(st.tuples(NAMES, st.integers())))
def test_it_is_what_a_dictionary_is(begin: dict[str, int], changes: list[tuple[str, int]]) -> None:
    """At every moment, also when newer ones have been made from it."""
    known, entries = dict(begin), Entries.of(begin)
    history = [(entries, begin)]
    for name, value in changes:
        known, entries = {**known, name: value}, entries.with_entries({name: value})
        history.append((entries, known))
    for entries, known in history:
        assert entries == known
        assert len(entries) == len(known)
        assert sorted(entries) == sorted(known)
        assert sorted(entries.items()) == sorted(known.items())
        assert all(entries[name] == known.get(name) for name in known)
        assert all((name in entries) == (name in known) for name, _ in changes)
        assert entries.get("none of these", 7) == 7


def test_a_change_copies_one_bucket_and_shares_the_others() -> None:
    before = Entries.of({str(number): number for number in range(50_000)})
    after = before.with_entries({"7": 8})
    pairs = zip(before.in_buckets(), after.in_buckets(), strict=True)
    assert sum(one is other for one, other in pairs) == BUCKETS - 1
    assert max(map(len, after.in_buckets())) < 150
    assert Entries.of(after) is after


def test_many_at_once() -> None:
    begin = {str(number): number for number in range(5_000)}
    more = {str(number): -number for number in range(4_000, 9_000)}
    entries = Entries.of(begin).with_entries(more)
    assert entries == begin | more
    assert len(entries) == 9_000
    assert Entries.of(begin).with_entries({}) == begin
