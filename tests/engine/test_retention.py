"""What is too old goes, in small batches; what is open, pending or parked stays."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from chats.actions.operations import retry_operation
from chats.actions.rules import Refused
from chats.engine import lanes, retention
from chats.models import AuditRecord, Chat, Message, Operation, Reconciliation, Retention, WebhookEvent
from tests.engine.worker import Clock, at_once
from tests.people import NOON

pytestmark = pytest.mark.django_db


def a_message(chat: Chat, days: float, **fields: Any) -> Message:
    given = {
        "direction": "inbound",
        "delivery_status": "received",
        "parts": [{"type": "text", "value": "Secret"}],
        "text": "Secret",
        "effect": {"name": "confetti", "type": "screen"},
        "happened_at": NOON - timedelta(days=days),
    }
    return Message.objects.create(chat=chat, **given | fields)


def an_event(days: float, state: str, **fields: Any) -> WebhookEvent:
    due_at: datetime | None = NOON if state == "pending" else None
    return WebhookEvent.objects.create(
        event_id=str(uuid.uuid4()),
        event_type="message.read",
        payload={"data": {"text": "Secret"}},
        state=state,
        received_at=NOON - timedelta(days=days),
        due_at=due_at,
        error="It failed." if state == "parked" else "",
        **fields,
    )


def apply() -> int:
    return retention.apply(seconds=20)


def test_by_default_messages_stay_for_ever_and_events_thirty_days(chat: Chat, moment: Clock) -> None:
    a_message(chat, 4000)
    old, new = an_event(30.1, "processed"), an_event(29.9, "processed")
    assert apply() == 1
    assert list(WebhookEvent.objects.all()) == [new]
    assert old.pk != new.pk
    assert Message.objects.get().text == "Secret"
    assert apply() == 0


def test_what_messages_say_goes_and_their_rows_stay(chat: Chat, moment: Clock) -> None:
    Retention.objects.create(pk=1, message_days=10)
    old, new = a_message(chat, 10.1), a_message(chat, 9.9)
    Chat.objects.update(last_message_text="Secret")
    AuditRecord.objects.create(action="message.send", chat=chat, happened_at=NOON - timedelta(days=4000))
    assert apply() == 1
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.text, old.parts, old.effect, old.cleared_at) == ("", [], None, moment.now)
    assert (old.delivery_status, old.happened_at) == ("received", NOON - timedelta(days=10.1))
    assert (new.text, new.cleared_at) == ("Secret", None)
    assert Chat.objects.get().last_message_text == "Secret"
    assert AuditRecord.objects.count() == 1
    moment.tick(days=1)
    assert apply() == 1
    assert Chat.objects.get().last_message_text == ""
    assert apply() == 0


@pytest.mark.parametrize(
    ("state", "due", "goes"),
    [
        ("queued", True, False),
        ("sending", True, False),
        ("unknown", True, False),
        ("accepted", True, False),
        ("accepted", False, True),
        ("confirmed", False, True),
        ("failed", False, True),
    ],
)
def test_a_message_that_something_may_still_be_done_with_stays(
    state: str, due: bool, goes: bool, chat: Chat, moment: Clock
) -> None:
    Retention.objects.create(pk=1, message_days=1)
    message = a_message(chat, 2, direction="outbound", delivery_status="sent")
    Operation.objects.create(
        kind="send_message",
        state=state,
        lane=lanes.lane_of(chat.line),
        message=message,
        created_at=NOON,
        due_at=NOON if due else None,
        lease_expires_at=NOON if state == "sending" else None,
        settled_at=None if due else NOON,
        error="It failed." if state == "failed" else "",
    )
    assert apply() == int(goes)


@pytest.mark.parametrize(("status", "goes"), [("pending", False), ("queued", False), ("sent", True)])
def test_a_message_that_is_still_to_leave_stays(status: str, goes: bool, chat: Chat, moment: Clock) -> None:
    Retention.objects.create(pk=1, message_days=1)
    a_message(chat, 2, direction="outbound", delivery_status=status)
    assert apply() == int(goes)


def test_events_that_wait_or_failed_stay(moment: Clock) -> None:
    for state in ("pending", "parked", "ignored", "processed"):
        an_event(100, state)
    assert apply() == 2
    assert set(WebhookEvent.objects.values_list("state", flat=True)) == {"pending", "parked"}


def test_many_go_in_batches(chat: Chat, moment: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 4)
    Retention.objects.create(pk=1, message_days=1)
    for _ in range(11):
        a_message(chat, 2)
        an_event(100, "processed")
    with CaptureQueriesContext(connection) as asked:
        assert apply() == 22
    cleared = [one["sql"] for one in asked if one["sql"].startswith('UPDATE "chats_message"')]
    assert len(cleared) == 3
    assert (Message.objects.filter(text="").count(), WebhookEvent.objects.count()) == (11, 0)


@pytest.mark.django_db(transaction=True)
def test_a_chat_that_is_being_written_to_waits_for_nobody(chat: Chat, group: Chat, moment: Clock) -> None:
    Retention.objects.create(pk=1, message_days=1)
    kept, gone = a_message(chat, 2), a_message(group, 2)
    with transaction.atomic():
        Chat.objects.select_for_update().get(pk=chat.pk)
        assert at_once(apply) == [1]
    assert Message.objects.get(pk=gone.pk).text == ""
    assert Message.objects.get(pk=kept.pk).text == "Secret"
    assert apply() == 1


# What is said anywhere else than in messages.
WORDS = {"handle": "+14155550101", "display_name": "Crew", "text": "Secret", "parts": [{"value": "Secret"}]}


def an_operation(chat: Chat, days: float, **fields: Any) -> Operation:
    given: dict[str, Any] = {
        "kind": "rename_group",
        "state": "confirmed",
        "lane": lanes.lane_of(chat.line),
        "line": chat.line,
        "chat": chat,
        "created_at": NOON,
        "settled_at": NOON - timedelta(days=days),
        "payload": WORDS,
    }
    return Operation.objects.create(**given | fields)


def test_what_operations_say_goes_whatever_they_call_it(chat: Chat, moment: Clock) -> None:
    Retention.objects.create(pk=1, message_days=10)
    old, new = an_operation(chat, 10.1), an_operation(chat, 9.9)
    assert apply() == 1
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.payload, old.cleared_at) == ({"handle": "+14155550101", "display_name": "Crew"}, moment.now)
    assert (new.payload, new.cleared_at) == (WORDS, None)
    assert apply() == 0


def test_kept_for_ever_no_operation_is_touched(chat: Chat, moment: Clock) -> None:
    an_operation(chat, 4000)
    assert apply() == 0
    assert Operation.objects.get().payload == WORDS


@pytest.mark.parametrize(
    ("fields", "goes"),
    [
        ({"state": "failed", "error": "No."}, 1),
        ({"state": "cancelled"}, 1),
        ({"state": "accepted"}, 1),
        ({"state": "accepted", "due_at": NOON}, 0),
        ({"state": "queued", "due_at": NOON}, 0),
        ({"state": "queued", "due_at": NOON, "settled_at": None}, 0),
        ({"state": "unknown", "due_at": NOON, "settled_at": None}, 0),
        ({"state": "sending", "lease_expires_at": NOON, "settled_at": None}, 0),
        ({"payload": {}}, 0),
    ],
)
def test_an_operation_that_may_still_act_keeps_what_it_says(
    fields: dict[str, Any], goes: int, chat: Chat, moment: Clock
) -> None:
    Retention.objects.create(pk=1, message_days=1)
    an_operation(chat, 2, **fields)
    assert apply() == goes


def test_what_was_cleared_is_not_tried_again(chat: Chat, manager: User, moment: Clock, wakes: list[Any]) -> None:
    Retention.objects.create(pk=1, message_days=1)
    message = a_message(chat, 2, direction="outbound", delivery_status="failed", error="No.")
    by_message = an_operation(chat, 2, kind="send_message", state="failed", error="No.", message=message, payload={})
    by_payload = an_operation(chat, 2, state="failed", error="No.")
    assert apply() == 2
    for operation in (by_message, by_payload):
        with pytest.raises(Refused, match="What it said is no longer kept here, so it cannot be tried again."):
            retry_operation(operation=operation, by=manager)
    assert (Message.objects.count(), Operation.objects.filter(state="failed").count()) == (1, 2)
    assert (wakes, AuditRecord.objects.count()) == ([], 0)


def test_old_words_of_operations_are_found_by_an_index(chat: Chat) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    says = Operation.objects.filter(cleared_at__isnull=True, settled_at__isnull=False).exclude(payload={})
    assert "operation_says" in says.filter(settled_at__lt=NOON).order_by("settled_at").explain()


@pytest.mark.parametrize(("message_days", "event_days", "kept"), [(10, 30, 10), (10, 5, 5), (None, 30, 30)])
def test_no_event_outlives_the_messages(message_days: int | None, event_days: int, kept: int, moment: Clock) -> None:
    Retention.objects.create(pk=1, message_days=message_days, event_days=event_days)
    for state in ("processed", "ignored"):
        an_event(kept + 0.1, state)
        an_event(kept - 0.1, state)
    assert apply() == 2
    days = [(NOON - one.received_at) / timedelta(days=1) for one in WebhookEvent.objects.all()]
    assert days == [kept - 0.1] * 2


def test_one_that_failed_stays_as_long_as_messages_do(moment: Clock) -> None:
    Retention.objects.create(pk=1, message_days=10, event_days=5)
    kept, waiting = an_event(9.9, "parked"), an_event(100, "pending")
    an_event(10.1, "parked")
    assert apply() == 1
    assert list(WebhookEvent.objects.order_by("pk")) == [kept, waiting]


def a_reading(cause: str, days: float) -> Reconciliation:
    at = NOON - timedelta(days=days)
    return Reconciliation.objects.create(cause=cause, state="done", since=at, until=at, created_at=at, finished_at=at)


def test_comparisons_with_the_remote_are_forgotten(moment: Clock) -> None:
    a_reading("door", 90.1)
    gap = a_reading("door", 89.9)
    a_reading("rhythm", 2.1)
    check = a_reading("rhythm", 1.9)
    assert apply() == 2
    assert list(Reconciliation.objects.order_by("pk")) == [gap, check]


def test_the_last_comparison_stays_however_old_it_is(moment: Clock) -> None:
    """A console that was away for long goes on from there."""
    a_reading("rhythm", 101)
    last = a_reading("rhythm", 100)
    Reconciliation.objects.create(cause="door", state="waiting", since=NOON, until=NOON, created_at=NOON, due_at=NOON)
    assert apply() == 1
    assert Reconciliation.objects.order_by("pk").first() == last
