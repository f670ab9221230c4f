from __future__ import annotations

from chats import clock, live
from chats.engine import breaker, store
from chats.engine.events import find
from chats.models import Line, WebhookEvent
from chats.v3.events import read_card, read_forwarding, read_line_status


def status_updated(event: WebhookEvent) -> None:
    """A line was flagged or is well again. This event is the only word of a line's status (linq-v3, 1.8)."""
    told = read_line_status(find.envelope_of(event))
    line = find.line_of(event, told.phone_number)
    if line is None:
        raise find.Unusable("The event is about a line that is not ours.")
    line = Line.objects.select_for_update(no_key=True).get(pk=line.pk)
    changed_at = told.changed_at or event.happened_at
    if line.status_changed_at is not None and changed_at is not None and changed_at < line.status_changed_at:
        return
    line.status = store.known(told.new_status, Line.Status) or line.status
    line.reputation = store.known(told.new_reputation, Line.Reputation) or line.reputation
    line.status_changed_at = changed_at
    line.save(update_fields=["status", "reputation", "status_changed_at"])
    live.announce("line", line_id=line.pk)
    if told.new_status == Line.Status.FLAGGED:
        breaker.flagged(line, at=changed_at or clock.now())
    elif told.new_status == Line.Status.ACTIVE:
        breaker.is_active_again(line)


def forwarding_updated(event: WebhookEvent) -> None:
    """Calls to a line go elsewhere, whoever changed it."""
    told = read_forwarding(find.envelope_of(event))
    line = find.line_of(event, told.phone_number)
    if line is None:
        raise find.Unusable("The event is about a line that is not ours.")
    store.save_forwarding(line, told.forwarding_number or "", at=told.changed_at or event.happened_at or clock.now())


def card_changed(event: WebhookEvent) -> None:
    """A line's contact card was made, changed or taken away, whoever did it."""
    told = read_card(find.envelope_of(event))
    line = find.line_of(event, told.phone_number)
    if line is None:
        raise find.Unusable("The event is about a line that is not ours.")
    store.save_card(
        line,
        first_name=told.first_name if told.exists else "",
        last_name=told.last_name if told.exists else "",
        image_url=told.image_url if told.exists else "",
        at=told.changed_at or event.happened_at or clock.now(),
    )
