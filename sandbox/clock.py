"""The sandbox's time. Everything that decides by time asks here, never the system."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The time in the sandbox's world, in UTC."""
    return datetime.now(UTC)


def seconds_until(moment: datetime) -> float:
    """Real seconds from now until the world reaches `moment`; 0 when it has passed."""
    return max(0.0, (moment - now()).total_seconds())
