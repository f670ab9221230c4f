"""Carrying out the retention: small batches, each in a transaction of its own, found by an index.

What is open or pending is never touched: a message whose operation may still act, an event that waits.

Words that are too old go wherever they are. Of an operation's payload only the keys of `LASTING` stay, so that a
new kind of operation needs no rule of its own: what is not known to last is taken for words. Webhook events say
what messages say, so none of them outlives the messages, not even one that failed.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TypeVar

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from chats import clock
from chats.models import Attachment, Chat, MediaCopy, Message, Operation, Reconciliation, Retention, WebhookEvent
from chats.models.operation import LASTING, OPEN, State

F = TypeVar("F", Attachment, MediaCopy)
BATCH = 500
# Regular checks come every minute; gaps, which the setup page lists, are few.
CHECKS_ARE_KEPT_FOR = timedelta(days=2)
GAPS_ARE_KEPT_FOR = timedelta(days=90)
_ENDED = (WebhookEvent.State.PROCESSED, WebhookEvent.State.IGNORED)
FILES_AT_ONCE = 50
# What was picked and not sent stays for somebody who comes back to it.
UNSENT_FOR = timedelta(hours=24)


def apply(*, seconds: float) -> int:
    """Delete what is too old, for about `seconds`. Returns how many rows were touched. Safe to run twice at once."""
    stop_at = time.monotonic() + seconds
    setting = Retention.current()
    touched = 0
    batches = (_clear_messages, _clear_operations, _delete_events, _delete_readings, _delete_unsent, _delete_copies)
    for batch in batches:
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


def _clear_operations(setting: Retention) -> int:
    """Delete what the payloads of a batch of ended operations say. Their rows stay, as those of messages do."""
    if setting.message_days is None:
        return 0
    now = clock.now()
    says = Operation.objects.filter(cleared_at__isnull=True, settled_at__isnull=False).exclude(payload={})
    old = says.filter(settled_at__lt=now - timedelta(days=setting.message_days), due_at__isnull=True)
    with transaction.atomic():
        rows = old.exclude(state__in=OPEN).order_by("settled_at").select_for_update(skip_locked=True, of=("self",))
        found = list(rows.only("pk", "payload")[:BATCH])
        for row in found:
            row.payload = {key: value for key, value in row.payload.items() if key in LASTING}
            row.cleared_at = now
        Operation.objects.bulk_update(found, ["payload", "cleared_at"])
    return len(found)


def _delete_events(setting: Retention) -> int:
    """Delete a batch of events that were processed or that nothing here uses; and of those that failed long ago."""
    now = clock.now()
    before = dict.fromkeys(_ENDED, now - timedelta(days=setting.days_of_events))
    if setting.message_days is not None:
        before[WebhookEvent.State.PARKED] = now - timedelta(days=setting.message_days)
    deleted = 0
    for state, moment in before.items():
        # By the index of the state, oldest first: their ids rise with the time they came in.
        oldest = WebhookEvent.objects.filter(state=state).order_by("id").values_list("pk", "received_at")
        old = [pk for pk, received_at in oldest[: BATCH // 2] if received_at < moment]
        deleted += WebhookEvent.objects.filter(pk__in=old, state=state).delete()[0]
    return deleted


def _delete_readings(setting: Retention) -> int:
    """Delete a batch of comparisons with the remote that nobody looks at any more; the newest says where to go on."""
    now = clock.now()
    is_check = Q(cause=Reconciliation.Cause.RHYTHM)
    old = is_check & Q(finished_at__lt=now - CHECKS_ARE_KEPT_FOR) | Q(finished_at__lt=now - GAPS_ARE_KEPT_FOR)
    done = Reconciliation.objects.filter(state=Reconciliation.State.DONE)
    newest = list(done.order_by("-pk").values_list("pk", flat=True)[:1])
    found = done.filter(old).exclude(pk__in=newest).order_by("pk").values_list("pk", flat=True)[:BATCH]
    return Reconciliation.objects.filter(pk__in=list(found)).delete()[0]


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
