"""Finding the operation that an event confirms."""

from __future__ import annotations

from django.db.models import QuerySet

from chats.engine import settle
from chats.models import Operation
from chats.models.operation import State

# An event may come while the answer to our own call is still on its way.
MAY_BE_CONFIRMED = [State.QUEUED, State.SENDING, State.UNKNOWN, State.ACCEPTED, State.FAILED]


def oldest(wanted: QuerySet[Operation]) -> None:
    """Confirm the oldest of these operations that can be what the remote has carried out."""
    rows = wanted.select_for_update(of=("self",)).filter(state__in=MAY_BE_CONFIRMED)
    # One that never left cannot be what the remote has carried out.
    operation = rows.filter(first_sent_at__isnull=False).order_by("pk").exclude(state=State.FAILED).first()
    if operation is None:
        operation = rows.filter(state=State.FAILED, accepted_at__isnull=False).order_by("-pk").first()
    if operation is not None:
        settle.confirm(operation)
