"""Carrying out the retention: small batches, each in a transaction of its own, found by an index.

What is open or pending is never touched: a message whose operation may still act, an event that waits or is parked.
"""

from __future__ import annotations

import time
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from chats import clock
from chats.models import Chat, Message, Operation, Retention, WebhookEvent
from chats.models.operation import OPEN, Kind, State

BATCH = 500


def apply(*, seconds: float) -> int:
    """Delete what is too old, for about `seconds`. Returns how many rows were touched. Safe to run twice at once."""
    stop_at = time.monotonic() + seconds
    setting = Retention.current()
    touched = 0
    for batch in (_clear_messages, _delete_events):
        while time.monotonic() < stop_at:
            done = batch(setting)
            if not done:
                break
            touched += done
    return touched


def _clear_messages(setting: Retention) -> int:
    """Delete what a batch of messages says. Their rows stay: when, between whom, and what became of them."""
    if setting.message_days is None:
        return 0
    before = clock.now() - timedelta(days=setting.message_days)
    acting = Operation.objects.filter(message=OuterRef("pk"), state__in=[*OPEN, State.ACCEPTED])
    acting = acting.exclude(state=State.ACCEPTED, due_at__isnull=True)
    old = Message.objects.filter(~Exists(acting), cleared_at__isnull=True, happened_at__lt=before)
    old = old.exclude(delivery_status__in=[Message.Status.PENDING, Message.Status.QUEUED])
    found = dict(old.order_by("happened_at").values_list("pk", "chat")[:BATCH])
    with transaction.atomic():
        # Chats before messages, as everywhere. One that is being written to is left to the next batch.
        chats = Chat.objects.select_for_update(skip_locked=True, no_key=True).filter(pk__in=set(found.values()))
        locked = list(chats.order_by("pk").values_list("pk", flat=True))
        cleared = old.filter(pk__in=found, chat__in=locked).update(
            parts=[], text="", effect=None, cleared_at=clock.now()
        )
        # An edit holds the words it put there.
        Operation.objects.filter(kind=Kind.EDIT_MESSAGE, about__in=found, about__cleared_at__isnull=False).update(
            payload={}
        )
        # The inbox shows the last message of a chat: it goes when that message is too old itself.
        later = Message.objects.filter(chat=OuterRef("pk"), happened_at__gte=before)
        Chat.objects.filter(~Exists(later), pk__in=locked).exclude(last_message_text="").update(last_message_text="")
    return cleared


def _delete_events(setting: Retention) -> int:
    """Delete a batch of events that were processed or that nothing here uses."""
    before = clock.now() - timedelta(days=setting.event_days)
    deleted = 0
    for state in (WebhookEvent.State.PROCESSED, WebhookEvent.State.IGNORED):
        # By the index of the state, oldest first: their ids rise with the time they came in.
        oldest = WebhookEvent.objects.filter(state=state).order_by("id").values_list("pk", "received_at")
        old = [pk for pk, received_at in oldest[: BATCH // 2] if received_at < before]
        deleted += WebhookEvent.objects.filter(pk__in=old, state=state).delete()[0]
    return deleted
