"""Starting chats: one chat and one message, whatever comes first and however often it is asked."""

from __future__ import annotations

import itertools
import uuid
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User

from chats.actions.messages import send_message, start_chat
from chats.actions.operations import retry_operation
from chats.engine import store
from chats.models import Chat, Line, Message, Operation, Participant
from chats.models.operation import Kind, State
from chats.v3 import resources
from tests import wire
from tests.engine.worker import Clock, at_once, hear, only_operation, work
from tests.people import make_chat, make_handle
from tests.remote import Answer, Remote, wrong

PERSON = "+14155550123"
CHAT_ID = "550e8400-e29b-41d4-a716-446655440000"
MESSAGE_ID = "69a37c7d-af4f-4b5e-af42-e28e98ce873a"


@pytest.fixture(autouse=True)
def _frozen(moment: Clock, wakes: list[Any]) -> None:
    """Time moves only where a test moves it."""


def start(line: Line, by: User, *to: str, key: uuid.UUID | None = None, text: str = "Hello") -> Chat:
    return start_chat(line=line, to=to or [PERSON], text=text, by=by, key=key or uuid.uuid4())


def created(line: Line, *to: str) -> Answer:
    chat = wire.new_chat(CHAT_ID, line.phone_number, *(to or [PERSON]))
    del chat["created_at"], chat["updated_at"], chat["is_archived"], chat["group_chat_icon"]
    return Answer(201, {"chat": {**chat, "message": wire.sent(MESSAGE_ID)}})


def test_a_chat_comes_to_be_with_its_first_message(line: Line, agent: User, remote: Remote) -> None:
    chat = start(line, agent, PERSON, "ann@Example.com", text="Hello you two")
    assert (chat.remote_id, chat.is_group, chat.title) == (None, True, f"{PERSON}, ann@example.com")
    remote.on("POST", "/v3/chats", created(line, PERSON, "ann@example.com"))
    work()
    [asked] = remote.asked
    operation = only_operation()
    assert asked.body == {
        "from": line.phone_number,
        "to": [PERSON, "ann@example.com"],
        "message": {"parts": [{"type": "text", "value": "Hello you two"}], "idempotency_key": str(operation.key)},
    }
    chat.refresh_from_db()
    assert (str(chat.remote_id), chat.last_message_text, chat.last_message_is_ours) == (CHAT_ID, "Hello you two", True)
    assert (operation.kind, operation.state) == (Kind.CREATE_CHAT, State.ACCEPTED)
    assert str(wire.ours(chat).remote_id) == MESSAGE_ID
    assert sorted(Participant.objects.filter(chat=chat).values_list("handle__value", "is_me")) == [
        (line.phone_number, True),
        (PERSON, False),
        ("ann@example.com", False),
    ]


def _webhook(line: Line) -> None:
    hear("chat.created", wire.new_chat(CHAT_ID, line.phone_number, PERSON))


def _sync(line: Line) -> None:
    store.save_chats([resources.Chat.from_json(wire.new_chat(CHAT_ID, line.phone_number, PERSON))])


def _message_event(line: Line) -> None:
    key = str(Operation.objects.get().key)
    hear("message.sent", wire.message_event(CHAT_ID, MESSAGE_ID, key=key))


FIRST = {"webhook": _webhook, "sync": _sync, "message": _message_event}


@pytest.mark.parametrize(
    "order", [order for count in (1, 2, 3) for order in itertools.permutations(FIRST, count)], ids="-".join
)
def test_whatever_comes_before_the_answer_there_is_one_chat(
    order: tuple[str, ...], line: Line, agent: User, remote: Remote, moment: Clock
) -> None:
    chat = start(line, agent)
    remote.on("POST", "/v3/chats", Answer(cut="unanswered"), created(line))
    remote.on("GET", f"/v3/chats/{CHAT_ID}", Answer(body=wire.new_chat(CHAT_ID, line.phone_number, PERSON)))
    work()
    for what in order:
        FIRST[what](line)
    moment.tick(seconds=5)
    work()
    for what in order:
        FIRST[what](line)
    row = Chat.objects.get()
    message = Message.objects.get()
    assert (row.pk, str(row.remote_id), message.chat_id) == (chat.pk, CHAT_ID, chat.pk)
    assert (str(message.remote_id), message.key) == (MESSAGE_ID, str(only_operation().key))
    assert only_operation().state == (State.CONFIRMED if "message" in order else State.ACCEPTED)
    assert sorted(Participant.objects.values_list("handle__value", flat=True)) == [line.phone_number, PERSON]
    assert len({asked.key for asked in remote.calls("POST", "/v3/chats")}) == 1


def test_asking_twice_with_one_key_starts_one_chat(line: Line, agent: User, remote: Remote) -> None:
    key = uuid.uuid4()
    assert start(line, agent, key=key) == start(line, agent, key=key)
    assert (Chat.objects.count(), Message.objects.count(), Operation.objects.count()) == (1, 1, 1)


@pytest.mark.django_db(transaction=True)
def test_a_double_click_starts_one_chat(line: Line, agent: User, remote: Remote) -> None:
    click = partial(start, line, agent, key=uuid.uuid4())
    results = at_once(click, click, click)
    assert len({chat.pk for chat in results}) == 1
    assert (Chat.objects.count(), Message.objects.count(), Operation.objects.count()) == (1, 1, 1)


@pytest.mark.django_db(transaction=True)
def test_two_people_who_start_the_same_chat_share_it(line: Line, agent: User, manager: User, remote: Remote) -> None:
    results = at_once(partial(start, line, agent), partial(start, line, manager))
    assert len({chat.pk for chat in results}) == 1
    assert sorted(Operation.objects.values_list("kind", flat=True)) == [Kind.CREATE_CHAT, Kind.SEND_MESSAGE]


def test_a_direct_chat_that_exists_is_used(chat: Chat, line: Line, agent: User) -> None:
    assert start(line, agent, "+14155550101") == chat
    assert only_operation().kind == Kind.SEND_MESSAGE


def test_a_direct_chat_of_another_line_is_not(chat: Chat, other_line: Line, outsider: User) -> None:
    assert start(other_line, outsider, "+14155550101") != chat
    assert only_operation().kind == Kind.CREATE_CHAT


PEOPLE = ["+14155550111", "+14155550112"]


@pytest.mark.parametrize(
    ("name", "status", "left", "reused"),
    [
        ("", "active", None, True),
        ("+14155550111,+14155550112", "active", None, True),
        ("Crew", "active", None, False),
        ("", "removed", None, False),
        ("", "active", "2026-07-03T12:00:00Z", False),
    ],
    ids=["nobody named it", "named by its handles", "named", "somebody went", "we left"],
)
def test_a_group_is_used_again_as_the_remote_would(
    name: str, status: str, left: str | None, reused: bool, line: Line, agent: User
) -> None:
    group = make_chat(line, *(make_handle(value) for value in PEOPLE))
    Chat.objects.filter(pk=group.pk).update(display_name=name, left_at=left)
    Participant.objects.filter(chat=group, handle__value=PEOPLE[0]).update(status=status)
    assert (start(line, agent, *reversed(PEOPLE)) == group) is reused
    assert only_operation().kind == (Kind.SEND_MESSAGE if reused else Kind.CREATE_CHAT)


def test_other_people_are_another_group(line: Line, agent: User) -> None:
    group = make_chat(line, *(make_handle(value) for value in [*PEOPLE, "+14155550113"]))
    assert start(line, agent, *PEOPLE) != group


def test_a_start_that_failed_is_not_written_into(line: Line, agent: User, remote: Remote) -> None:
    first = start(line, agent)
    remote.on("POST", "/v3/chats", Answer(403, wrong(2008)), created(line))
    work()
    second = start(line, agent)
    assert second != first
    work()
    second.refresh_from_db()
    assert str(second.remote_id) == CHAT_ID
    # Trying the first again finds the same chat at the remote, and the two become one.
    retry_operation(operation=Operation.objects.get(chat=first), by=agent)
    remote.on(
        "POST", "/v3/chats", Answer(201, {"chat": {**wire.chat_of(second), "message": wire.sent(str(uuid.uuid4()))}})
    )
    work()
    assert list(Chat.objects.values_list("pk", "remote_id")) == [(first.pk, uuid.UUID(CHAT_ID))]
    assert Message.objects.filter(chat=first).count() == 2


def test_the_twin_brings_its_unread_messages(line: Line, agent: User, remote: Remote, moment: Clock) -> None:
    chat = start(line, agent)
    remote.on("POST", "/v3/chats", Answer(cut="unanswered"), created(line))
    work()
    _sync(line)
    hear("message.received", wire.message_event(CHAT_ID, str(uuid.uuid4()), sender=PERSON, text="Who is this?"))
    moment.tick(seconds=5)
    work()
    chat.refresh_from_db()
    assert (chat.unread_count, Message.objects.filter(chat=chat).count(), Chat.objects.count()) == (1, 2, 1)


@pytest.mark.django_db(transaction=True)
def test_a_send_and_an_event_of_the_same_chat_do_not_lock_each_other_out(
    line: Line, chat: Chat, agent: User, remote: Remote
) -> None:
    """Both need the chat and its line; taken in two orders, each would wait for the other."""
    told = wire.chat_of(chat)

    def send() -> None:
        for number in range(8):
            send_message(chat=chat, text=f"Message {number}", by=agent, key=uuid.uuid4())

    def listen() -> list[str]:
        return [hear("chat.created", told).error for _ in range(8)]

    assert at_once(send, listen) == [None, [""] * 8]
    assert Message.objects.filter(chat=chat).count() == 8
