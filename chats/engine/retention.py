"""Carrying out the retention: small batches, each in a transaction of its own, found by an index.

What is open or pending is never touched: a message whose operation may still act, an event that waits or is parked.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TypeVar

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from chats import clock
from chats.models import Attachment, Chat, MediaCopy, Message, Operation, Retention, WebhookEvent
from chats.models.operation import OPEN, State

F = TypeVar("F", Attachment, MediaCopy)
BATCH = 500
FILES_AT_ONCE = 50
# What was picked and not sent stays for somebody who comes back to it.
UNSENT_FOR = timedelta(hours=24)


def apply(*, seconds: float) -> int:
    """Delete what is too old, for about `seconds`. Returns how many rows were touched. Safe to run twice at once."""
    stop_at = time.monotonic() + seconds
    setting = Retention.current()
    touched = 0
    for batch in (_clear_messages, _delete_events, _delete_unsent, _delete_copies):
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
        now = clock.now()
        cleared = old.filter(pk__in=found, chat__in=locked).update(parts=[], text="", effect=None, cleared_at=now)
        # A file is kept as its message is: without one, the next batches delete it.
        Attachment.objects.filter(message__in=found, message__cleared_at=now).update(message=None, uploaded_by=None)
        MediaCopy.objects.filter(message__in=found, message__cleared_at=now).update(message=None)
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


def _delete_unsent(_: Retention) -> int:
    """Delete files that were picked a day ago and never sent, and those whose messages have been cleared."""
    return _delete(Attachment.objects.filter(message__isnull=True, created_at__lt=clock.now() - UNSENT_FOR))


def _delete_copies(_: Retention) -> int:
    """Delete copies whose message has been cleared, or is no more."""
    return _delete(MediaCopy.objects.filter(message__isnull=True))


def _delete(rows: QuerySet[F]) -> int:
    """Delete a batch of rows and their files, the file first: what is cut off in between is found again."""
    with transaction.atomic():
        batch = list(rows.select_for_update(skip_locked=True, of=("self",)).order_by("pk")[:FILES_AT_ONCE])
        for row in batch:
            if row.file.name:
                row.file.storage.delete(row.file.name)
        rows.model.objects.filter(pk__in=[row.pk for row in batch]).delete()
    return len(batch)
