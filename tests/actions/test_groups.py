"""Changing groups: what is written, what is refused with which sentence, and two at once."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User

from chats.actions import groups
from chats.actions.rules import Refused
from chats.models import AuditRecord, Chat, Line, Operation, Participant
from chats.models.operation import Kind, State
from tests.engine.worker import at_once
from tests.people import NOON, make_chat, make_handle

pytestmark = pytest.mark.django_db
BEA, CAS, NEWCOMER = "+14155550111", "+14155550112", "+14155550120"


@pytest.fixture(autouse=True)
def _quiet(wakes: list[Any]) -> None:
    """Nobody is woken."""


def rename(chat: Chat, by: User, name: str = "Team") -> Operation:
    return groups.rename_group(chat=chat, name=name, by=by)


def picture(chat: Chat, by: User, url: str = "https://example.com/a.png") -> Operation:
    return groups.set_group_icon(chat=chat, url=url, by=by)


def add(chat: Chat, by: User, handle: str = NEWCOMER) -> Operation:
    return groups.add_participant(chat=chat, handle=handle, by=by)


def remove(chat: Chat, by: User, handle: str = BEA) -> Operation:
    return groups.remove_participant(chat=chat, handle=handle, by=by)


def leave(chat: Chat, by: User) -> Operation:
    return groups.leave_group(chat=chat, by=by)


EVERY = [rename, picture, add, remove, leave]


def refused(sentence: str, field: str | None, act: Any, *args: Any) -> None:
    before = (Operation.objects.count(), AuditRecord.objects.count())
    with pytest.raises(Refused) as refusal:
        act(*args)
    assert (refusal.value.sentence, refusal.value.field) == (sentence, field)
    assert (Operation.objects.count(), AuditRecord.objects.count()) == before


@pytest.mark.parametrize(
    ("act", "kind", "payload", "record"),
    [
        (
            partial(rename, name="  The   Team "),
            Kind.RENAME_GROUP,
            {"display_name": "The Team"},
            ("group.rename", "", "Crew", "The Team"),
        ),
        (
            picture,
            Kind.SET_GROUP_ICON,
            {"group_chat_icon": "https://example.com/a.png", "before": ""},
            ("group.icon", "", "", "https://example.com/a.png"),
        ),
        (add, Kind.ADD_PARTICIPANT, {"handle": NEWCOMER}, ("group.add", NEWCOMER, "", "")),
        (
            partial(add, handle="Ann@Example.com"),
            Kind.ADD_PARTICIPANT,
            {"handle": "ann@example.com"},
            ("group.add", "ann@example.com", "", ""),
        ),
        (remove, Kind.REMOVE_PARTICIPANT, {"handle": BEA}, ("group.remove", BEA, "", "")),
        (leave, Kind.LEAVE_GROUP, {}, ("group.leave", "", "", "")),
    ],
)
def test_a_change_is_an_operation_and_a_record_and_nothing_more(
    act: Any, kind: Kind, payload: dict[str, str], record: tuple[str, ...], group: Chat, manager: User
) -> None:
    before = list(Chat.objects.values()), list(Participant.objects.values())
    operation = act(group, manager)
    assert (operation.kind, operation.payload, operation.state) == (kind, payload, State.QUEUED)
    assert (operation.chat, operation.line, operation.requested_by) == (group, group.line, manager)
    written = AuditRecord.objects.get()
    assert (written.action, written.target, written.before, written.after) == record
    assert (written.actor, written.chat, written.line) == (manager, group, group.line)
    assert (list(Chat.objects.values()), list(Participant.objects.values())) == before


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (rename, "Only a group has a name of its own."),
        (picture, "Only a group has a picture of its own."),
        (add, "Only a group can take in more people."),
        (remove, "Only from a group can a person be removed."),
        (leave, "Only a group can be left."),
    ],
)
def test_a_direct_chat_is_not_a_group(act: Any, sentence: str, chat: Chat, manager: User) -> None:
    refused(sentence, None, act, chat, manager)


@pytest.mark.parametrize("act", EVERY)
def test_a_group_that_we_left_or_that_is_not_there_yet(act: Any, group: Chat, manager: User) -> None:
    Chat.objects.filter(pk=group.pk).update(left_at=NOON)
    refused("Our line has left this group, so it can no longer be changed.", None, act, group, manager)
    Chat.objects.filter(pk=group.pk).update(left_at=None, remote_id=None)
    refused("The group is still being made. Try again in a moment.", None, act, group, manager)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "Give the group a name."),
        (" \n ", "Give the group a name."),
        ("\x00", "Give the group a name."),
        ("x" * 401, "A name can have 400 characters at the most."),
        (" Crew ", "The group already has this name."),
    ],
)
def test_a_name_that_is_none(name: str, sentence: str, group: Chat, manager: User) -> None:
    refused(sentence, "name", rename, group, manager, name)


def test_the_old_name_can_be_asked_for_while_another_is_on_its_way(group: Chat, manager: User) -> None:
    rename(group, manager, "Team")
    assert rename(group, manager, "Crew").payload == {"display_name": "Crew"}


@pytest.mark.parametrize(
    "url",
    [
        "",
        "picture",
        "http://example.com/a.png",
        "https://",
        "https://[",
        "javascript:alert(1)",
        "https://a/\x00",
        "https://a/" + "x" * 3000,
    ],
)
def test_an_address_that_is_no_picture(url: str, group: Chat, manager: User) -> None:
    refused("Give the address of a picture that starts with https://.", "url", picture, group, manager, url)


def test_people_who_cannot_be_added(group: Chat, line: Line, manager: User) -> None:
    refused("This person is already in the group.", "handle", add, group, manager, BEA)
    refused(
        "“555 0120” has spaces or punctuation in it. Write the number like +12025550123.",
        "handle",
        add,
        group,
        manager,
        "555 0120",
    )
    add(group, manager)
    refused("This person is already being added.", "handle", add, group, manager)
    pair = make_chat(line, make_handle("+14155550191"), name="Pair")
    refused("A group needs three people before more can be added.", "handle", add, pair, manager)


def test_a_group_is_full_with_those_who_are_coming(line: Line, manager: User) -> None:
    full = make_chat(line, *(make_handle(f"+1415555{number:04}") for number in range(30)))
    add(full, manager, "+14155550990")
    refused("The group is full: 31 people beside our line is the most.", "handle", add, full, manager, "+14155550991")


def test_somebody_who_went_can_be_added_again(group: Chat, manager: User) -> None:
    Participant.objects.filter(handle__value=BEA).update(status="removed")
    assert add(group, manager, BEA).payload == {"handle": BEA}


def test_people_who_cannot_be_removed(group: Chat, manager: User) -> None:
    ours = group.line.phone_number
    refused("To take our own line out, leave the group.", "handle", remove, group, manager, ours)
    refused("This person is not in the group.", "handle", remove, group, manager, NEWCOMER)
    remove(group, manager)
    refused("This person is already being removed.", "handle", remove, group, manager)
    sentence = "A group keeps three people at least, so nobody more can be removed."
    refused(sentence, "handle", remove, group, manager, CAS)


def test_a_group_that_cannot_be_left(group: Chat, manager: User) -> None:
    leave(group, manager)
    refused("Our line is already leaving this group.", None, leave, group, manager)
    Operation.objects.all().delete()
    Participant.objects.filter(handle__value=BEA).update(status="left")
    refused("A group can be left only while it has four people or more.", None, leave, group, manager)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", [add, remove, leave])
def test_two_who_ask_at_once_ask_once(act: Any, group: Chat, manager: User, administrator: User) -> None:
    results = at_once(partial(act, group, manager), partial(act, group, administrator))
    assert sorted(type(one).__name__ for one in results) == ["Operation", "Refused"]
    assert (Operation.objects.count(), AuditRecord.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_two_removals_at_once_leave_three(group: Chat, manager: User, administrator: User) -> None:
    results = at_once(partial(remove, group, manager, BEA), partial(remove, group, administrator, CAS))
    assert sorted(type(one).__name__ for one in results) == ["Operation", "Refused"]
