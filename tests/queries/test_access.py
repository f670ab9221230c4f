"""Lines are the boundary: what is out of sight answers exactly as what does not exist."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.http import Http404

from chats.actions.messages import send_message
from chats.models import Chat, Contact, Line, LineAccess, Message, Operation, WebhookEvent
from chats.queries import access
from tests import wire
from tests.people import make_chat, make_handle, make_person

NOWHERE = 10**9


@dataclass
class World:
    """The same things on either line."""

    line: Line
    chat: Chat
    message: Message
    operation: Operation
    event: WebhookEvent
    contact: Contact


def make_world(line: Line, number: str, name: str) -> World:
    handle = make_handle(number, name)
    chat = make_chat(line, handle)
    by = make_person(f"writer-{line.pk}", "Agent", line)
    message = send_message(chat=chat, text="Hello", by=by, key=uuid.uuid4())
    event = wire.store("call.ringing", {})
    WebhookEvent.objects.filter(pk=event.pk).update(line=line, chat=chat)
    assert handle.contact is not None
    return World(line, chat, message, message.operation, event, handle.contact)


@pytest.fixture
def ours(line: Line) -> World:
    return make_world(line, "+14155550101", "Ada Example")


@pytest.fixture
def theirs(other_line: Line) -> World:
    return make_world(other_line, "+14155550102", "Gus Example")


LISTS: dict[str, Callable[[Any], Any]] = {
    "line": access.lines_for,
    "chat": access.chats_for,
    "message": access.messages_for,
    "operation": access.operations_for,
    "event": access.events_for,
    "contact": access.contacts_for,
}
ONES: dict[str, Callable[[Any, int], Any]] = {
    "line": access.get_line,
    "chat": access.get_chat,
    "message": access.get_message,
    "operation": access.get_operation,
    "event": access.get_event,
}


def nobody() -> User:
    """Somebody who holds every right and is no longer active."""
    user = make_person("gone", "Administrator")
    user.is_active = False
    user.save()
    return User.objects.get(pk=user.pk)


@pytest.mark.parametrize("what", LISTS)
def test_lists_end_at_the_line(
    what: str, ours: World, theirs: World, agent: User, manager: User, outsider: User, administrator: User
) -> None:
    mine, foreign = getattr(ours, what), getattr(theirs, what)
    for person in (agent, manager):
        assert list(LISTS[what](person)) == [mine]
    assert list(LISTS[what](outsider)) == [foreign]
    assert set(LISTS[what](administrator)) == {mine, foreign}
    for stranger in (AnonymousUser(), make_person("new", "Agent"), make_person("roleless", ""), nobody()):
        assert list(LISTS[what](stranger)) == []


@pytest.mark.parametrize("what", ONES)
def test_forbidden_and_missing_answer_alike(
    what: str, ours: World, theirs: World, agent: User, outsider: User, administrator: User
) -> None:
    one = getattr(ours, what)
    assert ONES[what](agent, one.pk) == one
    assert ONES[what](administrator, one.pk) == one
    answers = []
    for person, pk in (
        (outsider, one.pk),
        (AnonymousUser(), one.pk),
        (nobody(), one.pk),
        (agent, NOWHERE),
        (agent, 10**30),
        (administrator, -1),
    ):
        with pytest.raises(Http404) as refusal:
            ONES[what](person, pk)
        answers.append(str(refusal.value))
    assert set(answers) == {""}


def test_what_belongs_to_no_line_is_for_those_who_see_all(agent: User, administrator: User) -> None:
    event = wire.store("team_member.added", {})
    assert list(access.events_for(agent)) == []
    assert list(access.events_for(administrator)) == [event]


def test_a_line_taken_away_is_gone_at_once(ours: World, agent: User) -> None:
    LineAccess.objects.filter(user=agent).delete()
    assert list(access.chats_for(agent)) == []
    with pytest.raises(Http404):
        access.get_chat(agent, ours.chat.pk)


def test_a_person_on_two_lines_is_seen_once(ours: World, theirs: World, agent: User) -> None:
    LineAccess.objects.create(user=agent, line=theirs.line)
    make_chat(theirs.line, ours.chat.participants.get(is_me=False).handle)
    assert sorted(access.contacts_for(agent).values_list("name", flat=True)) == ["Ada Example", "Gus Example"]


def test_rights_belong_to_the_role(agent: User, manager: User, administrator: User) -> None:
    assert [access.has_right(one, "chats.manage_groups") for one in (agent, manager, administrator)] == [
        False,
        True,
        True,
    ]
    assert access.has_right(AnonymousUser(), "chats.read_chats") is False
    assert access.has_right(nobody(), "chats.read_chats") is False
    assert [access.sees_all_lines(one) for one in (agent, manager, administrator)] == [False, False, True]
