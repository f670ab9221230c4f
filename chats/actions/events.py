"""Running webhook events again."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction

from chats import clock, live
from chats.actions.rules import NotAllowed, Refused, record, require
from chats.engine import wake
from chats.models import WebhookEvent
from chats.queries import access

State = WebhookEvent.State


def run_again(*, event: WebhookEvent, by: User) -> WebhookEvent:
    """Process a webhook event once more: one that failed too often, or one that nothing used so far.

    Harmless for what it already changed: processing an event twice is the same as once (law 6).

    Raises `NotAllowed` without `retry_operations` on the event's line (an event of no line needs all
    lines), `Refused` while it is waiting or once it is processed.
    """
    require(by, "retry_operations", event.line)
    with transaction.atomic():
        # One statement decides, so that of two clicks only one is heard.
        taken = WebhookEvent.objects.filter(pk=event.pk, state__in=[State.PARKED, State.IGNORED]).update(
            state=State.PENDING, due_at=clock.now(), attempts=0, processed_at=None
        )
        if not taken:
            raise Refused("Only an event that failed or was not used can be run again.")
        record(by, "event.run_again", line=event.line, chat=event.chat, target=f"event {event.pk}")
        live.announce("event", line_id=event.line_id, chat_id=event.chat_id)
        wake.wake_events()
    event.refresh_from_db()
    return event


def run_all_again(*, by: User) -> int:
    """Process every event that failed too often once more, of the lines that `by` sees. Returns how many.

    Raises `NotAllowed` without `retry_operations`.
    """
    if not access.has_right(by, "chats.retry_operations"):
        raise NotAllowed("This needs the right “retry_operations”.")
    with transaction.atomic():
        count = (
            access.events_for(by)
            .filter(state=State.PARKED)
            .update(state=State.PENDING, due_at=clock.now(), attempts=0, processed_at=None)
        )
        if count:
            record(by, "event.run_all_again", line=None, target=f"{count} events")
            live.announce("event", line_id=None)
            wake.wake_events()
    return count
