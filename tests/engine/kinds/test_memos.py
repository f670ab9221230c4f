"""Voice memos: messages without a key, so one whose answer is lost is looked for and never sent again."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User

from chats.actions.memos import send_voice_memo
from chats.actions.messages import send_message
from chats.actions.operations import retry_operation
from chats.models import Chat, Departure, Handle, Message, Operation
from chats.models.operation import State
from chats.queries.waiting import why
from tests import wire
from tests.engine.worker import Clock, hear, only_operation, work
from tests.people import NOON
from tests.remote import Answer, Remote, wrong

pytestmark = pytest.mark.django_db
MEMO, MESSAGES = "/v3/chats/[^/]+/voicememo", "/v3/chats/[^/]+/messages"
URL = "https://files.example.com/hello.m4a"
REMOTE_ID = "6a0e6a0e-6a0e-4a0e-8a0e-6a0e6a0e6a0e"
FILE = {"id": "f1", "filename": "hello.m4a", "mime_type": "audio/x-m4a", "size_bytes": 12, "url": URL}


@pytest.fixture(autouse=True)
def _frozen(moment: Clock, wakes: list[Any]) -> None:
    """Time moves only where a test moves it."""


def send(chat: Chat, by: User, **more: Any) -> Message:
    return send_voice_memo(chat=chat, by=by, key=uuid.uuid4(), **({"url": URL} | more))


def taken(chat: Chat, message_id: str = REMOTE_ID) -> Answer:
    memo = {"id": message_id, "chat": {"id": str(chat.remote_id)}, "status": "pending", "voice_memo": FILE}
    return Answer(202, {"voice_memo": memo})


def listed(chat: Chat, message_id: str = REMOTE_ID, **more: Any) -> dict[str, Any]:
    return wire.message(message_id, str(chat.remote_id), parts=[{"type": "media", **FILE}], **more)


def page(*messages: dict[str, Any]) -> Answer:
    return Answer(body={"messages": list(messages), "next_cursor": None})


def test_a_memo_is_a_message(chat: Chat, agent: User, remote: Remote) -> None:
    remote.on("POST", MEMO, taken(chat))
    message = send(chat, agent)
    assert (message.delivery_status, Departure.objects.count()) == ("pending", 0)
    work()
    message.refresh_from_db()
    assert (str(message.remote_id), message.parts) == (REMOTE_ID, [{"type": "media", **FILE}])
    assert (only_operation().state, remote.asked[0].body) == (State.ACCEPTED, {"voice_memo_url": URL})
    assert Departure.objects.count() == 1  # it counts as what a person gets
    hear("message.sent", wire.message_event(chat, REMOTE_ID, parts=message.parts))
    message.refresh_from_db()
    assert (only_operation().state, message.delivery_status, Message.objects.count()) == (State.CONFIRMED, "sent", 1)


def test_a_memo_that_was_uploaded(chat: Chat, agent: User, remote: Remote) -> None:
    file = uuid.uuid4()
    remote.on("POST", MEMO, taken(chat))
    send(chat, agent, url="", attachment_id=file)
    work()
    assert remote.asked[0].body == {"attachment_id": str(file)}


def test_its_event_comes_before_its_answer(chat: Chat, agent: User, remote: Remote, moment: Clock) -> None:
    remote.on("POST", MEMO, Answer(cut="unanswered"))
    message = send(chat, agent)
    work()
    assert why(only_operation()).startswith("The remote may have it: its reply never came. It is looked for")
    # No key in it, so it makes a row of its own, until the memo is found.
    hear("message.sent", wire.message_event(chat, REMOTE_ID, parts=[{"type": "media", **FILE}]))
    assert Message.objects.count() == 2
    remote.on("GET", MESSAGES, page(listed(chat)))
    moment.tick(seconds=5)
    work()
    message.refresh_from_db()
    assert (only_operation().state, message.delivery_status, Message.objects.count()) == (State.CONFIRMED, "sent", 1)
    assert len(remote.calls("POST", MEMO)) == 1


def test_a_memo_that_is_not_found_is_given_up_and_never_sent_again(
    chat: Chat, agent: User, remote: Remote, moment: Clock
) -> None:
    remote.on("POST", MEMO, Answer(cut="unanswered"))
    # What is there is another one, which we know.
    Message.objects.create(
        chat=chat, remote_id=REMOTE_ID, key="other", direction="outbound", delivery_status="sent", happened_at=NOON
    )
    remote.on("GET", MESSAGES, page(listed(chat)))
    message = send(chat, agent)
    for _ in range(10):
        work()
        moment.tick(minutes=3)
    message.refresh_from_db()
    assert (only_operation().state, message.delivery_status) == (State.FAILED, "failed")
    assert message.error.startswith("No answer ever came, and it is not in the chat.")
    assert len(remote.calls("POST", MEMO)) == 1


def test_memos_and_texts_leave_in_the_order_they_were_said(
    chat: Chat, agent: User, remote: Remote, moment: Clock
) -> None:
    remote.on("POST", MEMO, Answer(429, wrong(1007), {"Retry-After": "10"}), taken(chat))
    send(chat, agent)
    send_message(chat=chat, text="Listen!", by=agent, key=uuid.uuid4())
    work()
    assert [asked.path.rsplit("/", 1)[1] for asked in remote.asked] == ["voicememo"]
    sent = {"chat_id": str(chat.remote_id), "message": wire.sent(str(uuid.uuid4()))}
    remote.on("POST", MESSAGES, Answer(202, sent))
    moment.tick(seconds=10)
    work()
    assert [asked.path.rsplit("/", 1)[1] for asked in remote.asked] == ["voicememo", "voicememo", "messages"]


def test_somebody_who_opted_out_gets_none(chat: Chat, agent: User, remote: Remote) -> None:
    Handle.objects.filter(value="+14155550101").update(opted_out_at=NOON)
    send(chat, agent)
    work()
    assert (only_operation().state, only_operation().error_code, remote.asked) == (State.FAILED, 2024, [])


def test_one_that_was_not_delivered_is_sent_anew_as_a_memo(chat: Chat, agent: User, remote: Remote) -> None:
    remote.on("POST", MEMO, taken(chat), taken(chat, "6a0e6a0e-6a0e-4a0e-8a0e-6a0e6a0e6a0f"))
    send(chat, agent)
    work()
    hear("message.failed", {"message_id": REMOTE_ID, "chat_id": str(chat.remote_id), "code": 4001})
    again = retry_operation(operation=only_operation(), by=agent)
    work()
    again.refresh_from_db()
    assert (again.kind, again.state, again.payload) == ("send_voice_memo", State.ACCEPTED, {"url": URL})
    assert Operation.objects.count() == 2
