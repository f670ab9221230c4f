"""Claiming: taking the next due operation of a lane in one short transaction (law 3)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from chats import clock
from chats.engine import gates, lanes, settle
from chats.models import Operation
from chats.models.operation import OPEN, Kind, State

log = logging.getLogger(__name__)

# The longest call takes 20 s (see `remote.TIMEOUT`); who has not answered by then is taken to be dead.
LEASE = timedelta(seconds=30)
TALK = [Kind.SEND_MESSAGE, Kind.CREATE_CHAT]
CHANGES = [
    Kind.RENAME_GROUP,
    Kind.SET_GROUP_ICON,
    Kind.ADD_PARTICIPANT,
    Kind.REMOVE_PARTICIPANT,
    Kind.LEAVE_GROUP,
]


@dataclass(frozen=True)
class Claim:
    """An operation that is ours until its lease ends, and what it was before."""

    operation: Operation
    was: State
    first_try: bool
    """True when nothing of it can have reached the remote before this claim."""
    at: datetime
    """When it was taken, which is just before it leaves."""


def claim_next(lane_id: int, fence: int) -> Claim | None:
    """Take the lane's next due operation, people before campaigns; None when nothing is due.

    One whose gate is closed fails here, before anything leaves, and the next one is looked at.
    """
    while True:
        with transaction.atomic():
            if not lanes.hold(lane_id, fence):
                log.info("Lane %s was taken over by another worker.", lane_id)
                return None
            now = clock.now()
            operation = _due(lane_id, now).select_for_update(skip_locked=True, of=("self",)).first()
            if operation is None:
                return None
            was = State(operation.state)
            if was is State.QUEUED:
                closed = gates.check(operation, now=now)
                if closed is not None:
                    settle.fail(operation, sentence=closed.sentence, code=closed.code)
                    continue
            return _take(operation, was, now)


def anything_due(lane_id: int) -> bool:
    """Whether the lane has something that could leave now."""
    return _due(lane_id, clock.now()).exists()


def _due(lane_id: int, now: datetime) -> QuerySet[Operation]:
    """What may leave a lane now, in the order in which it should."""
    before = Operation.objects.filter(chat=OuterRef("chat"), state__in=OPEN, pk__lt=OuterRef("pk"))
    earlier = before.filter(priority__lte=OuterRef("priority"))
    # What is said in a chat leaves in the order it was said, also when one of it has to be tried again;
    # changes of a group likewise. Neither waits for the other, but all wait for the chat to exist,
    # whoever asked for it.
    waits = (
        Q(kind__in=TALK) & Exists(earlier.filter(kind__in=TALK))
        | Q(kind__in=CHANGES) & Exists(earlier.filter(kind__in=CHANGES))
        | Exists(before.filter(kind=Kind.CREATE_CHAT))
    )
    return (
        Operation.objects.filter(lane=lane_id, due_at__lte=now)
        .filter(Q(state=State.ACCEPTED) | Q(state__in=[State.QUEUED, State.UNKNOWN]) & ~waits)
        .select_related("chat", "line", "message")
        .exclude(lane__rest_until__gt=now)
        .order_by("priority", "pk")
    )


def _take(operation: Operation, was: State, now: datetime) -> Claim:
    first_try = operation.first_sent_at is None
    operation.fence += 1
    if was is State.ACCEPTED:
        # Only a look at the remote: it must never turn back into something that could be sent again.
        operation.due_at = now + LEASE
        operation.lookups += 1
    else:
        operation.state = State.SENDING
        operation.lease_expires_at = now + LEASE
        operation.attempts += 1
        operation.first_sent_at = operation.first_sent_at or now
    operation.save(
        update_fields=["fence", "due_at", "lookups", "state", "lease_expires_at", "attempts", "first_sent_at"]
    )
    return Claim(operation, was, first_try, now)
