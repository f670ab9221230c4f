"""Reputation audits: started by the API, finished by the world's clock (linq-v3, 1.8)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.db import connection

from sandbox import alarms, audit_report, clock, happenings, limits
from sandbox.happenings import Payload, handles, happening
from sandbox.models import Audit, Line

RUNS_SECONDS = 5.0
# Assumption (8.2 8): how long the next audit of a line has to wait after one is finished.
COOLDOWN = timedelta(minutes=10)
READABLE = timedelta(hours=24)


def start(line: Line) -> Audit:
    """A new audit of a line, or the one that is running. Call it in a transaction.

    Raises `ApiError` (1007) while the line cools down from the last one.
    """
    now = clock.now()
    with connection.cursor() as cursor:  # of two starts at once the second one finds the first's audit
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s::text, 0))", [f"audit:{line.id}"])
    last = Audit.objects.filter(line=line).order_by("-started_at").first()
    if last is not None and last.generated_at is None:
        return last
    if last is not None and last.generated_at is not None and last.generated_at + COOLDOWN > now:
        raise limits.too_soon(math.ceil((last.generated_at + COOLDOWN - now).total_seconds()))
    audit = Audit.objects.create(line=line, started_at=now)
    happenings.plan([happening("audit.finish", alarms.later(now, RUNS_SECONDS), audit=str(audit.id))])
    return audit


def find(line: Line, audit_id: UUID) -> Audit | None:
    """An audit of this line, as long as it can be read."""
    row = Audit.objects.filter(id=audit_id, line=line).first()
    if row is None or row.started_at + READABLE <= clock.now():
        return None
    return row


@handles("audit.finish")
def _finish(payloads: Sequence[Payload]) -> None:
    now = clock.now()
    for payload in payloads:
        for audit in Audit.objects.select_related("line").filter(id=UUID(payload["audit"]), generated_at=None):
            audit.report = audit_report.write(audit.line, now)
            audit.generated_at = now
            audit.save(update_fields=["report", "generated_at"])
