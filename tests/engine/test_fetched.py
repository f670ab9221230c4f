"""What an event brings along that is not known here yet, and is fetched for it."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

import pytest

from chats.engine.events import processor
from chats.models import Chat, FirstContact, Line, Message, Reaction, WebhookEvent
from tests import wire
from tests.engine.worker import Clock, at_once, hear
from tests.people import NOON
from tests.remote import Answer, Asked, Remote

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


@pytest.mark.django_db(transaction=True)
def test_what_several_workers_need_at_once_is_fetched_once(line: Line, remote: Remote) -> None:
    """A new chat whose first events come together: a message, an edit of it and a reaction to it."""
    chat_id = str(uuid.UUID(int=2))

    def chat(_: Asked) -> Answer:
        return Answer(body=wire.new_chat(chat_id, line.phone_number, PERSON))

    remote.on("GET", f"/v3/chats/{chat_id}", chat)
    told = wire.message(MESSAGE_ID, chat_id, sender=PERSON)
    remote.on("GET", f"/v3/messages/{MESSAGE_ID}", Answer(body=told))
    reaction = {
        "chat_id": chat_id,
        "message_id": MESSAGE_ID,
        "reaction_type": "love",
        "from_handle": wire.handle(PERSON),
    }
    for kind in ("love", "like", "laugh"):
        wire.store("reaction.added", reaction | {"reaction_type": kind})
    assert sum(at_once(*[partial(processor.process_due, seconds=20)] * 3)) == 3
    assert set(WebhookEvent.objects.values_list("state", "error")) == {("processed", "")}
    assert sorted(asked.path for asked in remote.asked) == [f"/v3/chats/{chat_id}", f"/v3/messages/{MESSAGE_ID}"]
    assert Reaction.objects.count() == 3


def test_its_own_event_names_the_request_that_wrote_it(chat: Chat, remote: Remote) -> None:
    told = wire.message(MESSAGE_ID, str(chat.remote_id), sender=PERSON)
    remote.on("GET", f"/v3/messages/{MESSAGE_ID}", Answer(body=told))
    edit = {"id": MESSAGE_ID, "chat": {"id": str(chat.remote_id)}, "part": {"index": 0, "text": "New"}}
    hear("message.edited", edit)
    assert Message.objects.get().trace_id == ""
    event = hear("message.received", wire.message_event(chat, MESSAGE_ID, sender=PERSON))
    assert Message.objects.get().trace_id == event.trace_id
