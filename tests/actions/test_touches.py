"""Editing, deleting, reacting: what is written, what is refused with which sentence, and two at once."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User

from chats.actions.operations import cancel_operation, retry_operation
from chats.actions.rules import NotAllowed, Refused
from chats.actions.touches import add_reaction, delete_message, edit_message, remove_reaction
from chats.models import AuditRecord, Chat, Message, Operation, Reaction
from chats.models.operation import Kind, State
from tests.console.inbox.words import write
from tests.engine.worker import Clock, at_once
from tests.people import NOON, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _frozen(moment: Clock, wakes: list[Any]) -> None:
    """Time moves only where a test moves it, and nobody is woken."""


@pytest.fixture
def ours(chat: Chat, agent: User) -> Message:
    return write(chat, "Helo", ours=True, author=agent, service="iMessage", sent_at=NOON)


def edit(message: Message, by: User, text: str = "Hello", part_index: int = 0) -> Operation:
    return edit_message(message=message, text=text, by=by, part_index=part_index)


def react(message: Message, by: User, type: str = "love", emoji: str = "", part_index: int = 0) -> Operation:
    return add_reaction(message=message, type=type, emoji=emoji, by=by, part_index=part_index)


def delete(message: Message, by: User) -> Operation:
    return delete_message(message=message, by=by)


def refused(sentence: str, act: Any, *args: Any, field: str | None = None, **named: Any) -> None:
    before = (Operation.objects.count(), AuditRecord.objects.count())
    with pytest.raises(Refused) as refusal:
        act(*args, **named)
    assert (refusal.value.sentence, refusal.value.field) == (sentence, field)
    assert (Operation.objects.count(), AuditRecord.objects.count()) == before


def settle(state: State) -> None:
    error = "No." if state == State.FAILED else ""
    Operation.objects.update(state=state, settled_at=NOON, due_at=None, error=error)


def test_an_edit_is_an_operation_and_a_record_without_the_words(ours: Message, agent: User) -> None:
    operation = edit(ours, agent, "  Hello ")
    assert (operation.kind, operation.about, operation.message) == (Kind.EDIT_MESSAGE, ours, None)
    assert operation.payload == {"part_index": 0, "text": "Hello"}
    assert operation.send_before == NOON + timedelta(minutes=15)
    record = AuditRecord.objects.get()
    assert (record.action, record.actor, record.chat, record.target) == (
        "message.edit",
        agent,
        ours.chat,
        f"message {ours.pk}",
    )
    assert "Hello" not in f"{record.before}{record.after}"
    ours.refresh_from_db()
    assert ours.text == "Helo"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"direction": "inbound"}, "Only our own messages can be edited."),
        ({"remote_id": None}, "This message cannot be edited."),
        ({"cleared_at": NOON}, "This message cannot be edited."),
        ({"service": "SMS"}, "Only an iMessage can be edited."),
        ({"service": "", "chat": "RCS"}, "Only an iMessage can be edited."),
        ({"delivery_status": "failed", "error": "No."}, "A message that failed cannot be edited."),
        ({"sent_at": NOON - timedelta(minutes=14.5)}, "A message can be edited for 15 minutes after it was sent."),
        ({"parts": [{"type": "media", "id": "1"}]}, "Only a text can be edited."),
        ({"left": True}, "Our line has left this group."),
    ],
)
def test_what_cannot_be_edited(change: dict[str, Any], sentence: str, ours: Message, agent: User) -> None:
    if change.pop("left", False):
        Chat.objects.filter(pk=ours.chat_id).update(left_at=NOON)
    if "chat" in change:
        Chat.objects.filter(pk=ours.chat_id).update(service=change.pop("chat"))
    Message.objects.filter(pk=ours.pk).update(**change)
    ours.refresh_from_db()
    refused(sentence, edit, ours, agent)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (" ", "Write something first."),
        ("x" * 10_001, "This is 1 characters too long: 10,000 is the most."),
        ("Helo", "This is what it says already."),
        ("a\0b", "The text holds a character that cannot be sent."),
    ],
)
def test_words_that_cannot_be_put_there(text: str, sentence: str, ours: Message, agent: User) -> None:
    refused(sentence, edit, ours, agent, text, field="text")


def test_a_part_that_is_not_there_or_no_text(ours: Message, agent: User) -> None:
    refused("Only a text can be edited.", edit, ours, agent, part_index=1)


def test_five_edits_are_the_most(ours: Message, agent: User) -> None:
    for number in range(5):
        edit(ours, agent, f"Text {number}")
    refused("A message can be edited 5 times at the most.", edit, ours, agent, "Text 5")
    refused_sentence = "This is what it says already."
    last = Operation.objects.latest("pk")
    cancel_operation(operation=last, by=agent)
    refused(refused_sentence, edit, ours, agent, "Text 3", field="text")
    edit(ours, agent, "Text 5")
    assert Operation.objects.exclude(state=State.CANCELLED).count() == 5


@pytest.mark.parametrize("act", [edit, delete])
def test_a_colleagues_message_is_for_those_who_may_retry(
    act: Any, ours: Message, administrator: User, manager: User
) -> None:
    colleague = make_person("colleague", "Agent", ours.chat.line)
    with pytest.raises(NotAllowed):
        act(ours, colleague)
    assert (Operation.objects.count(), AuditRecord.objects.count()) == (0, 0)
    act(ours, manager)
    assert Operation.objects.count() == 1


def test_what_others_wrote_is_deleted_by_managers(chat: Chat, agent: User, manager: User) -> None:
    theirs = write(chat)
    with pytest.raises(NotAllowed):
        delete(theirs, agent)
    delete(theirs, manager)
    assert Operation.objects.get().about == theirs


def test_a_message_is_deleted_once(ours: Message, agent: User) -> None:
    delete(ours, agent)
    refused("This message is being deleted already.", delete, ours, agent)
    refused("This message is being deleted.", edit, ours, agent)
    settle(State.ACCEPTED)
    Message.objects.update(deleted_at=NOON)
    refused("This message is deleted already.", delete, ours, agent)
    Message.objects.update(deleted_at=None, remote_id=None)
    refused("This message was never sent, so there is nothing to delete.", delete, ours, agent)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"remote_id": None}, "The remote does not have this message, so nobody can react to it."),
        ({"deleted_at": NOON}, "The remote does not have this message, so nobody can react to it."),
        ({"delivery_status": "failed", "error": "No."}, "Nobody got this message, so nobody can react to it."),
        ({"service": "SMS"}, "There are no reactions on SMS."),
    ],
)
def test_what_takes_no_reaction(change: dict[str, Any], sentence: str, ours: Message, agent: User) -> None:
    Message.objects.filter(pk=ours.pk).update(**change)
    ours.refresh_from_db()
    refused(sentence, react, ours, agent)


@pytest.mark.parametrize(
    ("emoji", "good"),
    [
        ("🦄", True),
        ("👍🏽", True),
        ("👨‍👩‍👧‍👦", True),
        ("🇫🇷", True),
        ("1️⃣", True),
        ("❤️", True),
        ("", False),
        ("a", False),
        ("1", False),
        ("👍 nice", False),
        ("👍" * 17, False),
        ("\u202e👍", False),
        ("<b>", False),
    ],
)
def test_what_is_an_emoji(emoji: str, good: bool, ours: Message, agent: User) -> None:
    if good:
        assert react(ours, agent, "custom", emoji).payload == {
            "part_index": 0,
            "type": "custom",
            "custom_emoji": emoji,
        }
    else:
        refused("Choose a single emoji.", react, ours, agent, "custom", emoji, field="emoji")


@pytest.mark.parametrize(("type", "emoji"), [("sticker", ""), ("hug", ""), ("", ""), ("love", "🦄")])
def test_reactions_that_there_are_not(type: str, emoji: str, ours: Message, agent: User) -> None:
    refused("There is no such reaction.", react, ours, agent, type, emoji, field="type")


def test_a_reaction_that_is_there_or_on_its_way_is_not_asked_for_twice(ours: Message, agent: User) -> None:
    react(ours, agent)
    refused("This reaction is there already.", react, ours, agent)
    # Another one takes its place, and then the first one is asked for anew.
    react(ours, agent, "like")
    refused("This reaction is there already.", react, ours, agent, "like")
    remove_reaction(message=ours, type="like", by=agent)
    refused("This reaction is not there any more.", partial(remove_reaction, type="like", by=agent), message=ours)
    react(ours, agent, "like")
    assert Operation.objects.count() == 4


def test_only_a_reaction_of_ours_is_taken_back(ours: Message, agent: User) -> None:
    Reaction.objects.create(message=ours, type="love", handle=ours.chat.participants.get(is_me=False).handle)
    take = partial(remove_reaction, message=ours, type="love", by=agent)
    refused("This reaction is not there any more.", take)
    Reaction.objects.create(message=ours, type="love", is_me=True)
    assert take().kind == Kind.REMOVE_REACTION


def test_an_agent_takes_back_and_retries_what_they_asked_for(ours: Message, agent: User) -> None:
    operation = react(ours, agent)
    settle(State.FAILED)
    retry_operation(operation=operation, by=agent)
    operation.refresh_from_db()
    assert operation.state == State.QUEUED
    cancel_operation(operation=operation, by=agent)
    operation.refresh_from_db()
    assert operation.state == State.CANCELLED


def test_a_failed_change_is_not_put_on_top_of_a_later_one(ours: Message, agent: User) -> None:
    first = react(ours, agent)
    settle(State.FAILED)
    react(ours, agent, "like")
    refused("It has been asked for anew since.", retry_operation, operation=first, by=agent)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", [edit, delete, react])
def test_of_two_at_once_one_is_heard(act: Any, ours: Message, agent: User) -> None:
    results = at_once(partial(act, ours, agent), partial(act, ours, agent))
    assert sorted(type(one).__name__ for one in results) == ["Operation", "Refused"]
    assert (Operation.objects.count(), AuditRecord.objects.count()) == (1, 1)
