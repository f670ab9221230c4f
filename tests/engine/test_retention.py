"""What is too old goes, in small batches; what is open, pending or parked stays."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from chats.engine import lanes, retention
from chats.models import AuditRecord, Chat, Message, Operation, Retention, WebhookEvent
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


def test_the_words_of_an_edit_go_with_their_message(chat: Chat, moment: Clock) -> None:
    Retention.objects.create(pk=1, message_days=30, event_days=30)
    old, new = a_message(chat, 31), a_message(chat, 29)
    for message in (old, new):
        Operation.objects.create(
            kind="edit_message",
            lane=lanes.lane_of(chat.line),
            line=chat.line,
            chat=chat,
            about=message,
            payload={"part_index": 0, "text": "Secret"},
            state="confirmed",
            created_at=message.happened_at,
            settled_at=message.happened_at,
        )
    apply()
    assert dict(Operation.objects.values_list("about", "payload")) == {
        old.pk: {},
        new.pk: {"part_index": 0, "text": "Secret"},
    }
