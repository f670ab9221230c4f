"""The same story told in either version of the payloads of `message.*` leaves the same behind."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from chats.models import Chat, Handle, Message
from tests import wire
from tests.engine.rows import differences, everything, undone
from tests.engine.worker import Clock, hear
from tests.people import NOON

pytestmark = pytest.mark.django_db

PERSON = "+14155550101"
THEIRS, OURS, LOST, HISTORY = (str(uuid.UUID(int=of)) for of in range(1, 5))
NEW, OLD = "2026-02-03", "2025-01-01"


@pytest.fixture(autouse=True)
def _frozen(moment: Clock, wakes: list[Any]) -> None:
    """Time moves only where a test moves it."""


def second(of: float) -> str:
    return str(wire.at(NOON + timedelta(seconds=of)))


class Teller:
    """Tells of a chat's messages in one of the versions."""

    def __init__(self, chat: Chat, version: str) -> None:
        self.chat, self.version = chat, version

    def __call__(self, event_type: str, message_id: str, text: str, *, sender: str = "", **times: str) -> None:
        who = wire.handle(sender or self.chat.line.phone_number, me=not sender)
        in_new = wire.message_event(self.chat, message_id, text=text, sender=sender, **times) | {"sender_handle": who}
        in_old = self._in_old(event_type, message_id, text, sender, times)
        data = in_new if self.version == NEW else in_old
        assert hear(event_type, data, version=self.version).state == "processed"

    def _in_old(
        self, event_type: str, message_id: str, text: str, sender: str, times: dict[str, str]
    ) -> dict[str, Any]:
        us = self.chat.line.phone_number
        return {
            "chat_id": str(self.chat.remote_id),
            "from": sender or us,
            "from_handle": wire.handle(sender or us, me=not sender),
            "is_from_me": not sender,
            "is_group": False,
            "recipient_phone": PERSON if not sender else us,
            "service": "iMessage",
            "idempotency_key": None,
            "preferred_service": None,
            "message": {"id": message_id, "parts": [{"type": "text", "value": text}], "sent_at": times["sent_at"]},
            **{name: at for name, at in times.items() if name != "sent_at"},
        }

    def fails(self, message_id: str, at: float) -> None:
        data = {"message_id": message_id, "code": 4001, "reason": "x", "failed_at": second(at)}
        if self.version == OLD:
            data["chat_id"] = str(self.chat.remote_id)
        assert hear("message.failed", data, version=self.version).state == "processed"


def tell(chat: Chat, version: str) -> None:
    say = Teller(chat, version)
    say("message.received", THEIRS, "Hello", sender=PERSON, sent_at=second(1))
    say("message.sent", OURS, "Hi", sent_at=second(2))
    say("message.delivered", OURS, "Hi", sent_at=second(2), delivered_at=second(3))
    say("message.read", OURS, "Hi", sent_at=second(2), delivered_at=second(3), read_at=second(4))
    say("message.sent", LOST, "Lost", sent_at=second(5))
    say.fails(LOST, 6)
    say(
        "message.received",
        HISTORY,
        "STOP",
        sender=PERSON,
        sent_at="2026-06-01T09:00:00Z",
        reconciled_at=second(7),
    )


def test_both_versions_leave_the_same(chat: Chat) -> None:
    with undone():
        tell(chat, NEW)
        wanted = everything()
    tell(chat, OLD)
    assert differences(everything(), wanted) == []
    told = {str(one.remote_id): one for one in Message.objects.all()}
    assert [(told[one].text, told[one].delivery_status) for one in (THEIRS, OURS, LOST, HISTORY)] == [
        ("Hello", "received"),
        ("Hi", "read"),
        ("Lost", "failed"),
        ("STOP", "received"),
    ]
    assert [told[OURS].sent_at, told[OURS].delivered_at, told[OURS].read_at] == [
        NOON + timedelta(seconds=at) for at in (2, 3, 4)
    ]


@pytest.mark.parametrize("version", [NEW, OLD])
def test_what_was_recovered_late_is_history(version: str, chat: Chat) -> None:
    """No unread mark, and no news: it stands at its old place, and an old word does not overtake a newer one."""
    say = Teller(chat, version)
    say("message.received", THEIRS, "Still here", sender=PERSON, sent_at=second(1))
    say("message.received", HISTORY, "STOP", sender=PERSON, sent_at="2026-06-01T09:00:00Z", reconciled_at=second(7))
    old = Message.objects.get(remote_id=HISTORY)
    assert (wire.at(old.reconciled_at), wire.at(old.happened_at)) == (second(7), "2026-06-01T09:00:00Z")
    chat.refresh_from_db()
    assert (chat.unread_count, chat.last_message_text) == (1, "Still here")
    assert Handle.objects.get(value=PERSON).opted_out_at is None
