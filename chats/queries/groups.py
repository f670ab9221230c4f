"""The groups page."""

from __future__ import annotations

from django.db.models import Count, Exists, OuterRef, Q

from chats.models import Chat, Operation, Participant
from chats.models.operation import OPEN
from chats.queries import access
from chats.queries.access import Person
from chats.queries.inbox import NO_CHANGES, InboxFilters, apply_filters
from chats.queries.paging import Page, Position, page_by_time

GROUPS_A_PAGE = 40


def groups_page(user: Person, filters: InboxFilters, *, after: str = "") -> Page[Chat]:
    """Groups, latest first, each with `people` (active participants, our line included) and `has_pending`."""
    rows = apply_filters(access.chats_for(user).filter(is_group=True), filters)
    page = page_by_time(
        rows.select_related("line").defer("search"), field="sort_at", after=Position.read(after), size=GROUPS_A_PAGE
    )
    ids = [chat.pk for chat in page.rows]
    # Counted for the page's own rows only, beside the keyset query, so that it can use its index.
    counts = dict(
        Chat.objects.filter(pk__in=ids)
        .annotate(people=Count("participants", filter=Q(participants__status=Participant.Status.ACTIVE)))
        .values_list("pk", "people")
    )
    pending = set(
        Chat.objects.filter(pk__in=ids)
        .filter(
            Exists(
                Operation.objects.filter(
                    chat=OuterRef("pk"),
                    message__isnull=True,
                    state__in=[*OPEN, Operation.State.ACCEPTED],
                    due_at__isnull=False,
                ).exclude(kind__in=NO_CHANGES)
            )
        )
        .values_list("pk", flat=True)
    )
    for chat in page.rows:
        chat.people = counts.get(chat.pk, 0)  # type: ignore[attr-defined]
        chat.has_pending = chat.pk in pending  # type: ignore[attr-defined]
    return page
