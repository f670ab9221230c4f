"""The forecast: how many will leave on which day by which line, until the end.

It counts in days of the campaign's own zone and by the very budgets that hold the messages back later (see
`chats.engine.pacing`). Follow-ups are counted as if nobody replied, so a campaign ends on the day it says
or before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from math import ceil
from typing import Final
from zoneinfo import ZoneInfo

from chats.campaigns.places import Place
from chats.campaigns.windows import Window, closes_at, is_open, next_open

# After so many days nobody waits for the end of a campaign.
MOST_DAYS: Final = 730
# Automatic messages wait up to half a gap longer by chance, a quarter in the mean.
MEAN_JITTER: Final = 1.25
MINUTE: Final = 60.0


@dataclass(frozen=True)
class LineRoom:
    """What a line has room for in automatic messages. None: not limited."""

    line_id: int
    new_a_day: int | None
    messages_a_day: int | None
    messages_a_minute: int | None
    gap_seconds: float
    new_today: int = 0
    """New conversations that it began in the last 24 hours."""
    sent_today: int = 0
    """Messages that left by it in the last 24 hours."""
    is_usable: bool = True
    """False: paused, flagged or of critical reputation, so nothing automatic leaves by it."""


@dataclass(frozen=True)
class Load:
    """What a line is to send: first messages to people it knows and to new ones."""

    known: int = 0
    new: int = 0


@dataclass(frozen=True)
class Day:
    """What leaves by one line on one day, at most."""

    day: date
    line_id: int
    new: int
    known: int
    follow_ups: int

    @property
    def messages(self) -> int:
        return self.new + self.known + self.follow_ups


@dataclass(frozen=True)
class Forecast:
    """The plan of a campaign, day by day."""

    days: list[Day] = field(default_factory=list)
    left: int = 0
    """First messages that find no room before the campaign's end, or ever."""

    @property
    def ends_on(self) -> date | None:
        """The last day on which something leaves; None when nothing does."""
        return max((one.day for one in self.days), default=None)

    @property
    def first_messages(self) -> int:
        return sum(one.new + one.known for one in self.days)

    @property
    def length(self) -> int:
        """How many days it takes from the first message to the last, both counted."""
        if not self.days:
            return 0
        return (max(one.day for one in self.days) - min(one.day for one in self.days)).days + 1


def spread(people: int, rooms: Sequence[LineRoom]) -> dict[int, int]:
    """How many new people each line gets: in proportion to the new conversations that it may begin a day.

    Lines without a limit share equally with the largest. All are given to somebody as long as one line may
    begin any conversations; the remainder goes to the lines with most room.
    """
    usable = [one for one in rooms if one.is_usable and one.new_a_day != 0]
    if not usable:
        return {}
    most = max((one.new_a_day for one in usable if one.new_a_day is not None), default=1)
    weights = {one.line_id: one.new_a_day if one.new_a_day is not None else most for one in usable}
    total = sum(weights.values())
    shares = {line_id: people * weight // total for line_id, weight in weights.items()}
    by_rest = sorted(weights, key=lambda line_id: (-(people * weights[line_id] % total), line_id))
    for line_id in by_rest[: people - sum(shares.values())]:
        shares[line_id] += 1
    return shares


def forecast(
    rooms: Sequence[LineRoom],
    loads: Mapping[int, Load],
    *,
    window: Window,
    zone: str,
    starts: datetime,
    ends: datetime | None = None,
    follow_ups: Sequence[timedelta] = (),
    country: str = "",
) -> Forecast:
    """Plan the days of a campaign.

    `loads` says by line id what is to be sent first; each of these is followed by the `follow_ups`, each
    that long after the message before it. Nothing leaves outside `window` in `zone`, before `starts` or
    after `ends`.
    """
    place = Place((zone,), country)
    days: list[Day] = []
    left = 0
    opening = _Openings(window, place, starts, ends)
    for room in rooms:
        load = loads.get(room.line_id, Load())
        planned, over = _plan_line(room, load, opening, follow_ups)
        days += planned
        left += over
    known_lines = {one.line_id for one in rooms}
    left += sum(load.known + load.new for line_id, load in loads.items() if line_id not in known_lines)
    return Forecast(sorted(days, key=lambda one: (one.day, one.line_id)), left)


def with_more_lines(rooms: Sequence[LineRoom], more: int) -> list[LineRoom]:
    """The rooms and `more` fresh lines like the roomiest of them, to see what these would change."""
    usable = [one for one in rooms if one.is_usable]
    if not usable:
        return list(rooms)
    like = max(usable, key=lambda one: float("inf") if one.new_a_day is None else one.new_a_day)
    return [*rooms, *(replace(like, line_id=-number, new_today=0, sent_today=0) for number in range(1, more + 1))]


def lines_needed(days: int, plan: Callable[[int], Forecast], *, most: int = 100) -> int | None:
    """The least number of further lines with which `plan(more)` takes at most `days`; None when `most` do not."""
    if plan(most).length > days or plan(most).left:
        return None
    low, high = 0, most
    while low < high:
        middle = (low + high) // 2
        if plan(middle).length <= days and not plan(middle).left:
            high = middle
        else:
            low = middle + 1
    return low


class _Openings:
    """For how many seconds the window is open on each day, looked up once for all lines."""

    def __init__(self, window: Window, place: Place, starts: datetime, ends: datetime | None) -> None:
        self._window, self._place, self._starts, self._ends = window, place, starts, ends
        self._zone = ZoneInfo(place.zones[0])
        self._seconds: dict[date, float] = {}
        self.first = starts.astimezone(self._zone).date()
        self.last = ends.astimezone(self._zone).date() if ends is not None else None

    def seconds(self, day: date) -> float:
        if day not in self._seconds:
            self._seconds[day] = self._count(day)
        return self._seconds[day]

    def _count(self, day: date) -> float:
        begins = max(datetime.combine(day, time(0), tzinfo=self._zone), self._starts)
        over = datetime.combine(day + timedelta(days=1), time(0), tzinfo=self._zone)
        over = over if self._ends is None else min(over, self._ends)
        total, moment = 0.0, begins
        while moment < over:
            opens = moment if is_open(self._window, self._place, moment) else self._next(moment)
            if opens is None or opens >= over:
                break
            closes = min(closes_at(self._window, self._place, opens), over)
            total += (closes - opens).total_seconds()
            moment = closes
        return total

    def _next(self, moment: datetime) -> datetime | None:
        return next_open(self._window, self._place, moment)


def _plan_line(
    room: LineRoom, load: Load, opening: _Openings, follow_ups: Sequence[timedelta]
) -> tuple[list[Day], int]:
    """The days of one line, and how many first messages find no room."""
    if not room.is_usable:
        return [], load.known + load.new
    known, new = load.known, load.new
    due: dict[date, list[int]] = defaultdict(lambda: [0] * len(follow_ups))
    days: list[Day] = []
    day = opening.first
    closed = 0
    while (known or new or due) and (day - opening.first).days < MOST_DAYS:
        if opening.last is not None and day > opening.last:
            break
        seconds = opening.seconds(day)
        is_first = day == opening.first
        free = _messages(room, seconds, room.sent_today if is_first else 0)
        waiting = [0] * len(follow_ups)
        for past in [one for one in due if one <= day]:
            waiting = [a + b for a, b in zip(waiting, due.pop(past), strict=True)]
        sent_again = 0
        for step, count in enumerate(waiting):
            going = min(count, free)
            free -= going
            sent_again += going
            if count > going:
                due[day + timedelta(days=1)][step] += count - going
            if going and step + 1 < len(follow_ups):
                due[_after(day, follow_ups[step + 1])][step + 1] += going
        to_known = min(known, free)
        free -= to_known
        to_new = min(new, free, _new(room, seconds, room.new_today if is_first else 0))
        known, new = known - to_known, new - to_new
        if follow_ups and to_known + to_new:
            due[_after(day, follow_ups[0])][0] += to_known + to_new
        if to_known or to_new or sent_again:
            days.append(Day(day, room.line_id, to_new, to_known, sent_again))
            closed = 0
        else:
            closed += 1
        if closed > 400 and not due:
            # Nothing has found room for more than a year: the window, or a budget, never lets it.
            break
        day += timedelta(days=1)
    return days, known + new


def _after(day: date, wait: timedelta) -> date:
    """The day on which a follow-up falls due; the same day's messages are spread over it, so hours round up."""
    return day + timedelta(days=max(1, ceil(wait / timedelta(days=1))))


def _messages(room: LineRoom, seconds: float, already: int) -> int:
    """How many automatic messages the line has room for in so many open seconds."""
    limits = []
    if room.messages_a_day is not None:
        limits.append(room.messages_a_day - already)
    if room.messages_a_minute is not None:
        limits.append(int(seconds / MINUTE * room.messages_a_minute))
    if room.gap_seconds:
        limits.append(int(seconds / (room.gap_seconds * MEAN_JITTER)))
    if seconds <= 0:
        return 0
    return max(0, min(limits)) if limits else 10**9


def _new(room: LineRoom, seconds: float, already: int) -> int:
    if seconds <= 0:
        return 0
    return 10**9 if room.new_a_day is None else max(0, room.new_a_day - already)
