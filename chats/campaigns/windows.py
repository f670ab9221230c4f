"""Windows: the days and hours in which a campaign may write to somebody, by the clock on their own wall.

Daylight saving needs no rule of its own: what counts is what the clock shows. An hour that a spring night
leaves out is never open, and one that an autumn night repeats is open both times.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import holidays

from chats.campaigns.places import Place

EVERY_DAY: Final = frozenset(range(1, 8))
WORKING_DAYS: Final = frozenset(range(1, 6))
# Further ahead than this nobody waits, and every rule of days and holidays has come round once.
HORIZON: Final = timedelta(days=400)
_STEP: Final = timedelta(minutes=1)


class ImpossibleWindow(ValueError):
    """A window that no clock is ever in. `str()` is one sentence for a person."""


@dataclass(frozen=True)
class Window:
    """From `opens` up to, not including, `closes` on the given ISO weekdays (1 is Monday).

    Raises `ImpossibleWindow` when no moment can lie in it.
    """

    opens: time = time(9)
    closes: time = time(20)
    days: frozenset[int] = EVERY_DAY
    keeps_holidays: bool = True
    """True: closed on the public holidays of the person's country."""

    def __post_init__(self) -> None:
        if not self.days:
            raise ImpossibleWindow("Choose at least one day of the week.")
        if not self.days <= EVERY_DAY:
            raise ImpossibleWindow("Days are numbered from 1, Monday, to 7, Sunday.")
        if self.opens >= self.closes:
            raise ImpossibleWindow("The window must close later than it opens, on the same day.")


def is_open(window: Window, place: Place, at: datetime) -> bool:
    """Whether the window is open at that moment wherever the person may be."""
    return all(_is_open(window, place.country, at.astimezone(ZoneInfo(name))) for name in place.zones)


def next_open(window: Window, place: Place, after: datetime) -> datetime | None:
    """The first moment not before `after`, in UTC, at which the window is open; None when there is none in sight.

    Of somebody who may be in several zones it is the first moment that suits all of them.
    """
    moment = after.astimezone(UTC)
    limit = moment + HORIZON
    while moment <= limit:
        latest = moment
        for name in place.zones:
            opens = _next_open(window, place.country, ZoneInfo(name), moment, limit)
            if opens is None:
                return None
            latest = max(latest, opens)
        if latest == moment:
            return moment
        moment = latest
    return None


def closes_at(window: Window, place: Place, at: datetime) -> datetime:
    """When the window that is open at `at` closes for the first of the zones, in UTC."""
    return min(_closes(window, ZoneInfo(name), at) for name in place.zones)


@lru_cache(maxsize=2_000)
def holidays_of(country: str, year: int) -> frozenset[date]:
    """The public holidays of a country, by its two letters; none where they are not known."""
    if not country:
        return frozenset()
    try:
        return frozenset(holidays.country_holidays(country, years=year))
    except NotImplementedError:
        return frozenset()


def _is_open(window: Window, country: str, local: datetime) -> bool:
    return _is_day(window, country, local.date()) and window.opens <= local.time() < window.closes


def _is_day(window: Window, country: str, day: date) -> bool:
    if day.isoweekday() not in window.days:
        return False
    return not window.keeps_holidays or day not in holidays_of(country, day.year)


def _next_open(window: Window, country: str, zone: ZoneInfo, after: datetime, limit: datetime) -> datetime | None:
    local = after.astimezone(zone)
    if _is_open(window, country, local):
        return after
    day = local.date()
    while True:
        if _is_day(window, country, day):
            found = _opening(window, zone, day, after)
            if found is not None:
                return found
        day += timedelta(days=1)
        if datetime.combine(day, time(0), tzinfo=zone).astimezone(UTC) > limit:
            return None


def _opening(window: Window, zone: ZoneInfo, day: date, after: datetime) -> datetime | None:
    """The first moment of the day's window that is not before `after`."""
    for fold in (0, 1):
        wall = datetime.combine(day, window.opens, tzinfo=zone).replace(fold=fold)
        moment = wall.astimezone(UTC)
        shown = moment.astimezone(zone)
        if shown.replace(tzinfo=None) != wall.replace(tzinfo=None):
            # The clock jumps over the opening: it opens with the first minute that the clock does show.
            moment = _after_the_jump(window, zone, day, moment)
            shown = moment.astimezone(zone)
        if moment >= after and shown.date() == day and window.opens <= shown.time() < window.closes:
            return moment
    return None


def _after_the_jump(window: Window, zone: ZoneInfo, day: date, near: datetime) -> datetime:
    moment = near - timedelta(hours=3)
    while True:
        shown = moment.astimezone(zone)
        if shown.date() > day or shown.date() == day and shown.time() >= window.opens:
            return moment
        moment += _STEP


def _closes(window: Window, zone: ZoneInfo, at: datetime) -> datetime:
    """The first moment after `at` whose clock shows the closing time, or has jumped over it."""
    local = at.astimezone(zone)
    wall = datetime.combine(local.date(), window.closes, tzinfo=zone)
    moments = [wall.replace(fold=fold).astimezone(UTC) for fold in (0, 1)]
    later = [one for one in moments if one > at]
    moment = min(later) if later else max(moments)
    if moment.astimezone(zone).replace(tzinfo=None) != wall.replace(tzinfo=None):
        moment = _after_the_jump(Window(window.closes, time.max, window.days, False), zone, local.date(), moment)
    return moment
