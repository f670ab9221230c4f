"""Noticing that events may have been lost, and planning the reading that makes up for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest, Least

from chats import clock
from chats.models import Operation, Reconciliation, WebhookEvent, WebhookSubscription
from chats.models.operation import Kind, State

Cause = Reconciliation.Cause

# Events of the seconds before a gap may have been on their way into it.
MARGIN = timedelta(minutes=2)
# A send that was accepted this long ago has had its event.
SENT_IS_TOLD_WITHIN = timedelta(seconds=120)
# Older sends say nothing of how the door is now.
LOOKS_BACK = timedelta(hours=1)
# The same silence is noticed once in so long.
NOTICED_ONCE_IN = timedelta(minutes=5)
ASKED_FOR_ARE_LOST = 3
_SENDS = [Kind.SEND_MESSAGE, Kind.CREATE_CHAT]
_SAMPLE = 30


def note(cause: Cause, *, since: datetime, in_: timedelta = timedelta(0)) -> None:
    """Plan a thorough reading of what changed since a gap began. One that waits already is widened instead."""
    now = clock.now()
    since -= MARGIN
    with transaction.atomic():
        due_at = now + in_
        widened = Reconciliation.objects.filter(state=Reconciliation.State.WAITING).update(
            cause=cause,
            since=Least(F("since"), since),
            until=Greatest(F("until"), now),
            due_at=Least(F("due_at"), due_at),
        )
        if not widened:
            # Two who notice at once make one: the constraint decides.
            row = Reconciliation(cause=cause, since=since, until=now, due_at=due_at, created_at=now)
            Reconciliation.objects.bulk_create([row], ignore_conflicts=True)


def look_for_silence() -> None:
    """Notice a door that is unusually silent, from the sends whose events should have come.

    - A send was accepted, and no event at all has come in for two minutes since.
    - Several sends were only found to have left by asking for them.

    People who write while nothing of ours leaves are noticed by the regular check: it finds what they wrote.
    """
    now = clock.now()
    sends = [one for one in _latest_sends() if one.accepted_at and one.accepted_at > now - LOOKS_BACK]
    if not sends:
        return
    told_since = WebhookSubscription.objects.filter(retired_at__isnull=True).order_by("created_at").first()
    if told_since is None:
        return
    last_event = WebhookEvent.objects.order_by("-pk").values_list("received_at", flat=True).first()
    heard_at = max(told_since.created_at, last_event or told_since.created_at)
    untold = [one for one in sends if one.accepted_at and heard_at < one.accepted_at < now - SENT_IS_TOLD_WITHIN]
    if untold:
        _note_once(Cause.SILENT, since=heard_at)
        return
    asked_for = [
        one.accepted_at
        for one in sends
        if one.accepted_at
        and one.state == State.CONFIRMED
        and one.lookups
        and one.settled_at
        and one.settled_at > now - NOTICED_ONCE_IN
    ]
    if len(asked_for) >= ASKED_FOR_ARE_LOST:
        _note_once(Cause.LOST, since=min(asked_for))


def _latest_sends() -> Sequence[Operation]:
    """The sends that were accepted last, about: read by their state's index, never by time."""
    rows: list[Operation] = []
    for state in (State.ACCEPTED, State.CONFIRMED):
        latest = Operation.objects.filter(state=state).order_by("-id")
        rows += latest.only("id", "kind", "state", "accepted_at", "settled_at", "lookups")[:_SAMPLE]
    return [one for one in rows if one.kind in _SENDS]


def _note_once(cause: Cause, *, since: datetime) -> None:
    noticed = Reconciliation.objects.order_by("-pk")[:20]
    if not any(one.cause == cause and one.created_at > clock.now() - NOTICED_ONCE_IN for one in noticed):
        note(cause, since=since)
