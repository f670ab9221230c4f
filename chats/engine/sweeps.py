"""Sweeps: what beat does every few seconds, so that nothing depends on a wake-up having arrived (law 4)."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from chats import clock
from chats.engine import claims, gates, pacing, passing, settle, sync, wake
from chats.models import Lane, Operation, WebhookEvent, WebhookSubscription
from chats.models.operation import State

log = logging.getLogger(__name__)

TOO_LATE_AT_ONCE = 500


def sweep() -> None:
    """Take back what dead workers held, and wake whatever has something due. Harmless when run twice at once."""
    recover_expired()
    if not WebhookSubscription.objects.filter(retired_at__isnull=True).exists():
        # A console that nothing is delivered to sees nothing: at once, and not with the slow tick.
        wake.send_task(wake.KEEP_CONNECTED)
    fail_too_late()
    now = clock.now()
    for lane_id in _lanes_with_work(now):
        wake.send_task(wake.DRAIN_LANE, lane_id)
    pacing.forget_old()
    passing.forget_old()
    if WebhookEvent.objects.filter(state=WebhookEvent.State.PENDING, due_at__lte=now).exists():
        wake.send_task(wake.PROCESS_EVENTS)
    sync.wake_due()


def _lanes_with_work(now: datetime) -> list[int]:
    """Lanes that nobody drains and that have something which may leave now, not only wait for its budget."""
    due = Operation.objects.filter(
        lane=OuterRef("pk"), due_at__lte=now, state__in=[State.QUEUED, State.UNKNOWN, State.ACCEPTED]
    )
    free = Q(lease_expires_at__isnull=True) | Q(lease_expires_at__lte=now)
    rows = Lane.objects.filter(free, Exists(due)).order_by("pk").values_list("pk", flat=True)
    return [pk for pk in rows if claims.anything_due(pk)]


def fail_too_late() -> int:
    """What waits past its last useful moment fails then, and not when its turn comes. Returns how many."""
    with transaction.atomic():
        now = clock.now()
        rows = Operation.objects.select_for_update(skip_locked=True, of=("self",)).filter(
            state=State.QUEUED, send_before__lte=now
        )
        late = list(rows.order_by("send_before")[:TOO_LATE_AT_ONCE])
        for operation in late:
            settle.fail(operation, sentence=gates.TOO_LATE)
    return len(late)


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
            # A new number, so that the old worker's result is refused should it still come. Written together with the
            # rest: a second update in one transaction would wait for whoever writes its message or its chat.
            operation.fence += 1
            operation.error = "The worker that was sending this stopped. We are finding out whether it arrived."
            settle.leave_unknown(operation, until=now, problem=None)
            recovered += 1
    if recovered:
        log.warning(
            "%s operations were left behind by a worker that stopped; finding out what became of them.", recovered
        )
    return recovered
