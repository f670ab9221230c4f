"""Who gets which variant, and how sure a difference is."""

from __future__ import annotations

from collections import Counter

import pytest

from chats.campaigns.shares import Share, differs, share, variant_of


def test_people_are_spread_in_proportion_and_stay_where_they_are() -> None:
    people = [f"+1202555{number:04}" for number in range(10_000)]
    first = [variant_of("campaign-1", one, [50, 30, 20, 0]) for one in people]
    assert first == [variant_of("campaign-1", one, [50, 30, 20, 0]) for one in people]
    assert first != [variant_of("campaign-2", one, [50, 30, 20, 0]) for one in people]
    counts = Counter(first)
    assert counts[3] == 0
    assert [abs(counts[index] - expected) < 200 for index, expected in enumerate([5000, 3000, 2000])] == [True] * 3


@pytest.mark.parametrize("weights", [[], [0, 0], [5, -1]])
def test_weights_without_a_sum_are_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights must be positive"):
        variant_of("campaign-1", "+12025550123", weights)


def test_the_range_is_wilsons() -> None:
    seen = share(10, 100)
    assert seen is not None
    assert (round(seen.seen, 4), round(seen.low, 4), round(seen.high, 4)) == (0.1, 0.0552, 0.1744)
    assert share(0, 0) is None
    assert share(0, 10) == Share(0.0, 0.0, pytest.approx(0.2775, abs=1e-4))
    assert share(10, 10) == Share(1.0, pytest.approx(0.7225, abs=1e-4), pytest.approx(1.0))


def test_two_shares_differ_when_their_ranges_do_not_touch() -> None:
    low, middle, high = share(10, 100), share(15, 100), share(40, 100)
    assert low is not None
    assert middle is not None
    assert high is not None
    assert differs(low, high)
    assert differs(high, low)
    assert not differs(low, middle)
