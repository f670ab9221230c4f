"""Editing, deleting and reacting: pending until an event or a look shows it, in order for one message."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from chats.actions.touches import add_reaction, delete_message, edit_message, remove_reaction
from chats.engine import inflow
from chats.models import Chat, Message, Operation, Reaction
from chats.models.operation import State
from chats.queries.waiting import why
from tests import wire
from tests.console.inbox.words import write
from tests.engine.worker import Clock, hear, only_operation, work
from tests.people import NOON
from tests.remote import TRACE, Answer, Remote, wrong

pytestmark = pytest.mark.django_db
MESSAGE = "/v3/messages/[^/]+"
REACTIONS = f"{MESSAGE}/reactions"
ACCEPTED = {"status": "accepted", "message": "Reaction processed", "trace_id": TRACE}
SOON = NOON + timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _frozen(moment: Clock, wakes: list[Any]) -> None:
    """Time moves only where a test moves it."""


@pytest.fixture
def ours(chat: Chat, agent: User) -> Message:
    return write(chat, "Helo", ours=True, author=agent, service="iMessage", sent_at=NOON)


def theirs(message: Message, text: str = "Helo", **more: Any) -> dict[str, Any]:
    """The message as the remote has it."""
    return wire.message(str(message.remote_id), str(message.chat.remote_id), text, updated_at=wire.at(SOON), **more)


def edited(message: Message, text: str, **more: Any) -> dict[str, Any]:
    chat = {"id": str(message.chat.remote_id), "is_group": False, "owner_handle": None, "health_status": None}
    part = {"index": 0, "text": text}
    told = {"id": str(message.remote_id), "chat": chat, "direction": "outbound", "part": part}
    return {**told, "edited_at": wire.at(SOON), **more}


def reacted(message: Message, kind: str, **more: Any) -> dict[str, Any]:
    line = message.chat.line.phone_number
    return {
        "chat_id": str(message.chat.remote_id),
        "message_id": str(message.remote_id),
        "part_index": 0,
        "reaction_type": kind,
        "custom_emoji": None,
        "is_from_me": True,
        "from_handle": wire.handle(line, me=True),
        "reacted_at": wire.at(SOON),
        **more,
    }


def given(kind: str, emoji: str | None = None) -> dict[str, Any]:
    return {"type": kind, "is_me": True, "handle": wire.handle("+12025550101", me=True), "custom_emoji": emoji}


def says(message: Message) -> str:
    message.refresh_from_db()
    return message.text


def test_other_words_show_only_when_an_event_confirms_them(ours: Message, agent: User, remote: Remote) -> None:
    edit_message(message=ours, text="Hello", by=agent)
    remote.on("PATCH", MESSAGE, Answer(body=theirs(ours, "Hello")))
    work()
    assert [asked.body for asked in remote.asked] == [{"text": "Hello", "part_index": 0}]
    assert (only_operation().state, says(ours)) == (State.ACCEPTED, "Helo")
    assert why(only_operation()).startswith("The remote has the new words")
    hear("message.edited", edited(ours, "Hello"))
    assert (only_operation().state, says(ours), ours.edited_at) == (State.CONFIRMED, "Hello", SOON)
    hear("message.edited", edited(ours, "Hello"))
    assert (only_operation().state, work()) == (State.CONFIRMED, 0)


def test_an_edit_whose_event_was_lost_is_looked_up(ours: Message, agent: User, remote: Remote, moment: Clock) -> None:
    edit_message(message=ours, text="Hello", by=agent)
    remote.on("PATCH", MESSAGE, Answer(body=theirs(ours, "Hello")))
    remote.on("GET", MESSAGE, Answer(body=theirs(ours)), Answer(body=theirs(ours, "Hello")))
    work()
    moment.tick(seconds=20)
    work()
    assert (only_operation().state, says(ours)) == (State.ACCEPTED, "Helo")
    moment.tick(seconds=20)
    work()
    assert (only_operation().state, says(ours)) == (State.CONFIRMED, "Hello")


def test_an_edit_without_an_answer_is_looked_for_first(
    ours: Message, agent: User, remote: Remote, moment: Clock
) -> None:
    edit_message(message=ours, text="Hello", by=agent)
    remote.on("PATCH", MESSAGE, Answer(cut="unanswered"))
    work()
    assert only_operation().state == State.UNKNOWN
    remote.on("GET", MESSAGE, Answer(body=theirs(ours, "Hello")))
    moment.tick(seconds=5)
    work()
    assert (only_operation().state, says(ours)) == (State.CONFIRMED, "Hello")
    assert len(remote.calls("PATCH", MESSAGE)) == 1


def test_somebody_elses_edit_confirms_nothing(ours: Message, agent: User, remote: Remote) -> None:
    edit_message(message=ours, text="Hello", by=agent)
    remote.on("PATCH", MESSAGE, Answer(body=theirs(ours, "Hello")))
    work()
    hear("message.edited", edited(ours, "Hello!"))
    assert (only_operation().state, says(ours)) == (State.ACCEPTED, "Hello!")


def test_a_line_that_keeps_nothing_does_not_say_the_words(ours: Message, agent: User, remote: Remote) -> None:
    edit_message(message=ours, text="Hello", by=agent)
    remote.on("PATCH", MESSAGE, Answer(body=theirs(ours, "Hello")))
    work()
    hear("message.edited", edited(ours, "", zero_retention=True))
    assert (only_operation().state, says(ours)) == (State.CONFIRMED, "Helo")


def test_an_edit_that_comes_too_late_asks_nothing(ours: Message, agent: User, remote: Remote, moment: Clock) -> None:
    edit_message(message=ours, text="Hello", by=agent)
    moment.tick(minutes=15)
    assert work() == 0
    assert (only_operation().state, remote.asked, says(ours)) == (State.FAILED, [], "Helo")
    assert only_operation().error == "It was too late to be useful, so it was not sent."


def test_edits_of_one_message_leave_in_order_and_hold_up_no_other(
    ours: Message, agent: User, remote: Remote, moment: Clock
) -> None:
    other = write(ours.chat, "Bye", ours=True, author=agent, service="iMessage", sent_at=NOON)
    remote.on("PATCH", MESSAGE, Answer(429, wrong(1007), {"Retry-After": "30"}), Answer(body=theirs(ours)))
    edit_message(message=ours, text="First", by=agent)
    second = edit_message(message=ours, text="Second", by=agent)
    edit_message(message=other, text="Goodbye", by=agent)
    work()
    assert [asked.body["text"] for asked in remote.asked] == ["First", "Goodbye"]
    second.refresh_from_db()
    assert why(second).startswith("An earlier operation of the same message has to be settled first")
    remote.on("GET", MESSAGE, Answer(body=theirs(ours)))
    moment.tick(seconds=30)
    work()
    assert [asked.body["text"] for asked in remote.calls("PATCH", MESSAGE)] == ["First", "Goodbye", "First", "Second"]


def test_a_deleted_message_goes_here_too(ours: Message, agent: User, remote: Remote, moment: Clock) -> None:
    edit_message(message=ours, text="Hello", by=agent)
    Operation.objects.update(state=State.CONFIRMED, settled_at=NOON, due_at=None)
    operation = delete_message(message=ours, by=agent)
    Chat.objects.filter(pk=ours.chat_id).update(last_message_text="Helo", last_message_is_ours=True)
    remote.on("DELETE", MESSAGE, Answer(204))
    assert says(ours) == "Helo"
    work()
    operation.refresh_from_db()
    assert (operation.state, operation.due_at, says(ours), ours.parts) == (State.ACCEPTED, None, "", [])
    assert (ours.deleted_at, ours.cleared_at) == (moment.now, moment.now)
    assert Chat.objects.get(pk=ours.chat_id).last_message_text == ""
    # The words of an edit go with it.
    assert Operation.objects.get(kind="edit_message").payload == {}


def test_a_message_that_is_gone_already_counts_as_deleted(ours: Message, agent: User, remote: Remote) -> None:
    delete_message(message=ours, by=agent)
    remote.on("DELETE", MESSAGE, Answer(404, wrong(2002)))
    work()
    assert (only_operation().state, says(ours)) == (State.ACCEPTED, "")


def test_a_deletion_without_an_answer_is_looked_at(ours: Message, agent: User, remote: Remote, moment: Clock) -> None:
    delete_message(message=ours, by=agent)
    remote.on("DELETE", MESSAGE, Answer(cut="unanswered"))
    work()
    assert says(ours) == "Helo"
    remote.on("GET", MESSAGE, Answer(404, wrong(2002)))
    moment.tick(seconds=5)
    work()
    assert (only_operation().state, says(ours)) == (State.CONFIRMED, "")
    assert len(remote.calls("DELETE", MESSAGE)) == 1


@pytest.mark.parametrize(("kind", "emoji"), [("love", ""), ("custom", "🦄")])
def test_a_reaction_is_pending_until_its_event(
    kind: str, emoji: str, ours: Message, agent: User, remote: Remote
) -> None:
    add_reaction(message=ours, type=kind, emoji=emoji, by=agent)
    remote.on("POST", REACTIONS, Answer(202, ACCEPTED))
    work()
    body = {"operation": "add", "type": kind, "part_index": 0} | ({"custom_emoji": emoji} if emoji else {})
    assert [asked.body for asked in remote.asked] == [body]
    assert (only_operation().state, Reaction.objects.count()) == (State.ACCEPTED, 0)
    hear("reaction.added", reacted(ours, kind, custom_emoji=emoji or None))
    assert only_operation().state == State.CONFIRMED
    assert Reaction.objects.values_list("type", "custom_emoji", "is_me").get() == (kind, emoji, True)
    hear("reaction.added", reacted(ours, kind, custom_emoji=emoji or None))
    assert (Reaction.objects.count(), only_operation().state) == (1, State.CONFIRMED)


def test_their_reaction_confirms_none_of_ours(ours: Message, agent: User, remote: Remote) -> None:
    add_reaction(message=ours, type="love", by=agent)
    remote.on("POST", REACTIONS, Answer(202, ACCEPTED))
    work()
    person = wire.handle("+14155550101")
    hear("reaction.added", reacted(ours, "love", is_from_me=False, from_handle=person))
    assert only_operation().state == State.ACCEPTED


def test_a_reaction_is_looked_up_and_takes_the_place_of_the_one_before(
    ours: Message, agent: User, remote: Remote, moment: Clock
) -> None:
    Reaction.objects.create(message=ours, type="like", is_me=True)
    Reaction.objects.create(message=ours, type="sticker", is_me=True, remote_id="s1")
    add_reaction(message=ours, type="love", by=agent)
    remote.on("POST", REACTIONS, Answer(cut="unanswered"))
    work()
    shown = theirs(ours, parts=[{"type": "text", "value": "Helo", "reactions": [given("love")]}])
    remote.on("GET", MESSAGE, Answer(body=shown))
    moment.tick(seconds=5)
    work()
    assert only_operation().state == State.CONFIRMED
    assert sorted(Reaction.objects.values_list("type", flat=True)) == ["love", "sticker"]
    assert len(remote.calls("POST", REACTIONS)) == 1


def test_a_reaction_is_taken_back(ours: Message, agent: User, remote: Remote) -> None:
    hear("reaction.added", reacted(ours, "love", reacted_at=wire.at(NOON)))
    remove_reaction(message=ours, type="love", by=agent)
    remote.on("POST", REACTIONS, Answer(202, ACCEPTED))
    work()
    assert [asked.body for asked in remote.asked] == [{"operation": "remove", "type": "love", "part_index": 0}]
    assert (only_operation().state, Reaction.objects.count()) == (State.ACCEPTED, 1)
    hear("reaction.removed", reacted(ours, "love"))
    assert (only_operation().state, Reaction.objects.count()) == (State.CONFIRMED, 0)


def test_a_reaction_that_the_remote_refuses_says_why(ours: Message, agent: User, remote: Remote) -> None:
    add_reaction(message=ours, type="love", by=agent)
    remote.on("POST", REACTIONS, Answer(409, wrong(2015)))
    work()
    operation = only_operation()
    assert (operation.state, operation.error_code, Reaction.objects.count()) == (State.FAILED, 2015, 0)
    ours.refresh_from_db()
    assert ours.delivery_status == "delivered"


def test_what_touches_a_second_row_of_a_message_moves_with_it(ours: Message, agent: User) -> None:
    """The answer of a send joins a row that an event made: what was asked about that row is not lost."""
    operation = add_reaction(message=ours, type="love", by=agent)
    row = Message.objects.create(chat=ours.chat, direction="outbound", key="k", happened_at=NOON)
    inflow.attach(row, str(ours.remote_id))
    operation.refresh_from_db()
    assert operation.about == row
