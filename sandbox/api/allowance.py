"""How much the account may send at all: a day, and a minute, where it has such allowances (linq-v3, 2.3)."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from django.conf import settings

from sandbox import clock, limits
from sandbox.models import Message

MINUTE = timedelta(seconds=60)


def check() -> None:
    """Raise `ApiError` (1007) when the account has sent what it may. Costs nothing where there is no allowance."""
    if settings.DAILY_LIMIT:
        _check_day(clock.now())
    if settings.MINUTE_LIMIT:
        _check_minute(clock.now())


def _check_day(now: datetime) -> None:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if Message.objects.filter(accepted=True, created_at__gte=midnight).count() >= settings.DAILY_LIMIT:
        raise limits.too_soon(math.ceil((midnight + timedelta(days=1) - now).total_seconds()))


def _check_minute(now: datetime) -> None:
    """Assumption (8.2 8): how many is not published, and the minute is the last 60 seconds."""
    latest = Message.objects.filter(accepted=True, created_at__gt=now - MINUTE).order_by("-created_at")
    last_allowed = latest.values_list("created_at", flat=True)[settings.MINUTE_LIMIT - 1 : settings.MINUTE_LIMIT]
    for moment in last_allowed:
        raise limits.too_soon(math.ceil((moment + MINUTE - now).total_seconds()))
