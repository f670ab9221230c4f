"""Home: a few true numbers about the lines of a person, none of which reads much."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, QuerySet, Sum

from chats import clock
from chats.models import Line, SyncRun, WebhookEvent
from chats.models.operation import BEST_EFFORT, State
from chats.queries import access
from chats.queries.access import Person
from chats.queries.lines import MOST_COUNTED

LATELY = timedelta(hours=24)


@dataclass(frozen=True)
class Numbers:
    """What home shows. Those counted up to `MOST_COUNTED` hold one more for any number above it."""

    unread_messages: int
    unread_chats: int
    active_chats: int
    """Chats in which something happened in the last 24 hours; counted up to `MOST_COUNTED`."""
    waiting: int
    """Operations in the queue; counted up to `MOST_COUNTED`."""
    failed: int
    """Operations that failed in the last 24 hours; counted up to `MOST_COUNTED`."""
    parked: int
    """Webhook events that failed too often and wait for somebody; counted up to `MOST_COUNTED`."""


def numbers(user: Person) -> Numbers:
    """Five queries, each on an index and each bounded."""
    since = clock.now() - LATELY
    chats = access.chats_for(user)
    unread = chats.filter(unread_count__gt=0).aggregate(messages=Sum("unread_count"), chats=Count("pk"))
    operations = access.operations_for(user).exclude(kind__in=BEST_EFFORT)
    return Numbers(
        unread_messages=unread["messages"] or 0,
        unread_chats=unread["chats"],
        active_chats=_up_to(chats.filter(sort_at__gte=since)),
        waiting=_up_to(operations.filter(state=State.QUEUED)),
        failed=_up_to(operations.filter(state=State.FAILED, settled_at__gte=since)),
        parked=_up_to(access.events_for(user).filter(state=WebhookEvent.State.PARKED)),
    )


def lines(user: Person) -> list[Line]:
    """The lines of a person, each with its lane."""
    return list(access.lines_for(user).select_related("lane").order_by("label", "phone_number"))


def latest_sync() -> SyncRun | None:
    return SyncRun.objects.order_by("-pk").first()


def _up_to(rows: QuerySet) -> int:  # type: ignore[type-arg]
    """How many, reading no more than `MOST_COUNTED` + 1 of them."""
    return rows.order_by()[: MOST_COUNTED + 1].count()
