"""What is asked beside messages, for a person or for a line: what is refused with which sentence, and two at once."""

from __future__ import annotations

import uuid
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from chats import clock
from chats.actions.line_settings import save_contact_card, set_forwarding, start_audit
from chats.actions.memos import send_voice_memo
from chats.actions.messages import send_message, start_chat
from chats.actions.people import block_person, check_capability, unblock_person
from chats.actions.rules import Refused
from chats.actions.sharing import read_location, request_location, share_contact_card, show_typing, stop_location
from chats.models import AuditRecord, Chat, Handle, Line, Message, Operation, SharedLocation
from chats.models.operation import Kind, Priority, State
from tests.console.inbox.words import write
from tests.engine.worker import Clock, at_once, work
from tests.people import NOON, make_chat
from tests.remote import Remote

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _frozen(moment: Clock, wakes: list[Any]) -> None:
    """Time moves only where a test moves it, and nobody is woken."""


@pytest.fixture
def ada(chat: Chat) -> Handle:
    return Handle.objects.get(value="+14155550101")


def refused(sentence: str, act: Any, *args: Any, field: str | None = None, **named: Any) -> None:
    before = (Operation.objects.count(), AuditRecord.objects.count(), Message.objects.count())
    with pytest.raises(Refused) as refusal:
        act(*args, **named)
    assert (refusal.value.sentence, refusal.value.field) == (sentence, field)
    assert (Operation.objects.count(), AuditRecord.objects.count(), Message.objects.count()) == before


def share(chat: Chat, handle: Handle, **more: Any) -> SharedLocation:
    return SharedLocation.objects.create(line=chat.line, handle=handle, began_at=NOON, **more)


def test_typing_is_asked_for_once_in_a_while(chat: Chat, agent: User, moment: Clock) -> None:
    type_now = partial(show_typing, chat=chat, by=agent)
    assert type_now(on=False) is None
    first = type_now(on=True)
    assert first is not None
    assert (first.kind, first.send_before) == (Kind.START_TYPING, moment.now + timedelta(seconds=5))
    assert type_now(on=True) is None
    assert type_now(on=False) is not None
    assert type_now(on=True) is not None
    moment.tick(seconds=50)
    assert type_now(on=True) is not None
    assert (Operation.objects.count(), AuditRecord.objects.count()) == (4, 0)


@pytest.mark.parametrize("why", ["off", "SMS", "new", "left", "paused", "gone"])
def test_typing_that_nobody_would_see(why: str, chat: Chat, agent: User, settings: Settings) -> None:
    settings.SHOW_TYPING = why != "off"
    chat.service = "SMS" if why == "SMS" else "iMessage"
    chat.remote_id = None if why == "new" else chat.remote_id
    chat.left_at = NOON if why == "left" else None
    chat.line.paused_at = NOON if why == "paused" else None
    chat.line.is_active = why != "gone"
    assert show_typing(chat=chat, on=True, by=agent) is None
    assert Operation.objects.count() == 0


def test_a_card_is_shared_where_that_makes_sense(chat: Chat, group: Chat, agent: User, moment: Clock) -> None:
    refused(
        "Write to them first: a card can be shared after our first message.", share_contact_card, chat=chat, by=agent
    )
    write(chat, ours=True)
    Line.objects.update(card_known_at=NOON)
    no_card = "This line has no contact card yet. A manager can make one on the line's page."
    refused(no_card, share_contact_card, chat=chat, by=agent)
    Line.objects.update(card_first_name="Team")
    share_contact_card(chat=chat, by=agent)
    refused("The card is being shared already.", share_contact_card, chat=chat, by=agent)
    Operation.objects.update(state=State.ACCEPTED, due_at=None, settled_at=NOON)
    Chat.objects.filter(pk=chat.pk).update(card_shared_at=clock.now())
    just_now = "The card was shared here just now. It can be shared every five minutes."
    refused(just_now, share_contact_card, chat=chat, by=agent)
    moment.tick(minutes=5)
    share_contact_card(chat=chat, by=agent)
    Chat.objects.filter(pk=chat.pk).update(service="RCS")
    refused("A contact card can be shared on iMessage only.", share_contact_card, chat=chat, by=agent)


@pytest.mark.parametrize("act", [share_contact_card, request_location, read_location])
def test_a_chat_that_is_not_there_or_was_left(act: Any, chat: Chat, agent: User) -> None:
    Chat.objects.filter(pk=chat.pk).update(left_at=NOON)
    refused("Our line has left this group.", act, chat=chat, by=agent)
    Chat.objects.filter(pk=chat.pk).update(left_at=None, remote_id=None)
    refused("The chat is still being made. Try again in a moment.", act, chat=chat, by=agent)


def test_where_somebody_is_is_asked_once(chat: Chat, group: Chat, ada: Handle, agent: User, moment: Clock) -> None:
    request_location(chat=chat, by=agent)
    refused("They are being asked already.", request_location, chat=chat, by=agent)
    refused("In a group nobody can be asked where they are.", request_location, chat=group, by=agent)
    row = share(chat, ada)
    refused("They share where they are already.", request_location, chat=chat, by=agent)
    read_location(chat=chat, by=agent)
    refused("This is being asked already.", read_location, chat=chat, by=agent)
    SharedLocation.objects.update(read_at=moment.now)
    refused("This was asked just now. It can be asked every three minutes.", read_location, chat=chat, by=agent)
    stop_location(chat=chat, handle=ada, by=agent)
    refused("This is being ended already.", stop_location, chat=chat, handle=ada, by=agent)
    SharedLocation.objects.filter(pk=row.pk).update(ended_at=NOON)
    refused("They do not share where they are.", stop_location, chat=chat, handle=ada, by=agent)
    Chat.objects.filter(pk=chat.pk).update(service="SMS")
    refused("Where somebody is can be asked on iMessage only.", request_location, chat=chat, by=agent)
    refused("Where somebody is can be seen on iMessage only.", read_location, chat=chat, by=agent)


def test_a_block_needs_a_reason_and_holds_everywhere(chat: Chat, ada: Handle, agent: User) -> None:
    say_why = "Say why: whoever wants to unblock them later has to know."
    refused(say_why, block_person, chat=chat, handle=ada, reason=" \0 ", by=agent, field="reason")
    too_long = "A reason can have 200 characters at the most."
    refused(too_long, block_person, chat=chat, handle=ada, reason="x" * 201, by=agent, field="reason")
    refused("They are not blocked.", unblock_person, chat=chat, handle=ada, by=agent)
    block_person(chat=chat, handle=ada, reason=" Sends  spam ", by=agent)
    operation = Operation.objects.get()
    assert (operation.lane.line, operation.line, operation.chat) == (None, chat.line, chat)
    assert operation.payload == {"handle": ada.value, "reason": "Sends spam"}
    record = AuditRecord.objects.get()
    assert (record.action, record.target, record.after) == ("person.block", ada.value, "Sends spam")
    # From whichever chat of theirs.
    second = make_chat(chat.line, ada)
    under_way = "This is being changed already."
    refused(under_way, block_person, chat=second, handle=ada, reason="Too", by=agent)
    Operation.objects.update(state=State.ACCEPTED, due_at=None, settled_at=NOON)
    Handle.objects.update(blocked_at=NOON)
    refused("They are blocked already.", block_person, chat=second, handle=ada, reason="Too", by=agent)
    unblock_person(chat=second, handle=ada, by=agent)
    refused(under_way, unblock_person, chat=chat, handle=ada, by=agent)


@pytest.mark.parametrize("act", [partial(block_person, reason="Spam"), unblock_person])
def test_our_own_line_and_strangers_are_not_blocked(act: Any, chat: Chat, group: Chat, agent: User) -> None:
    ours = chat.participants.get(is_me=True).handle
    stranger = group.participants.filter(is_me=False)[0].handle
    for handle in (ours, stranger):
        refused("This person is not in the chat.", act, chat=chat, handle=handle, by=agent)


def test_a_check_is_not_repeated_while_its_answer_is_good(chat: Chat, ada: Handle, agent: User, moment: Clock) -> None:
    check = partial(check_capability, chat=chat, handle=ada, by=agent)
    refused("Only iMessage and RCS can be checked.", check, service="SMS", field="service")
    assert check(service="RCS") is not None
    refused("This is being asked already.", check, service="RCS")
    assert check(service="iMessage") is not None
    Operation.objects.update(state=State.ACCEPTED, due_at=None, settled_at=NOON)
    Handle.objects.filter(pk=ada.pk).update(has_rcs=True, has_rcs_at=moment.now)
    assert check(service="RCS") is None
    moment.tick(minutes=10)
    assert check(service="RCS") is not None


def test_rcs_reaches_no_e_mail_address(group: Chat, agent: User) -> None:
    dot = Handle.objects.get(value="dot@example.com")
    sentence = "RCS reaches phone numbers only."
    refused(sentence, check_capability, chat=group, handle=dot, service="RCS", by=agent, field="service")


def save(line: Line, by: User, first: str = "Team", last: str = "", image: str = "") -> Operation:
    return save_contact_card(line=line, first_name=first, last_name=last, image_url=image, by=by)


def test_a_card_has_a_name_and_perhaps_a_picture(line: Line, manager: User) -> None:
    refused("Give the card a first name: a person's, or the team's.", save, line, manager, " ", field="first_name")
    too_long = "A name can have 255 characters at the most."
    refused(too_long, save, line, manager, "x" * 256, field="first_name")
    refused(too_long, save, line, manager, "x", "y" * 256, field="last_name")
    no_picture = "Give the address of a picture that starts with https://."
    refused(no_picture, save, line, manager, "x", "", "http://example.com/a.png", field="image_url")
    operation = save(line, manager, " Team  North ", " ", " https://example.com/a.png ")
    assert operation.payload == {
        "first_name": "Team North",
        "last_name": "",
        "image_url": "https://example.com/a.png",
    }
    assert (operation.lane.line, operation.line, operation.chat) == (None, line, None)
    record = AuditRecord.objects.get()
    assert (record.action, record.line, record.before, record.after) == ("line.card", line, "", "Team North")
    refused("The card is being saved already.", save, line, manager, "Other")
    Operation.objects.update(state=State.ACCEPTED, due_at=None, settled_at=NOON)
    Line.objects.update(card_first_name="Team")
    refused("The card says this already.", save, line, manager, field="first_name")


def test_forwarding_goes_to_another_number(line: Line, manager: User) -> None:
    forward = partial(set_forwarding, line=line, by=manager)
    whole = "Write the number with its country code, such as +14155550123."
    refused(whole, forward, number="415 555 0188", field="number")
    refused(whole, forward, number="a@example.com", field="number")
    refused("That is the line's own number.", forward, number=line.phone_number, field="number")
    refused("Calls are not forwarded.", forward, number="", field="number")
    forward(number="+14155550188")
    refused("This is being changed already.", forward, number="")
    record = AuditRecord.objects.get()
    assert (record.action, record.before, record.after) == ("line.forwarding", "", "+14155550188")
    Operation.objects.update(state=State.ACCEPTED, due_at=None, settled_at=NOON)
    Line.objects.update(forwarding_number="+14155550188")
    refused("Calls go there already.", forward, number="+14155550188", field="number")


def test_one_audit_at_a_time(line: Line, manager: User) -> None:
    start_audit(line=line, by=manager)
    refused("An audit of this line is under way already.", start_audit, line=line, by=manager)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["card", "location", "block", "forwarding", "audit", "save", "memo"])
def test_of_two_at_once_one_is_heard(what: str, chat: Chat, agent: User, manager: User) -> None:
    write(chat, ours=True)
    ada = Handle.objects.get(value="+14155550101")
    key = uuid.uuid4()
    acts: dict[str, Any] = {
        "card": partial(share_contact_card, chat=chat, by=agent),
        "location": partial(request_location, chat=chat, by=agent),
        "block": partial(block_person, chat=chat, handle=ada, reason="Spam", by=agent),
        "forwarding": partial(set_forwarding, line=chat.line, number="+14155550188", by=manager),
        "audit": partial(start_audit, line=chat.line, by=manager),
        "save": partial(save, chat.line, manager),
        "memo": partial(send_voice_memo, chat=chat, url="https://example.com/a.m4a", by=agent, key=key),
    }
    results = at_once(acts[what], acts[what])
    # The second asking of a memo gives back the first.
    expected = ["Message", "Message"] if what == "memo" else ["Operation", "Refused"]
    assert sorted(type(one).__name__ for one in results) == expected
    assert (Operation.objects.count(), AuditRecord.objects.count()) == (1, 1)


def test_a_memo_is_an_address_or_a_file(chat: Chat, agent: User) -> None:
    memo = partial(send_voice_memo, chat=chat, by=agent, key=uuid.uuid4())
    either = "Give either the address of a recording or an uploaded file."
    refused(either, memo, field="url")
    refused(either, memo, url="https://example.com/a.m4a", attachment_id=uuid.uuid4(), field="url")
    https = "Give the address of a recording that starts with https://."
    refused(https, memo, url="http://example.com/a.m4a", field="url")
    Chat.objects.update(left_at=NOON)
    refused("Our line has left this group, so nothing can be sent.", memo, url="https://example.com/a.m4a")


LAST = [
    lambda chat, by, **more: send_message(chat=chat, text="Hello", by=by, key=uuid.uuid4(), **more),
    lambda chat, by, **more: start_chat(
        line=chat.line, to=["+14155550123"], text="Hello", by=by, key=uuid.uuid4(), **more
    ),
    lambda chat, by, **more: start_chat(
        line=chat.line, to=["+14155550101"], text="Hello", by=by, key=uuid.uuid4(), **more
    ),
    lambda chat, by, **more: send_voice_memo(
        chat=chat, url="https://example.com/a.m4a", by=by, key=uuid.uuid4(), **more
    ),
]


@pytest.mark.parametrize("act", LAST, ids=["message", "new chat", "old chat", "memo"])
def test_a_message_may_have_a_last_useful_moment_and_a_priority(
    act: Any, chat: Chat, agent: User, remote: Remote, moment: Clock
) -> None:
    passed = "Its last useful moment has passed already."
    refused(passed, act, chat, agent, send_before=moment.now, field="send_before")
    act(chat, agent, send_before=moment.now + timedelta(minutes=1), priority=Priority.AUTOMATIC)
    operation = Operation.objects.get()
    assert (operation.priority, operation.send_before) == (
        Priority.AUTOMATIC,
        moment.now + timedelta(minutes=1),
    )
    moment.tick(minutes=1)
    work()
    operation.refresh_from_db()
    assert (operation.state, remote.asked) == (State.FAILED, [])
    assert Message.objects.get().error == "It was too late to be useful, so it was not sent."


def test_an_answer_names_the_message_that_it_answers(chat: Chat, group: Chat, agent: User) -> None:
    theirs, elsewhere = write(chat, "Noon?"), write(group, "Noon?")
    reply = partial(send_message, chat=chat, text="Yes", by=agent)
    assert reply(key=uuid.uuid4(), reply_to=theirs).reply_to_remote_id == theirs.remote_id
    gone = "The message that this answers is not there any more."
    refused(gone, reply, key=uuid.uuid4(), reply_to=elsewhere, field="reply_to")
    Message.objects.filter(pk=theirs.pk).update(remote_id=None)
    theirs.refresh_from_db()
    refused(gone, reply, key=uuid.uuid4(), reply_to=theirs, field="reply_to")
