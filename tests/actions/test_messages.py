"""Sending, starting and reading: what is written, what is refused with which sentence, and two at once."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User

from chats.actions.messages import mark_read, mark_unread, send_message, start_chat
from chats.actions.operations import cancel_operation, retry_operation
from chats.actions.rules import Refused
from chats.models import AuditRecord, Chat, Handle, Line, Message, Operation
from chats.models.operation import Kind, State
from tests.engine.worker import Clock, at_once, work
from tests.people import NOON
from tests.remote import Remote

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _frozen(moment: Clock, wakes: list[Any]) -> None:
    """Time moves only where a test moves it, and nobody is woken."""


def send(chat: Chat, by: User, text: str = "Hello", key: uuid.UUID | None = None) -> Message:
    return send_message(chat=chat, text=text, by=by, key=key or uuid.uuid4())


def refused(sentence: str, field: str | None, act: Any, *args: Any, **named: Any) -> None:
    before = (Chat.objects.count(), Message.objects.count(), Operation.objects.count(), AuditRecord.objects.count())
    with pytest.raises(Refused) as refusal:
        act(*args, **named)
    assert (refusal.value.sentence, refusal.value.field) == (sentence, field)
    after = (Chat.objects.count(), Message.objects.count(), Operation.objects.count(), AuditRecord.objects.count())
    assert after == before


def test_a_message_is_written_with_all_that_goes_with_it(chat: Chat, agent: User, moment: Clock) -> None:
    message = send(chat, agent, "  Hello\nthere  ")
    chat.refresh_from_db()
    assert (message.direction, message.author, message.delivery_status) == ("outbound", agent, "pending")
    assert (message.parts, message.text) == ([{"type": "text", "value": "Hello\nthere"}], "Hello there")
    assert (chat.last_message_text, chat.last_message_is_ours, chat.sort_at) == ("Hello there", True, moment.now)
    operation = message.operation
    assert (operation.kind, operation.state, operation.due_at) == (Kind.SEND_MESSAGE, State.QUEUED, moment.now)
    assert (operation.lane.line, operation.requested_by, str(operation.key)) == (chat.line, agent, message.key)
    record = AuditRecord.objects.get()
    assert (record.action, record.actor, record.chat, record.line) == ("message.send", agent, chat, chat.line)
    assert "Hello" not in f"{record.target}{record.before}{record.after}"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Write something first."),
        (" \n\t ", "Write something first."),
        ("x" * 10_001, "This is 1 characters too long: 10,000 is the most."),
        ("x" * 12_345, "This is 2,345 characters too long: 10,000 is the most."),
    ],
)
def test_a_text_that_cannot_be_sent(text: str, sentence: str, chat: Chat, agent: User) -> None:
    refused(sentence, "text", send, chat, agent, text)


@pytest.mark.parametrize("text", ["a\x00b", "a\ud83db"], ids=["U+0000", "half a pair"])
def test_a_text_that_no_database_holds(text: str, chat: Chat, agent: User) -> None:
    with pytest.raises(Refused) as refusal:
        send(chat, agent, text)
    assert refusal.value.field == "text"
    assert Message.objects.count() == 0


def test_the_longest_text_is_sent(chat: Chat, agent: User) -> None:
    assert len(send(chat, agent, "x" * 10_000).text) == 10_000


def test_nothing_is_sent_into_a_group_that_we_left(group: Chat, agent: User) -> None:
    Chat.objects.filter(pk=group.pk).update(left_at=NOON)
    refused("Our line has left this group, so nothing can be sent.", None, send, group, agent)


def test_asking_twice_is_asking_once(chat: Chat, agent: User) -> None:
    key = uuid.uuid4()
    assert send(chat, agent, key=key) == send(chat, agent, "Something else", key=key)
    assert (Message.objects.count(), Operation.objects.count(), AuditRecord.objects.count()) == (1, 1, 1)


def test_one_key_is_for_one_chat(chat: Chat, group: Chat, agent: User) -> None:
    key = uuid.uuid4()
    send(chat, agent, key=key)
    refused("This message was already sent in another chat.", None, send, group, agent, "Hello", key)


@pytest.mark.django_db(transaction=True)
def test_a_double_click_sends_once(chat: Chat, agent: User) -> None:
    results = at_once(*[partial(send, chat, agent, "Hello", uuid.uuid4())] * 4)
    assert len({message.pk for message in results}) == 1
    assert (Message.objects.count(), Operation.objects.count(), AuditRecord.objects.count()) == (1, 1, 1)


WHO = "Say who it is for: a phone number such as +14155550123, or an e-mail address."
TOO_FEW_ZEROS = "“0415 555” has spaces or punctuation in it. Write the number like +12025550123."


@pytest.mark.parametrize(
    ("to", "text", "field", "sentence"),
    [
        ([], "Hello", "to", WHO),
        (["", " "], "Hello", "to", WHO),
        (["0415 555"], "Hello", "to", TOO_FEW_ZEROS),
        (["+12025550101"], "Hello", "to", "That is the line's own number."),
        ([f"+1415555{n:04}" for n in range(32)], "Hello", "to", "A group can have 31 people at the most."),
        (["+14155550123"], "", "text", "Write something first."),
    ],
)
def test_a_chat_that_cannot_be_started(
    to: list[str], text: str, field: str, sentence: str, line: Line, agent: User
) -> None:
    refused(sentence, field, start_chat, line=line, to=to, text=text, by=agent, key=uuid.uuid4())
    assert not Handle.objects.filter(value__startswith="+1415").exists()


def test_a_first_message_has_no_link(line: Line, chat: Chat, agent: User) -> None:
    text = "See https://example.com"
    with pytest.raises(Refused) as refusal:
        start_chat(line=line, to=["+14155550123"], text=text, by=agent, key=uuid.uuid4())
    assert refusal.value.field == "text"
    assert (Message.objects.count(), Operation.objects.count(), AuditRecord.objects.count()) == (0, 0, 0)
    start_chat(line=line, to=["+14155550101"], text=text, by=agent, key=uuid.uuid4())
    assert Message.objects.get().chat == chat


def test_thirty_one_people_are_a_group(line: Line, agent: User) -> None:
    to = [f"+1415555{n:04}" for n in range(31)]
    chat = start_chat(line=line, to=[*to, to[0]], text="Hello", by=agent, key=uuid.uuid4())
    assert (chat.is_group, chat.participants.count()) == (True, 32)


def test_reading_clears_and_sends_one_receipt(chat: Chat, agent: User) -> None:
    mark_read(chat=chat, by=agent)
    assert Operation.objects.count() == 0
    for _ in range(2):
        Chat.objects.filter(pk=chat.pk).update(unread_count=2)
        mark_read(chat=chat, by=agent)
        chat.refresh_from_db()
        assert chat.unread_count == 0
    assert list(Operation.objects.values_list("kind", flat=True)) == [Kind.MARK_READ]


@pytest.mark.parametrize("where", ["group", "sms"])
def test_no_receipt_where_there_are_none(where: str, chat: Chat, group: Chat, agent: User) -> None:
    read = group if where == "group" else chat
    Chat.objects.filter(pk=read.pk).update(unread_count=2, service="SMS")
    read.refresh_from_db()
    mark_read(chat=read, by=agent)
    read.refresh_from_db()
    assert (read.unread_count, Operation.objects.count()) == (0, 0)


def test_marking_unread_stays_here(chat: Chat, agent: User) -> None:
    mark_unread(chat=chat, by=agent)
    mark_unread(chat=chat, by=agent)
    chat.refresh_from_db()
    assert (chat.unread_count, Operation.objects.count()) == (1, 0)


# Taking back, and trying again.
def test_what_has_not_left_can_be_taken_back(chat: Chat, agent: User, remote: Remote, moment: Clock) -> None:
    message = send(chat, agent)
    operation = cancel_operation(operation=message.operation, by=agent)
    message.refresh_from_db()
    assert (operation.state, operation.due_at, operation.settled_at) == (State.CANCELLED, None, moment.now)
    assert (message.delivery_status, message.error) == ("failed", "Taken back before it was sent.")
    assert work() == 0
    assert remote.asked == []


@pytest.mark.parametrize("state", [State.SENDING, State.UNKNOWN, State.ACCEPTED, State.CONFIRMED, State.FAILED])
def test_what_may_have_left_cannot(state: State, chat: Chat, agent: User) -> None:
    operation = send(chat, agent).operation
    settled = NOON if state in {State.CONFIRMED, State.FAILED} else None
    Operation.objects.filter(pk=operation.pk).update(
        state=state, lease_expires_at=NOON, settled_at=settled, due_at=None if settled else NOON, error="No."
    )
    refused(
        "The remote may have it already, so it can no longer be taken back.",
        None,
        cancel_operation,
        operation=operation,
        by=agent,
    )


@pytest.mark.django_db(transaction=True)
def test_taking_back_twice_at_once_is_done_once(chat: Chat, agent: User, manager: User) -> None:
    operation = send(chat, agent).operation
    results = at_once(
        partial(cancel_operation, operation=operation, by=agent),
        partial(cancel_operation, operation=operation, by=manager),
    )
    assert sorted(type(one).__name__ for one in results) == ["Operation", "Refused"]
    assert AuditRecord.objects.filter(action="operation.cancel").count() == 1


def fail(message: Message, **fields: Any) -> Operation:
    Operation.objects.filter(message=message).update(
        state=State.FAILED, error="No.", settled_at=NOON, due_at=None, attempts=5, lookups=3, **fields
    )
    Message.objects.filter(pk=message.pk).update(delivery_status="failed", error="No.", error_code=1, failed_at=NOON)
    return Operation.objects.get(message=message)


def test_what_was_never_accepted_keeps_its_key(chat: Chat, agent: User, moment: Clock) -> None:
    message = send(chat, agent)
    operation = fail(message)
    moment.tick(hours=30)
    retried = retry_operation(operation=operation, by=agent)
    retried.refresh_from_db()
    message.refresh_from_db()
    assert (retried.pk, retried.key, retried.state) == (operation.pk, operation.key, State.QUEUED)
    assert (retried.attempts, retried.lookups, retried.due_at, retried.retried_at) == (0, 0, moment.now, moment.now)
    assert (message.delivery_status, message.error, message.error_code, message.failed_at) == (
        "pending",
        "",
        None,
        None,
    )


def test_what_was_accepted_and_failed_leaves_as_a_new_message(chat: Chat, agent: User) -> None:
    message = send(chat, agent)
    Message.objects.filter(pk=message.pk).update(remote_id=uuid.uuid4())
    operation = fail(message)
    again = retry_operation(operation=operation, by=agent)
    assert again.message is not None
    assert (again.kind, again.state, again.message.text, again.message.chat) == (
        Kind.SEND_MESSAGE,
        State.QUEUED,
        "Hello",
        chat,
    )
    assert again.key != operation.key
    assert str(again.key) == again.message.key
    operation.refresh_from_db()
    assert operation.state == State.FAILED
    refused("It has already been sent again.", None, retry_operation, operation=operation, by=agent)


@pytest.mark.parametrize("state", [State.QUEUED, State.ACCEPTED, State.CONFIRMED, State.CANCELLED])
def test_only_what_failed_is_tried_again(state: State, chat: Chat, agent: User) -> None:
    operation = send(chat, agent).operation
    settled = NOON if state in {State.CONFIRMED, State.CANCELLED} else None
    Operation.objects.filter(pk=operation.pk).update(state=state, settled_at=settled, due_at=None if settled else NOON)
    refused("Only what has failed can be tried again.", None, retry_operation, operation=operation, by=agent)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("accepted", [False, True])
def test_trying_again_twice_at_once_is_done_once(accepted: bool, chat: Chat, agent: User) -> None:
    message = send(chat, agent)
    if accepted:
        Message.objects.filter(pk=message.pk).update(remote_id=uuid.uuid4())
    operation = fail(message)
    results = at_once(*[partial(retry_operation, operation=operation, by=agent)] * 3)
    assert sorted(type(one).__name__ for one in results) == ["Operation", "Refused", "Refused"]
    assert (Message.objects.count(), Operation.objects.count()) == ((2, 2) if accepted else (1, 1))
    assert AuditRecord.objects.filter(action="operation.retry").count() == 1
