"""When people are awake: their time zone, from the area of their number or drawn, and the hours they keep in it."""

from __future__ import annotations

import functools
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import timezone

from sandbox import chance

# for handles that name no area: e-mail addresses, and numbers of no area that is known
ZONES = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Phoenix")
AREA_DIGITS = 5  # "+1212": enough to tell the zone of a North American number


def zone_of(handle: str, seed: int) -> str:
    """The name of a person's time zone."""
    if handle.startswith("+"):
        found = _zones_of_area(handle[:AREA_DIGITS], handle)
        if found:
            return found[0]
    return chance.one_of(ZONES, seed, "zone", handle)


def _zones_of_area(area: str, number: str) -> tuple[str, ...]:
    return _by_area(area) if number.startswith("+1") else _zones(number)


@functools.cache
def _by_area(area: str) -> tuple[str, ...]:
    return _zones(f"{area}5550100")


def _zones(number: str) -> tuple[str, ...]:
    try:
        names = timezone.time_zones_for_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return ()
    return tuple(name for name in names if name != timezone.UNKNOWN_TIMEZONE)


def awake_at(moment: datetime, zone: str, wakes: float, sleeps: float) -> datetime:
    """The moment itself if they are awake then, else the next time they wake up. Hours are of the day, local.

    What would have been done at night is done in the first hours of the day, in the order of the night.
    """
    if not zone:
        return moment
    local = moment.astimezone(ZoneInfo(zone))
    hour = local.hour + local.minute / 60 + local.second / 3600
    if wakes <= hour < sleeps:
        return moment
    # How far into the night it is decides how far into the morning it waits.
    night = 24 - sleeps + wakes
    into = (hour - sleeps) % 24
    day = local.date() + timedelta(days=1 if hour >= sleeps else 0)
    waking = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)) + timedelta(hours=wakes + into / night)
    return waking.astimezone(moment.tzinfo)
