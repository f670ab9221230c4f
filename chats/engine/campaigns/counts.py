"""How many recipients stand where: written beside every change, read without counting anybody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from django.db import transaction
from django.db.models import F, Sum

from chats.models import Recipient, RecipientCount

# So many new rows of one campaign are summed up at once.
SUMMED_AT_ONCE = 20_000


class Place(NamedTuple):
    """Where a recipient is counted."""

    campaign_id: int
    line_id: int | None
    step: int
    variant: int
    state: str


def move(moves: Iterable[tuple[Place, Place]]) -> None:
    """Count every recipient of `moves` out of its first place and into its second, in the caller's transaction."""
    deltas: Counter[Place] = Counter()
    for before, after in moves:
        deltas[before] -= 1
        deltas[after] += 1
    rows = [RecipientCount(**place._asdict(), delta=delta) for place, delta in sorted(deltas.items(), key=str) if delta]
    RecipientCount.objects.bulk_create(rows)


def place(row: Recipient, *, variant: int = 0) -> Place:
    """Where a recipient is counted as it now stands."""
    return Place(row.campaign_id, row.line_id, row.step, variant, row.state)


def sum_up(campaign_id: int) -> int:
    """Put the rows added since the last time together; returns how many there were. Safe beside itself."""
    with transaction.atomic():
        rows = RecipientCount.objects.filter(campaign=campaign_id)
        fresh = list(rows.filter(is_summed=False).select_for_update(skip_locked=True).order_by("pk")[:SUMMED_AT_ONCE])
        totals: Counter[Place] = Counter()
        for row in fresh:
            totals[Place(row.campaign_id, row.line_id, row.step, row.variant, row.state)] += row.delta
        RecipientCount.objects.filter(pk__in=[row.pk for row in fresh]).delete()
        # In one order, so that two who sum up never wait for each other in turn.
        for one, delta in sorted(totals.items(), key=str):
            first = rows.filter(is_summed=True, **one._asdict()).order_by("pk").values("pk")[:1]
            if not RecipientCount.objects.filter(pk__in=first).update(delta=F("delta") + delta):
                RecipientCount.objects.create(**one._asdict(), delta=delta, is_summed=True)
    return len(fresh)


def by_state(campaign_id: int) -> dict[str, int]:
    """How many recipients of a campaign are in each state; states with nobody are left out."""
    rows = RecipientCount.objects.filter(campaign=campaign_id).values_list("state").annotate(n=Sum("delta"))
    return {state: n for state, n in rows.order_by("state") if n}
