"""What is worth something for seconds only: its rows are forgotten soon after."""

from __future__ import annotations

from datetime import timedelta

from chats import clock
from chats.models import Operation
from chats.models.operation import BEST_EFFORT, OPEN

KEPT_FOR = timedelta(minutes=10)
FORGOTTEN_AT_ONCE = 500


def forget_old() -> None:
    """Delete typing that is settled and over, so many at once."""
    rows = Operation.objects.filter(kind__in=BEST_EFFORT, created_at__lt=clock.now() - KEPT_FOR).exclude(state__in=OPEN)
    old = list(rows.order_by("created_at").values_list("pk", flat=True)[:FORGOTTEN_AT_ONCE])
    if old:
        Operation.objects.filter(pk__in=old).exclude(state__in=OPEN).delete()
