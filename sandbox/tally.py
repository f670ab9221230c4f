"""What each line does in each hour, counted as it happens: reputation is reckoned from these, never from messages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

_ADD = """
    INSERT INTO sandbox_linehour (line_id, hour, sent, received, failed, opt_outs, reports)
    SELECT * FROM unnest(%s::uuid[], %s::timestamptz[], %s::int[], %s::int[], %s::int[], %s::int[], %s::int[])
    ON CONFLICT (line_id, hour) DO UPDATE SET
        sent = sandbox_linehour.sent + excluded.sent, received = sandbox_linehour.received + excluded.received,
        failed = sandbox_linehour.failed + excluded.failed, opt_outs = sandbox_linehour.opt_outs + excluded.opt_outs,
        reports = sandbox_linehour.reports + excluded.reports
"""


@dataclass(frozen=True)
class Of:
    """Something that a line's hour counts."""

    line_id: UUID
    at: datetime
    sent: int = 0
    received: int = 0
    failed: int = 0
    opt_outs: int = 0
    reports: int = 0


def hour_of(moment: datetime) -> datetime:
    """The hour a moment belongs to, in UTC."""
    return moment.replace(minute=0, second=0, microsecond=0)


def add(counts: Iterable[Of]) -> None:
    """Count these. Call it in the transaction in which they happen; rows are taken in one order, so none deadlock."""
    sums: dict[tuple[UUID, datetime], list[int]] = {}
    for each in counts:
        row = sums.setdefault((each.line_id, hour_of(each.at)), [0, 0, 0, 0, 0])
        for index, value in enumerate((each.sent, each.received, each.failed, each.opt_outs, each.reports)):
            row[index] += value
    if not sums:
        return
    rows = sorted(sums.items())
    columns = [[line for (line, _), _ in rows], [hour for (_, hour), _ in rows]]
    columns += [[values[index] for _, values in rows] for index in range(5)]
    with connection.cursor() as cursor:
        cursor.execute(_ADD, columns)  # type: ignore[arg-type] # psycopg takes lists
