"""Sweeps: what beat does every few seconds, so that nothing depends on a wake-up having arrived (law 4)."""

from __future__ import annotations

import logging

from django.db import transaction

from chats import clock
from chats.engine import settle, sync, wake
from chats.models import Lane, Operation, WebhookEvent, WebhookSubscription
from chats.models.operation import State

log = logging.getLogger(__name__)


def sweep() -> None:
    """Take back what dead workers held, and wake whatever has something due. Harmless when run twice at once."""
    recover_expired()
    if not WebhookSubscription.objects.filter(retired_at__isnull=True).exists():
        # A console that nothing is delivered to sees nothing: at once, and not with the slow tick.
        wake.send_task(wake.KEEP_CONNECTED)
    now = clock.now()
    due = (
        Lane.objects.filter(operations__due_at__lte=now, operations__state__in=[State.QUEUED, State.UNKNOWN])
        | Lane.objects.filter(operations__due_at__lte=now, operations__state=State.ACCEPTED)
    ).distinct()
    for lane_id in due.values_list("pk", flat=True):
        wake.send_task(wake.DRAIN_LANE, lane_id)
    if WebhookEvent.objects.filter(state=WebhookEvent.State.PENDING, due_at__lte=now).exists():
        wake.send_task(wake.PROCESS_EVENTS)
    sync.wake_due()


def recover_expired() -> int:
    """Operations whose worker died in the middle of a call become *unknown*. Returns how many.

    Nobody can tell whether the call had arrived, so what happens next asks with the same key or looks.
    """
    recovered = 0
    with transaction.atomic():
        now = clock.now()
        expired = Operation.objects.select_for_update(skip_locked=True, of=("self",)).filter(
            state=State.SENDING, lease_expires_at__lte=now
        )
        for operation in expired:
            # A new number, so that the old worker's result is refused should it still come.
            operation.fence += 1
            operation.error = "The worker that was sending this stopped. We are finding out whether it arrived."
            operation.save(update_fields=["fence"])
            settle.leave_unknown(operation, until=now, problem=None)
            recovered += 1
    if recovered:
        log.warning(
            "%s operations were left behind by a worker that stopped; finding out what became of them.", recovered
        )
    return recovered
