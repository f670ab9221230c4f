"""Refusals that concern the whole lane, what never got an answer, and the sentences that say why something waits."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from chats.actions.messages import start_chat
from chats.models import Chat, FirstContact, Line, Message, Operation
from chats.models.operation import State
from chats.queries.waiting import held_up, why
from tests import wire
from tests.engine.pacing.conftest import SEND, accept, budgets, campaign, fresh, lane, leave, queued, say
from tests.engine.worker import Clock, work
from tests.people import NOON, make_handle
from tests.remote import Answer, Remote, wrong

Many = Callable[[int], list[Chat]]


def too_soon(seconds: int) -> Answer:
    return Answer(429, wrong(1007), {"Retry-After": str(seconds)})


def listed(*messages: dict[str, Any]) -> Answer:
    return Answer(body={"messages": list(messages), "next_cursor": None})


def test_one_chat_that_is_too_fast_holds_nobody_else(
    line: Line, many: Many, agent: User, remote: Remote, moment: Clock
) -> None:
    first, second = many(2)
    say(first, agent)
    say(second, agent)
    remote.on("POST", SEND, too_soon(40), accept)
    assert (leave(remote), queued(), lane().rest_until) == (2, 1, None)


def test_two_chats_that_are_too_fast_let_the_lane_rest_to_the_second(
    line: Line, many: Many, agent: User, remote: Remote, moment: Clock
) -> None:
    for chat in many(4):
        say(chat, agent)
    remote.on("POST", SEND, too_soon(40), too_soon(50), accept)
    assert (leave(remote), queued()) == (2, 4)
    assert lane().rest_until == moment.now + timedelta(seconds=50)
    moment.tick(seconds=49)
    assert leave(remote) == 0
    moment.tick(seconds=1)
    assert leave(remote) == 4


def test_a_wait_longer_than_a_recipients_minute_is_about_more_than_one(
    line: Line, many: Many, agent: User, remote: Remote, moment: Clock
) -> None:
    for chat in many(2):
        say(chat, agent)
    remote.on("POST", SEND, too_soon(3600), accept)
    assert (leave(remote), queued()) == (1, 2)
    assert lane().rest_until == moment.now + timedelta(hours=1)
    moment.tick(hours=1)
    assert leave(remote) == 2


def unanswered(chat: Chat, by: User, remote: Remote, moment: Clock, text: str = "Hello") -> Operation:
    operation = say(chat, by, text)
    remote.on("POST", SEND, Answer(cut="unanswered"))
    work()
    moment.tick(hours=12)
    return operation


def test_after_twelve_hours_it_is_found_in_the_chat(chat: Chat, agent: User, remote: Remote, moment: Clock) -> None:
    sent_at = moment.now
    operation = unanswered(chat, agent, remote, moment)
    ours, theirs = str(uuid.uuid4()), str(chat.remote_id)
    remote.on(
        "GET",
        SEND,
        listed(
            wire.message(str(uuid.uuid4()), theirs, created_at=wire.at(sent_at - timedelta(hours=3))),
            wire.message(str(uuid.uuid4()), theirs, "Other words", created_at=wire.at(sent_at)),
            wire.message(str(uuid.uuid4()), theirs, sender="+14155550101", created_at=wire.at(sent_at)),
            wire.message(str(uuid.uuid4()), theirs, created_at=wire.at(sent_at + timedelta(hours=1))),
            wire.message(ours, theirs, created_at=wire.at(sent_at + timedelta(seconds=1))),
        ),
    )
    assert leave(remote) == 0
    assert fresh(operation).state == State.ACCEPTED
    message = Message.objects.get(operation=operation)
    assert (str(message.remote_id), message.delivery_status) == (ours, "sent")


def test_another_message_of_ours_with_the_same_words_is_not_taken_for_it(
    chat: Chat, agent: User, remote: Remote, moment: Clock
) -> None:
    remote.on("POST", SEND, accept)
    say(chat, agent)
    work()
    other = Message.objects.get().remote_id
    operation = unanswered(chat, agent, remote, moment)
    at = wire.at(moment.now - timedelta(hours=12))
    remote.on("GET", SEND, listed(wire.message(str(other), str(chat.remote_id), created_at=at)))
    work()
    assert (fresh(operation).state, fresh(operation).error) == (
        State.FAILED,
        "No answer ever came, and it is not in the chat. Look at the other side before you try it again.",
    )


def test_a_start_is_found_among_the_chats_of_exactly_these_people(
    line: Line, agent: User, remote: Remote, moment: Clock
) -> None:
    remote.on("POST", "/v3/chats", Answer(cut="unanswered"))
    chat = start_chat(line=line, to=["+14155550177"], text="Hello", by=agent, key=uuid.uuid4())
    work()
    at, wanted, group, ours = wire.at(moment.now), str(uuid.uuid4()), str(uuid.uuid4()), str(uuid.uuid4())
    moment.tick(hours=12)
    chats = [
        wire.new_chat(group, line.phone_number, "+14155550177", "+14155550178"),
        wire.new_chat(wanted, line.phone_number, "+14155550177"),
    ]
    remote.on("GET", "/v3/chats", Answer(body={"chats": chats, "next_cursor": None}))
    remote.on("GET", f"/v3/chats/{wanted}/messages", listed(wire.message(ours, wanted, created_at=at)))
    assert leave(remote) == 0
    chat.refresh_from_db()
    assert (str(chat.remote_id), Operation.objects.get().state) == (wanted, State.ACCEPTED)
    assert str(Message.objects.get(chat=chat).remote_id) == ours


def test_past_its_use_one_of_unknown_outcome_is_looked_for_and_never_sent_again(
    chat: Chat, agent: User, remote: Remote, moment: Clock
) -> None:
    operation = say(chat, agent)
    sent_at = moment.now
    Operation.objects.filter(pk=operation.pk).update(send_before=moment.now + timedelta(seconds=5))
    remote.on("POST", SEND, Answer(cut="unanswered"))
    work()
    moment.tick(seconds=10)
    ours = str(uuid.uuid4())
    remote.on("GET", SEND, listed(wire.message(ours, str(chat.remote_id), created_at=wire.at(sent_at))))
    assert leave(remote) == 0
    assert fresh(operation).state == State.ACCEPTED
    assert str(Message.objects.get(operation=operation).remote_id) == ours


@pytest.fixture
def held(line: Line, many: Many, agent: User, remote: Remote) -> Callable[..., Operation]:
    """The second of three automatic messages whose first has spent the budget."""

    def make(**limits: object) -> Operation:
        budgets(line, **limits)
        remote.on("POST", SEND, accept)
        chats = many(3)
        campaign(chats[0], agent)
        second = campaign(chats[1], agent)
        campaign(chats[2], agent)
        work()
        return fresh(second)

    return make


def test_the_budget_of_a_minute_is_named(held: Callable[..., Operation]) -> None:
    operation = held(messages_a_minute=1)
    assert why(operation) == ("The line's budget of 1 message a minute is spent. It is expected to leave in 60 s.")
    last = fresh(Operation.objects.order_by("-pk")[0])
    assert why(last).endswith("The next one leaves in 60 s, and 1 is before this.")
    assert held_up(operation) == why(operation)


def test_the_budget_of_a_day_is_named(held: Callable[..., Operation]) -> None:
    assert why(held(messages_a_day=1)) == (
        "The line's budget of 1 message a day is spent. It is expected to leave at 12:00 UTC on 4 Jul."
    )


def test_the_gap_is_named_and_holds_nobody_up_for_long(held: Callable[..., Operation]) -> None:
    operation = held(gap_seconds=30)
    assert why(operation).startswith("A short gap is kept between the messages of a line. It is expected to leave in ")
    assert held_up(operation) == ""


def test_a_critical_reputation_is_named(held: Callable[..., Operation], line: Line) -> None:
    operation = held(messages_a_minute=1)
    Line.objects.filter(pk=line.pk).update(reputation="CRITICAL")
    assert why(fresh(operation)) == (
        "The line's reputation is critical, so nothing automatic leaves until it recovers; "
        "the remote does not say when."
    )


def test_the_minute_to_one_person_is_named(line: Line, chat: Chat, agent: User, remote: Remote, moment: Clock) -> None:
    budgets(line, messages_a_minute_to_one=1)
    remote.on("POST", SEND, accept)
    say(chat, agent)
    second = say(chat, agent)
    work()
    assert why(fresh(second)) == ("This chat's budget of 1 message a minute is spent. It is expected to leave in 60 s.")


def test_new_conversations_are_named(line: Line, agent: User, remote: Remote, moment: Clock) -> None:
    budgets(line, new_conversations_a_day=0)
    chat = start_chat(line=line, to=["+14155550177"], text="Hello", by=agent, key=uuid.uuid4())
    assert why(fresh(Operation.objects.get(chat=chat))) == "This line may start no new conversations."
    budgets(line, new_conversations_a_day=1)
    FirstContact.objects.create(line=line, handle=make_handle("+14155550188"), at=NOON - timedelta(hours=23))
    assert why(fresh(Operation.objects.get(chat=chat))) == (
        "The line has begun as many new conversations as it may in 24 hours (1). It is expected to leave in 60 min."
    )
