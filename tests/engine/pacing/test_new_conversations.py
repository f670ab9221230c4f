"""Who is new to a line, and how many of them it may speak to in 24 hours."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from chats.actions.groups import add_participant
from chats.actions.messages import start_chat
from chats.actions.operations import cancel_operation
from chats.engine import pacing
from chats.models import Chat, Departure, FirstContact, Handle, Line, Message, Operation
from chats.models.operation import Pace, Priority, State
from tests import wire
from tests.engine.pacing.conftest import SEND, accept, budgets, campaign, fresh, leave, queued, say, texts
from tests.engine.worker import Clock, hear, work
from tests.people import NOON, make_chat, make_handle
from tests.remote import Answer, Asked, Remote, wrong


def created(asked: Asked) -> Answer:
    chat_id, message = str(uuid.uuid4()), wire.sent(str(uuid.uuid4()))
    return Answer(201, {"chat": {**wire.new_chat(chat_id, asked.body["from"], *asked.body["to"]), "message": message}})


def begin(line: Line, by: User, *to: str, priority: Priority = Priority.PERSON) -> Operation:
    chat = start_chat(line=line, to=to, text="Hello", by=by, key=uuid.uuid4())
    operation = Operation.objects.get(chat=chat)
    Operation.objects.filter(pk=operation.pk).update(priority=priority)
    return operation


def number(index: int) -> str:
    return f"+1415557{index:04}"


def wrote_to_us(chat: Chat) -> None:
    Message.objects.create(
        chat=chat,
        remote_id=uuid.uuid4(),
        direction="inbound",
        text="Hi",
        happened_at=NOON,
        delivery_status="received",
    )


@pytest.fixture(autouse=True)
def _remote(remote: Remote) -> None:
    remote.on("POST", SEND, accept)
    remote.on("POST", "/v3/chats", created)


def test_starting_chats_is_held_for_people_too_and_for_exactly_a_day(
    line: Line, agent: User, remote: Remote, moment: Clock
) -> None:
    budgets(line, new_conversations_a_day=2)
    begin(line, agent, number(1))
    assert leave(remote) == 1
    moment.tick(hours=1)
    for index in (2, 3, 4):
        begin(line, agent, number(index))
    assert (leave(remote), queued()) == (1, 2)
    moment.tick(hours=23, microseconds=-1)
    assert leave(remote) == 0
    moment.tick(microseconds=1)
    assert leave(remote) == 1
    moment.tick(hours=1)
    assert (leave(remote), queued()) == (1, 0)
    assert FirstContact.objects.filter(line=line).count() == 4


def test_campaigns_leave_a_reserve_to_people(line: Line, agent: User, remote: Remote) -> None:
    budgets(line, new_conversations_a_day=11, reserve_percent=20)
    for index in range(12):
        begin(line, agent, number(index), priority=Priority.AUTOMATIC)
    assert leave(remote) == 9
    for index in range(20, 23):
        begin(line, agent, number(index))
    assert leave(remote) == 2
    assert Operation.objects.filter(state=State.QUEUED, priority=Priority.PERSON).count() == 1


def test_the_defaults_stay_below_what_puts_a_line_at_risk(line: Line) -> None:
    line.refresh_from_db()
    assert (pacing.most_new(line, Priority.PERSON), pacing.most_new(line, Priority.AUTOMATIC)) == (45, 41)


def test_a_person_is_met_once_and_then_never_new_again(line: Line, agent: User, remote: Remote, moment: Clock) -> None:
    budgets(line, new_conversations_a_day=1)
    started = begin(line, agent, number(1))
    work()
    moment.tick(minutes=2)
    assert started.chat is not None
    campaign(started.chat, agent)
    assert leave(remote) == 1
    assert FirstContact.objects.get().at == NOON + timedelta(seconds=30)


def test_other_messages_go_on_while_new_conversations_wait(line: Line, chat: Chat, agent: User, remote: Remote) -> None:
    budgets(line, new_conversations_a_day=1)
    for index in range(3):
        begin(line, agent, number(index), priority=Priority.AUTOMATIC)
    campaign(chat, agent, "to somebody known")
    assert (leave(remote), queued()) == (2, 2)
    assert texts(remote) == ["to somebody known"]


def test_an_answer_to_somebody_new_counts_and_holds_only_machines(
    line: Line, agent: User, remote: Remote, moment: Clock
) -> None:
    budgets(line, new_conversations_a_day=1)
    chats = [make_chat(line, make_handle(number(index))) for index in range(4)]
    for chat in chats:
        wrote_to_us(chat)
    say(chats[0], agent, "one")
    say(chats[1], agent, "two")
    answer = campaign(chats[2], agent, "automatic answer")
    begin(line, agent, number(9))
    assert leave(remote) == 2
    assert texts(remote) == ["one", "two"]
    answer = fresh(answer)
    assert (answer.state, answer.pace) == (State.QUEUED, Pace.NEW)
    assert FirstContact.objects.filter(line=line).count() == 2
    moment.tick(hours=24)
    assert leave(remote) == 1  # a person's start before the machine's answer
    assert len(remote.calls("POST", "/v3/chats")) == 1
    moment.tick(hours=24)
    assert leave(remote) == 1
    assert texts(remote)[-1] == "automatic answer"


def test_whom_the_line_wrote_to_before_is_not_new(line: Line, agent: User, remote: Remote, moment: Clock) -> None:
    budgets(line, new_conversations_a_day=0)
    old = make_chat(line, make_handle(number(1)), remote_created_at=NOON - timedelta(days=9))
    wrote_to_us(old)
    Message.objects.create(chat=old, remote_id=uuid.uuid4(), direction="outbound", text="Yes", happened_at=NOON)
    vanished = make_chat(line, make_handle(number(2)), remote_created_at=NOON - timedelta(days=9))
    campaign(old, agent, "old")
    campaign(vanished, agent, "vanished")
    assert leave(remote) == 2
    assert set(FirstContact.objects.values_list("at", flat=True)) == {NOON - timedelta(days=9)}


def test_each_line_meets_a_person_by_itself(line: Line, other_line: Line, administrator: User, remote: Remote) -> None:
    for one in (line, other_line):
        budgets(one, new_conversations_a_day=1)
        begin(one, administrator, number(1))
    assert leave(remote) == 2
    assert FirstContact.objects.count() == 2


def test_a_group_waits_until_all_its_new_people_fit(line: Line, agent: User, remote: Remote, moment: Clock) -> None:
    budgets(line, new_conversations_a_day=4)
    for index in range(2):
        begin(line, agent, number(index))
        work()
        moment.tick(hours=1)
    group = begin(line, agent, number(0), number(11), number(12), number(13))
    begin(line, agent, number(20))
    assert leave(remote) == 1  # the one person who still fits; three new ones of the group do not
    group = fresh(group)
    # Two had been met when it was looked at, the first at half a minute past noon; then one more was.
    assert (group.state, group.due_at) == (State.QUEUED, NOON + timedelta(hours=24, seconds=30))
    moment.now = NOON + timedelta(hours=24, seconds=30)
    assert leave(remote) == 0
    moment.now = NOON + timedelta(hours=25, seconds=30, microseconds=-1)
    assert leave(remote) == 0
    moment.tick(microseconds=1)
    assert leave(remote) == 1
    assert set(FirstContact.objects.filter(operation=group).values_list("handle__value", flat=True)) == {
        number(11),
        number(12),
        number(13),
    }


def test_a_group_that_can_never_fit_fails_and_says_so(line: Line, agent: User, remote: Remote) -> None:
    budgets(line, new_conversations_a_day=2)
    group = begin(line, agent, number(1), number(2), number(3))
    assert leave(remote) == 0
    group = fresh(group)
    assert (group.state, group.attempts) == (State.FAILED, 0)
    assert group.error == "It would speak to 3 new people at once, and this line may speak to 2 in 24 hours."


def test_a_line_that_may_start_none_says_so(line: Line, agent: User, remote: Remote) -> None:
    budgets(line, new_conversations_a_day=0)
    started = begin(line, agent, number(1))
    assert leave(remote) == 0
    assert (fresh(started).state, fresh(started).error) == (
        State.FAILED,
        "This line may start no new conversations.",
    )


def test_adding_a_person_to_a_group_is_a_first_contact_and_no_message(
    line: Line, group: Chat, manager: User, remote: Remote, moment: Clock
) -> None:
    budgets(line, new_conversations_a_day=1)
    remote.on("POST", "/v3/chats/[^/]+/participants", Answer(202, {"status": "accepted"}))
    remote.on("GET", "/v3/chats/[^/]+", Answer(404, wrong(2001)))
    add_participant(chat=group, handle=number(1), by=manager)
    work()
    second = begin(line, manager, number(2))
    assert leave(remote) == 0
    assert (FirstContact.objects.get().handle.value, Departure.objects.count()) == (number(1), 0)
    moment.tick(hours=24)
    assert (leave(remote), fresh(second).state) == (1, State.ACCEPTED)


def test_whom_the_remote_refused_has_not_been_met(line: Line, agent: User, remote: Remote) -> None:
    budgets(line, new_conversations_a_day=1)
    remote.on("POST", "/v3/chats", Answer(403, wrong(2008)), created)
    begin(line, agent, number(1))
    begin(line, agent, number(2))
    assert leave(remote) == 2
    assert FirstContact.objects.get().handle.value == number(2)


def test_one_that_was_turned_away_and_taken_back_spends_nothing(
    line: Line, agent: User, remote: Remote, moment: Clock
) -> None:
    budgets(line, new_conversations_a_day=1)
    remote.on("POST", "/v3/chats", Answer(429, wrong(1007), {"Retry-After": "9"}), created)
    first = begin(line, agent, number(1))
    work()
    assert FirstContact.objects.count() == 0
    cancel_operation(operation=first, by=agent)
    begin(line, agent, number(2))
    assert leave(remote) == 1


def test_one_of_unknown_outcome_stays_spent(line: Line, agent: User, remote: Remote, moment: Clock) -> None:
    budgets(line, new_conversations_a_day=1)
    remote.on("POST", "/v3/chats", Answer(cut="unanswered"), created)
    begin(line, agent, number(1))
    work()
    begin(line, agent, number(2))
    assert leave(remote) == 0
    moment.tick(seconds=5)
    # Asking with the same key is no second conversation.
    assert (leave(remote), queued(), FirstContact.objects.count()) == (1, 1, 1)


def test_what_another_program_starts_by_our_line_counts(line: Line, agent: User, remote: Remote, moment: Clock) -> None:
    budgets(line, new_conversations_a_day=1)
    theirs = make_chat(line, make_handle(number(1)))
    hear("message.sent", wire.message_event(theirs, str(uuid.uuid4()), sent_at=wire.at(moment.now)))
    assert FirstContact.objects.get().handle == Handle.objects.get(value=number(1))
    begin(line, agent, number(2))
    assert leave(remote) == 0


def test_the_same_person_is_not_met_twice_by_events(line: Line, chat: Chat, agent: User, moment: Clock) -> None:
    say(chat, agent)
    work()
    at = FirstContact.objects.get().at
    data: dict[str, Any] = wire.message_event(chat, str(uuid.uuid4()), sent_at=wire.at(moment.tick(hours=1)))
    hear("message.sent", data)
    assert FirstContact.objects.get().at == at
