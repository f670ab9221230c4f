"""What an administrator sets up: the secret that events are signed with, and how long things are kept."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction

from chats import clock
from chats.actions.rules import Refused, record, require
from chats.engine import wake
from chats.models import Retention, WebhookSubscription

MOST_DAYS = 3650


class NeedsConfirmation(Exception):
    """It would delete something for good; `sentence` says what. Ask again with `confirmed`."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def rotate_secret(*, by: User) -> None:
    """Have events signed with a new secret: a new subscription is made, then the old one is deleted.

    The old secret is taken for ten minutes more. Asking again while that is under way changes nothing.

    Raises `NotAllowed` without `run_setup` and all lines, `Refused` while there is no subscription.
    """
    require(by, "run_setup", None)
    with transaction.atomic():
        rows = WebhookSubscription.objects.select_for_update().filter(retired_at__isnull=True)
        current = rows.order_by("-created_at", "-pk").first()
        if current is None:
            raise Refused("There is no subscription yet, so there is no secret to replace.")
        if current.replace_asked_at is not None:
            return
        current.replace_asked_at = clock.now()
        current.save(update_fields=["replace_asked_at"])
        record(by, "webhook.rotate_secret", line=None, target=f"subscription {current.remote_id}")
        wake.wake_connection()


def set_retention(*, message_days: int | None, event_days: int, by: User, confirmed: bool = False) -> Retention:
    """Set for how many days messages say what they said, None for ever, and processed webhook events are kept.

    Raises `NotAllowed` without `run_setup` and all lines, `Refused` for a number that is out of range, and
    `NeedsConfirmation` when it deletes more than before and that is not confirmed yet.
    """
    require(by, "run_setup", None)
    if message_days is not None and not 1 <= message_days <= MOST_DAYS:
        raise Refused(f"Give 1 to {MOST_DAYS:,} days, or nothing to keep messages for ever.", field="message_days")
    if not 1 <= event_days <= MOST_DAYS:
        raise Refused(f"Give 1 to {MOST_DAYS:,} days.", field="event_days")
    with transaction.atomic():
        Retention.objects.get_or_create(pk=1)
        row = Retention.objects.select_for_update().get(pk=1)
        if (row.message_days, row.event_days) == (message_days, event_days):
            return row
        sentence = _what_goes(row, message_days, event_days)
        if sentence and not confirmed:
            raise NeedsConfirmation(sentence)
        before = _in_words(row)
        row.message_days, row.event_days = message_days, event_days
        row.changed_at, row.changed_by = clock.now(), by
        row.save()
        record(by, "retention.set", line=None, target="retention", before=before, after=_in_words(row))
    return row


def _what_goes(row: Retention, message_days: int | None, event_days: int) -> str:
    """What the change deletes, as a sentence; empty when it keeps at least as much as before."""
    wanted = Retention(message_days=message_days, event_days=event_days)
    gone = []
    if message_days is not None and (row.message_days is None or message_days < row.message_days):
        gone.append(f"what every message before {_days_ago(message_days)} says")
    if wanted.days_of_events < row.days_of_events:
        gone.append(f"every processed webhook event before {_days_ago(wanted.days_of_events)}")
    if not gone:
        return ""
    return f"This deletes {' and '.join(gone)}, for good: the remote has forgotten it too."


def _days_ago(days: int) -> str:
    return f"{clock.now() - timedelta(days=days):%-d %B %Y, %H:%M} UTC"


def _in_words(row: Retention) -> str:
    messages = "for ever" if row.message_days is None else f"{row.message_days} days"
    return f"messages {messages}, events {row.event_days} days"
