"""When a campaign may write to somebody: days, hours, holidays, and clocks that jump."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chats.campaigns.places import Place
from chats.campaigns.windows import WORKING_DAYS, ImpossibleWindow, Window, closes_at, is_open, next_open

NEW_YORK = Place(("America/New_York",), "US")
DAYTIME = Window(time(9), time(20), keeps_holidays=False)


def at(text: str, zone: str = "America/New_York") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-11-20T08:59:59", "2026-11-20T09:00"),
        ("2026-11-20T09:00", "2026-11-20T09:00"),
        ("2026-11-20T19:59:59", "2026-11-20T19:59:59"),
        ("2026-11-20T20:00", "2026-11-21T09:00"),
        ("2028-02-28T21:00", "2028-02-29T09:00"),
    ],
)
def test_it_opens_by_the_persons_clock(now: str, opens: str) -> None:
    assert next_open(DAYTIME, NEW_YORK, at(now)) == at(opens)


def test_days_that_are_not_chosen_are_passed_over() -> None:
    working = Window(time(9), time(17), WORKING_DAYS, keeps_holidays=False)
    assert next_open(working, NEW_YORK, at("2026-11-20T17:00")) == at("2026-11-23T09:00")


def test_a_public_holiday_is_kept_where_the_person_lives() -> None:
    window = Window(time(9), time(17))
    thanksgiving = at("2026-11-26T10:00")
    assert not is_open(window, NEW_YORK, thanksgiving)
    assert next_open(window, NEW_YORK, thanksgiving) == at("2026-11-27T09:00")
    assert is_open(window, Place(("America/New_York",), "CA"), thanksgiving)
    assert is_open(window, Place(("America/New_York",), ""), thanksgiving)
    assert is_open(window, Place(("America/New_York",), "XX"), thanksgiving)


def test_an_opening_that_the_clock_leaves_out_is_its_next_minute() -> None:
    night = Window(time(2, 30), time(6), keeps_holidays=False)
    assert next_open(night, NEW_YORK, at("2026-03-08T00:00")) == at("2026-03-08T03:00")


def test_a_window_that_lies_in_the_hour_left_out_is_not_open_that_day() -> None:
    night = Window(time(2, 10), time(2, 50), keeps_holidays=False)
    assert next_open(night, NEW_YORK, at("2026-03-08T00:00")) == at("2026-03-09T02:10")


def test_an_hour_that_is_repeated_is_open_both_times() -> None:
    night = Window(time(1, 30), time(1, 45), keeps_holidays=False)
    first = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert next_open(night, NEW_YORK, first - timedelta(minutes=5)) == first
    assert next_open(night, NEW_YORK, first + timedelta(minutes=15)) == first + timedelta(hours=1)
    assert not is_open(night, NEW_YORK, first + timedelta(minutes=45))


def test_where_somebody_may_be_in_several_zones_all_count() -> None:
    wide = Place(("America/Los_Angeles", "America/New_York"), "US")
    assert next_open(DAYTIME, wide, at("2026-11-20T09:00")) == at("2026-11-20T12:00")
    assert next_open(DAYTIME, wide, at("2026-11-20T20:00")) == at("2026-11-21T12:00")
    assert closes_at(DAYTIME, wide, at("2026-11-20T13:00")) == at("2026-11-20T20:00")


def test_zones_that_never_agree_are_never_open() -> None:
    apart = Place(("America/Los_Angeles", "Asia/Tokyo"), "")
    assert next_open(Window(time(10), time(12), keeps_holidays=False), apart, at("2026-11-20T09:00")) is None


def test_a_closing_that_the_clock_leaves_out_is_its_next_minute() -> None:
    night = Window(time(0), time(2, 30), keeps_holidays=False)
    assert closes_at(night, NEW_YORK, at("2026-03-08T01:00")) == at("2026-03-08T03:00")


@pytest.mark.parametrize(
    ("opens", "closes", "days", "sentence"),
    [
        (time(9), time(9), {1}, "The window must close later than it opens, on the same day."),
        (time(20), time(9), {1}, "The window must close later than it opens, on the same day."),
        (time(9), time(20), set(), "Choose at least one day of the week."),
        (time(9), time(20), {0}, "Days are numbered from 1, Monday, to 7, Sunday."),
    ],
)
def test_a_window_that_can_never_open_is_refused(opens: time, closes: time, days: set[int], sentence: str) -> None:
    with pytest.raises(ImpossibleWindow) as refused:
        Window(opens, closes, frozenset(days))
    assert str(refused.value) == sentence


ZONES = st.sampled_from(
    ["America/New_York", "Europe/London", "Australia/Lord_Howe", "Asia/Kolkata", "America/Phoenix", "Africa/Casablanca"]
)


@given(
    moment=st.integers(0, 3 * 366 * 24 * 60).map(lambda minutes: at("2026-01-01T00:00") + timedelta(minutes=minutes)),
    zone=ZONES,
    opens=st.integers(0, 22 * 60),
    lasts=st.integers(1, 119),
    days=st.sets(st.integers(1, 7), min_size=1),
)
def test_the_moment_found_is_open_and_nothing_before_it_is(
    moment: datetime, zone: str, opens: int, lasts: int, days: set[int]
) -> None:
    start = time(opens // 60, opens % 60)
    end = time((opens + lasts) // 60, (opens + lasts) % 60)
    window = Window(start, end, frozenset(days), keeps_holidays=False)
    place = Place((zone,))
    found = next_open(window, place, moment)
    assert found is not None
    assert found >= moment
    assert is_open(window, place, found)
    if found > moment:
        assert not is_open(window, place, moment)
        assert not is_open(window, place, found - timedelta(seconds=1))
    assert closes_at(window, place, found) > found
    assert not is_open(window, place, closes_at(window, place, found))
