"""How PostgreSQL plans for the threads that take many small batches: the intake, the courier, the happenings."""

from __future__ import annotations

from django.db import connection

_SETTINGS = (
    "enable_hashjoin = off",
    "enable_mergejoin = off",
    "enable_seqscan = off",
    "plan_cache_mode = force_generic_plan",
)


def for_few_rows() -> None:
    """Let this thread's connection, where it is new, plan each statement once and by indexes.

    PostgreSQL cannot know how few rows are meant, and planning them each time cost more than running them.
    """
    if connection.connection is None:
        with connection.cursor() as cursor:
            for setting in _SETTINGS:
                cursor.execute(f"SET {setting}")
