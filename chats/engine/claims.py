"""Claiming: taking the next due operation of a lane in one short transaction (law 3)."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from chats import clock
from chats.engine import breaker, gates, lanes, pacing, settle
from chats.models import Lane, Operation
from chats.models.operation import CHANGES, OPEN, TALK, Kind, Pace, Priority, State

log = logging.getLogger(__name__)

# The longest call takes 20 s (see `remote.TIMEOUT`); who has not answered by then is taken to be dead.
LEASE = timedelta(seconds=30)
# How long a key is trusted to be remembered by the remote, which publishes no lifetime (linq-v3, 8.2 item 7).
KEY_IS_GOOD_FOR = timedelta(hours=12)


@dataclass(frozen=True)
class Claim:
    """An operation that is ours until its lease ends, and what it was before."""

    operation: Operation
    was: State
    first_try: bool
    """True when nothing of it can have reached the remote before this claim."""
    at: datetime
    """When it was taken, which is just before it leaves."""


@dataclass(frozen=True)
class _Next:
    """The operation that a lane comes to next, and what it would spend."""

    operation: Operation
    spends: pacing.Ticket
    hold: pacing.Hold | None
    """What holds it back after all, by itself; None when it may leave."""
    is_trial: bool


def claim_next(lane_id: int, fence: int) -> Claim | None:
    """Take the lane's next due operation, people before campaigns; None when nothing may leave now.

    One whose gate is closed fails here, before anything leaves, and the next one is looked at.
    """
    while True:
        with transaction.atomic():
            lane = lanes.hold(lane_id, fence)
            if lane is None:
                log.info("Lane %s was taken over by another worker.", lane_id)
                return None
            now = clock.now()
            found = _next(lane, now, lock=True)
            if found is None:
                return None
            if found.operation.state == State.QUEUED and not _may_leave(found, now):
                lanes.keep(lane)
                continue
            return _take(found, lane, now)


def anything_due(lane_id: int) -> bool:
    """Whether the lane has something that a worker could do now. Writes and locks nothing."""
    lane = Lane.objects.select_related("line").filter(pk=lane_id).first()
    return lane is not None and _next(lane, clock.now(), lock=False) is not None


def _may_leave(found: _Next, now: datetime) -> bool:
    """Whether a queued operation passes its gates and holds; if not, it is failed or put off here."""
    operation, hold = found.operation, found.hold
    closed = gates.check(operation, now=now)
    if closed is None and hold is not None and hold.never:
        closed = gates.Closed(hold.never)
    files = gates.check_files(operation, now=now) if closed is None else None
    closed = files if isinstance(files, gates.Closed) else closed
    if closed is not None:
        settle.fail(operation, sentence=closed.sentence, code=closed.code)
        return False
    if isinstance(files, datetime):
        operation.due_at = files
        operation.save(update_fields=["due_at"])
        return False
    if hold is None:
        return True
    if hold.pace is not None:
        # It turns out to need more than its kind does: it joins those that the same budget holds.
        operation.pace = hold.pace
        operation.save(update_fields=["pace"])
    else:
        assert hold.until is not None  # noqa: S101
        operation.due_at = hold.until
        operation.save(update_fields=["due_at"])
    return False


def _next(lane: Lane, now: datetime, *, lock: bool) -> _Next | None:
    """What the lane comes to next.

    A budget that is spent holds all operations that need it, and there may be thousands: after the first
    of them the others are skipped as a range of the index.
    """
    if lane.rest_until is not None and lane.rest_until > now:
        return None
    line = lane.line
    if line is None or not line.is_paused:
        return _by_priority(lane, _due(lane.pk, now), now, lock=lock)
    # Nothing leaves by a paused line. What was sent before can be settled, as long as that sends nothing.
    asked_long_ago = Q(first_sent_at__lte=now - KEY_IS_GOOD_FOR)
    looks = Q(state=State.ACCEPTED) | Q(state=State.UNKNOWN) & (Q(pk=line.trial_id) | asked_long_ago)
    operation = _first(_due(lane.pk, now).filter(looks, pace=Pace.FREE), lock=lock)
    if operation is not None:
        return _Next(operation, pacing.Ticket(), None, is_trial=False)
    if line.trial_at is None or line.trial_at > now:
        return None
    # One may try whether the line works again: a message, because that is what it is there for.
    queued = _due(lane.pk, now).filter(state=State.QUEUED)
    for rows in (queued.filter(pace__gt=Pace.FREE), queued.filter(pace=Pace.FREE)):
        found = _by_priority(lane, rows, now, lock=lock)
        if found is not None:
            return replace(found, is_trial=True)
    return None


def _by_priority(lane: Lane, due: QuerySet[Operation], now: datetime, *, lock: bool) -> _Next | None:
    """The first of `due` that no budget holds together with its like."""
    most: dict[int, Pace] = {}
    while True:
        if most:
            ranges = [due.filter(priority=one, pace__lte=most.get(one, Pace.NEW)) for one in Priority]
            operation = next(filter(None, (_first(rows, lock=lock) for rows in ranges)), None)
        else:
            operation = _first(due, lock=lock)
        if operation is None:
            return None
        if operation.state != State.QUEUED or operation.pace == Pace.FREE or lane.line is None:
            return _Next(operation, pacing.Ticket(), None, is_trial=False)
        spends = pacing.ticket(operation)
        holds = pacing.holds(operation, spends, lane=lane, line=lane.line, now=now)
        if not holds:
            return _Next(operation, spends, None, is_trial=False)
        hold = pacing.widest(holds)
        if hold.never or hold.pace is None or hold.pace > operation.pace:
            return _Next(operation, spends, hold, is_trial=False)
        most[operation.priority] = Pace(hold.pace - 1)


def _first(rows: QuerySet[Operation], *, lock: bool) -> Operation | None:
    return (rows.select_for_update(skip_locked=True, of=("self",)) if lock else rows).first()


def _due(lane_id: int, now: datetime) -> QuerySet[Operation]:
    """What is due on a lane, in the order in which it should leave."""
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
        # In the words of the index `operation_paced`, so that the planner reads the queue in its order.
        Operation.objects.filter(lane=lane_id, due_at__lte=now)
        .filter(state__in=[State.QUEUED, State.UNKNOWN, State.ACCEPTED])
        .filter(Q(state=State.ACCEPTED) | ~waits)
        .select_related("chat", "line", "message")
        .order_by("priority", "pace", "pk")
    )


def _take(found: _Next, lane: Lane, now: datetime) -> Claim:
    operation, was = found.operation, State(found.operation.state)
    first_try = operation.first_sent_at is None
    operation.fence += 1
    if was is State.ACCEPTED:
        # Only a look at the remote: it must never turn back into something that could be sent again.
        operation.due_at = now + LEASE
        operation.lookups += 1
    else:
        if operation.pace != Pace.FREE and lane.line is not None:
            pacing.spend(operation, found.spends, lane=lane, line=lane.line, now=now)
        operation.pace = Pace.FREE
        operation.state = State.SENDING
        operation.lease_expires_at = now + LEASE
        operation.attempts += 1
        operation.first_sent_at = operation.first_sent_at or now
    if found.is_trial and lane.line is not None:
        breaker.tries(lane.line, operation, now=now)
    lanes.keep(lane)
    operation.save(
        update_fields=["fence", "due_at", "lookups", "state", "lease_expires_at", "attempts", "first_sent_at", "pace"]
    )
    return Claim(operation, was, first_try, now)
