"""What may be done only so often, by the world's clock (linq-v3, 2.3).

Only what was carried out counts: a refused request gives its use back with its transaction.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection

from sandbox import clock
from sandbox.api.errors import ApiError
from sandbox.models import Use


@dataclass(frozen=True)
class Limit:
    """At most `most` uses of one subject in any `seconds` seconds."""

    kind: str
    most: int
    seconds: int


CAPABILITY = Limit("capability", 1, 10)
CARD_SHARE = Limit("card share", 1, 5 * 60)
CARD_CHANGE = Limit("card change", 3, 10 * 60)
# Assumption (8.2 8): the limit is not published.
LOCATION_REQUEST = Limit("location request", 1, 60)


def spend(limit: Limit, subject: str) -> None:
    """Count a use, or raise `ApiError` (1007). Call it in the transaction of what it counts."""
    now = clock.now()
    pause = timedelta(seconds=limit.seconds)
    with connection.cursor() as cursor:  # of two at once the second one sees the first
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s::text, 0))", [f"{limit.kind}:{subject}"])
    uses = Use.objects.filter(kind=limit.kind, subject=subject)
    uses.filter(at__lte=now - pause).delete()
    counting = list(uses.order_by("-at").values_list("at", flat=True)[: limit.most])
    if len(counting) == limit.most:
        raise too_soon(math.ceil((counting[-1] + pause - now).total_seconds()))
    Use.objects.create(kind=limit.kind, subject=subject, at=now)


def too_soon(seconds: int) -> ApiError:
    """The answer to what comes too soon."""
    wait = max(1, seconds)
    return ApiError(1007, f"Rate limited. Try again in {wait} seconds.", retry_after=wait)
