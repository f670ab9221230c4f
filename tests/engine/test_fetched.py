"""What an event brings along that is not known here yet, and is fetched for it."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from chats.models import Chat, FirstContact, Message, Reaction
from tests import wire
from tests.engine.worker import Clock, hear
from tests.people import NOON
from tests.remote import Answer, Remote

pytestmark = pytest.mark.django_db

PERSON = "+14155550101"
MESSAGE_ID = str(uuid.UUID(int=1))


@pytest.fixture(autouse=True)
def _frozen(moment: Clock, wakes: list[Any]) -> None:
    """Time moves only where a test moves it."""


def test_one_of_another_program_counts_as_its_line_s_conversation(chat: Chat, remote: Remote) -> None:
    """As if its own event had come first: see `tests/engine/pacing/test_new_conversations.py`."""
    told = wire.message(MESSAGE_ID, str(chat.remote_id), delivery_status="failed")
    remote.on("GET", f"/v3/messages/{MESSAGE_ID}", Answer(body=told))
    hear("message.failed", {"message_id": MESSAGE_ID, "code": 4001})
    met = FirstContact.objects.get()
    assert (met.line, met.handle.value, met.at, met.operation) == (chat.line, PERSON, NOON, None)


def test_what_somebody_wrote_is_no_conversation_of_ours(chat: Chat, remote: Remote) -> None:
    remote.on(
        "GET", f"/v3/messages/{MESSAGE_ID}", Answer(body=wire.message(MESSAGE_ID, str(chat.remote_id), sender=PERSON))
    )
    edit = {"id": MESSAGE_ID, "chat": {"id": str(chat.remote_id)}, "part": {"index": 0, "text": "New"}}
    assert hear("message.edited", edit).state == "processed"
    assert (Message.objects.get().text, FirstContact.objects.count()) == ("New", 0)


def test_its_reactions_are_rows_and_not_in_its_parts(chat: Chat, remote: Remote) -> None:
    part = {"type": "text", "value": "Hello", "reactions": [{"type": "love", "handle": wire.handle(PERSON)}]}
    told = wire.message(MESSAGE_ID, str(chat.remote_id), parts=[part])
    remote.on("GET", f"/v3/messages/{MESSAGE_ID}", Answer(body=told))
    hear("message.failed", {"message_id": MESSAGE_ID, "code": 4001})
    assert Message.objects.get().parts == [{"type": "text", "value": "Hello"}]
    assert list(Reaction.objects.values_list("type", flat=True)) == ["love"]


def test_its_own_event_names_the_request_that_wrote_it(chat: Chat, remote: Remote) -> None:
    told = wire.message(MESSAGE_ID, str(chat.remote_id), sender=PERSON)
    remote.on("GET", f"/v3/messages/{MESSAGE_ID}", Answer(body=told))
    edit = {"id": MESSAGE_ID, "chat": {"id": str(chat.remote_id)}, "part": {"index": 0, "text": "New"}}
    hear("message.edited", edit)
    assert Message.objects.get().trace_id == ""
    event = hear("message.received", wire.message_event(chat, MESSAGE_ID, sender=PERSON))
    assert Message.objects.get().trace_id == event.trace_id
