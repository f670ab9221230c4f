"""Where somebody is, as far as their number tells: the time zones they may be in, and the country."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers import timezone as number_zones

# A number that may be in zones further apart than this says nothing of the hour where its owner is. Five
# hours hold the mainland of the United States, Australia and Brazil, but no toll-free number.
MOST_APART_HOURS: Final = 5
# Both halves of a year, because zones that agree in winter may differ in summer.
_PROBES: Final = (datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 7, 15, tzinfo=UTC))


@dataclass(frozen=True)
class Place:
    """The time zones in which a person may be, all of which count, and their country ("" when unknown)."""

    zones: tuple[str, ...]
    country: str = ""


class UnknownZone(ValueError):
    """A name that is no time zone. `str()` is one sentence for a person."""


def zone(name: str) -> ZoneInfo:
    """The time zone of that name. Raises `UnknownZone`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnknownZone(f"“{name[:64]}” is not a time zone. Write it like Europe/Paris.") from None


@lru_cache(maxsize=50_000)
def place_of(handle: str, *, time_zone: str = "", otherwise: str) -> Place:
    """Where the owner of a handle may be.

    `time_zone` is what the team knows of the person and wins. Else a phone number tells its zones, unless
    these are too far apart to mean anything; an e-mail address tells nothing. Then `otherwise`, the
    campaign's own zone, is taken.
    """
    country = ""
    zones: tuple[str, ...] = ()
    if handle.startswith("+"):
        try:
            number = phonenumbers.parse(handle)
        except phonenumbers.NumberParseException:
            return Place((time_zone or otherwise,))
        country = phonenumbers.region_code_for_number(number) or ""
        zones = _meaningful(number_zones.time_zones_for_number(number))
    if time_zone:
        return Place((time_zone,), country)
    return Place(zones or (otherwise,), country)


def _meaningful(names: tuple[str, ...]) -> tuple[str, ...]:
    """The zones, one for each clock that differs, or none when they are too far apart."""
    clocks: dict[tuple[float, ...], str] = {}
    for name in names:
        try:
            place = ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            # The library's word for "unknown" is Etc/Unknown, which is no zone.
            return ()
        offsets = [probe.astimezone(place).utcoffset() for probe in _PROBES]
        clocks.setdefault(tuple(one.total_seconds() / 3600 for one in offsets if one is not None), name)
    for column in zip(*clocks, strict=True):
        if max(column) - min(column) > MOST_APART_HOURS:
            return ()
    return tuple(sorted(clocks.values()))
