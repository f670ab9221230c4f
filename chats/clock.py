"""The one clock: everything here that decides by time asks `now()`, never the system.

In production it is the system's time. Keeping it in one place is what lets tests freeze it and a
rehearsal drive it in step with the sandbox's.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django.utils import timezone

FAR_AWAY = datetime(9999, 1, 1, tzinfo=UTC)
"""When what waits for somebody's decision, and for no hour, is due."""


def now() -> datetime:
    """The current moment, aware, in UTC."""
    return timezone.now()
