"""How long a campaign takes, and what would shorten it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chats.campaigns.forecast import Forecast, LineRoom, Load, forecast, lines_needed, spread, with_more_lines
from chats.campaigns.windows import WORKING_DAYS, Window

DAYTIME = Window(time(9), time(20), keeps_holidays=False)
MONDAY = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)


def room(line_id: int, new_a_day: int | None = 45, **other: object) -> LineRoom:
    wanted = {"messages_a_day": 6300, "messages_a_minute": 18, "gap_seconds": 1.0, **other}
    return LineRoom(line_id, new_a_day, **wanted)  # type: ignore[arg-type]


def plan(rooms: list[LineRoom], loads: dict[int, Load], **other: object) -> Forecast:
    wanted = {"window": DAYTIME, "zone": "UTC", "starts": MONDAY, **other}
    return forecast(rooms, loads, **wanted)  # type: ignore[arg-type]


def ten_thousand_on(lines: int) -> Forecast:
    rooms = [room(number) for number in range(lines)]
    return plan(rooms, {line: Load(new=count) for line, count in spread(10_000, rooms).items()})


def test_four_lines_and_ten_thousand_new_people_take_56_days() -> None:
    found = ten_thousand_on(4)
    assert (found.length, found.left, found.first_messages) == (56, 0, 10_000)
    assert found.ends_on == date(2027, 1, 17)
    first = [one for one in found.days if one.day == date(2026, 11, 23)]
    assert [(one.line_id, one.new, one.messages) for one in first] == [(line, 45, 45) for line in range(4)]


def test_more_lines_shorten_it() -> None:
    rooms = [room(number) for number in range(4)]

    def with_more(more: int) -> Forecast:
        lines = with_more_lines(rooms, more)
        return plan(lines, {line: Load(new=count) for line, count in spread(10_000, lines).items()})

    assert with_more(4).length == 28
    assert lines_needed(28, with_more) == 4
    assert lines_needed(56, with_more) == 0
    assert lines_needed(1, with_more) is None


def test_people_already_spoken_to_need_no_new_conversations() -> None:
    found = plan([room(1)], {1: Load(known=10_000)})
    # 18 a minute in eleven hours are more than 6,300 a day.
    assert [one.known for one in found.days] == [6300, 3700]


def test_what_left_already_counts_on_the_first_day() -> None:
    found = plan([room(1, new_today=40)], {1: Load(new=50)})
    assert [one.new for one in found.days] == [5, 45]


def test_days_on_which_the_window_is_closed_are_passed_over() -> None:
    working = Window(time(9), time(17), WORKING_DAYS, keeps_holidays=False)
    friday = MONDAY - timedelta(days=3)
    found = plan([room(1)], {1: Load(new=90)}, window=working, starts=friday)
    assert [one.day.isoformat() for one in found.days] == ["2026-11-20", "2026-11-23"]
    assert found.length == 4


def test_follow_ups_come_on_their_days_and_use_the_days_room() -> None:
    found = plan([room(1)], {1: Load(new=45)}, follow_ups=[timedelta(days=1), timedelta(days=3)])
    assert [(one.day.day, one.new, one.follow_ups) for one in found.days] == [(23, 45, 0), (24, 0, 45), (27, 0, 45)]


def test_what_finds_no_room_before_the_end_is_said() -> None:
    found = plan([room(1)], {1: Load(new=100)}, ends=MONDAY + timedelta(days=2))
    assert (found.first_messages, found.left) == (90, 10)


@pytest.mark.parametrize(
    "line", [room(1, is_usable=False), room(1, new_a_day=0), room(1, messages_a_day=0), room(1, messages_a_minute=0)]
)
def test_a_line_that_lets_nothing_out_plans_nothing(line: LineRoom) -> None:
    found = plan([line], {1: Load(new=3)})
    assert (found.days, found.left, found.ends_on, found.length) == ([], 3, None, 0)


def test_nobody_is_planned_on_a_line_that_is_not_there() -> None:
    assert plan([room(1)], {2: Load(new=3, known=4)}).left == 7


def test_new_people_go_where_there_is_room() -> None:
    rooms = [room(1, 40), room(2, 10), room(3, 0), room(4, 40, is_usable=False), room(5, None)]
    assert spread(91, rooms) == {1: 41, 2: 10, 5: 40}
    assert spread(10, [room(3, 0)]) == {}


@given(
    people=st.integers(0, 3000),
    known=st.integers(0, 3000),
    budgets=st.lists(st.one_of(st.none(), st.integers(5, 60)), min_size=1, max_size=4),
    follow_ups=st.lists(st.integers(0, 96).map(lambda hours: timedelta(hours=hours)), max_size=3),
)
def test_everybody_is_planned_once_and_no_budget_is_overspent(
    people: int, known: int, budgets: list[int | None], follow_ups: list[timedelta]
) -> None:
    rooms = [room(number, budget) for number, budget in enumerate(budgets)]
    shares = spread(people, rooms)
    assert sum(shares.values()) == people
    loads = {line: Load(new=count, known=known) for line, count in shares.items()}
    found = plan(rooms, loads, follow_ups=follow_ups)
    assert (found.left, found.first_messages) == (0, people + known * len(loads))
    assert sum(one.follow_ups for one in found.days) == found.first_messages * len(follow_ups)
    limits = {one.line_id: one.new_a_day for one in rooms}
    for one in found.days:
        assert one.messages <= 6300
        limit = limits[one.line_id]
        assert limit is None or one.new <= limit
