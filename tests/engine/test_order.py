"""What leaves when: order within a chat, people before machines, and nobody waits for a stranger."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from chats.actions.groups import rename_group
from chats.actions.messages import send_message, start_chat
from chats.models import Chat, Line, Operation
from chats.models.operation import Kind, Priority, State
from tests import wire
from tests.engine.worker import Clock, work
from tests.people import make_chat, make_handle
from tests.remote import Answer, Asked, Remote, wrong

SEND = "/v3/chats/([^/]+)/messages"
ACCEPTED = {"status": "pending"}


@pytest.fixture(autouse=True)
def _frozen(moment: Clock, wakes: list[Any]) -> None:
    """All of this happens at one moment."""


def say(chat: Chat, text: str, by: User) -> Operation:
    return send_message(chat=chat, text=text, by=by, key=uuid.uuid4()).operation


def accept(asked: Asked) -> Answer:
    chat_id = asked.path.split("/")[3]
    return Answer(202, {"chat_id": chat_id, "message": wire.sent(str(uuid.uuid4()))})


def texts(remote: Remote) -> list[str]:
    return [asked.body["message"]["parts"][0]["value"] for asked in remote.calls("POST", SEND)]


def test_a_chat_keeps_its_order_across_retries_and_others_go_on(
    line: Line, chat: Chat, agent: User, remote: Remote, moment: Clock
) -> None:
    other = make_chat(line, make_handle("+14155550199"))
    first = say(chat, "one", agent)
    say(chat, "two", agent)
    say(other, "elsewhere", agent)
    remote.on("POST", SEND, Answer(500, wrong(3006)), accept)
    work()
    assert texts(remote) == ["one", "elsewhere"]
    first.refresh_from_db()
    assert first.state == State.QUEUED
    moment.tick(seconds=2)
    work()
    assert texts(remote) == ["one", "elsewhere", "one", "two"]


def test_one_whose_outcome_is_unknown_holds_its_chat_too(
    chat: Chat, agent: User, remote: Remote, moment: Clock
) -> None:
    say(chat, "one", agent)
    say(chat, "two", agent)
    remote.on("POST", SEND, Answer(cut="unanswered"), accept)
    work()
    assert texts(remote) == ["one"]
    moment.tick(seconds=2)
    work()
    assert texts(remote) == ["one", "one", "two"]


def test_one_that_failed_for_good_holds_nobody(chat: Chat, agent: User, remote: Remote) -> None:
    say(chat, "one", agent)
    say(chat, "two", agent)
    remote.on("POST", SEND, Answer(400, wrong(1004)), accept)
    work()
    assert texts(remote) == ["one", "two"]


def test_changes_and_messages_do_not_wait_for_each_other(
    group: Chat, manager: User, remote: Remote, moment: Clock
) -> None:
    rename_group(chat=group, name="Team", by=manager)
    say(group, "hello", manager)
    rename_group(chat=group, name="The team", by=manager)
    remote.on("PUT", "/v3/chats/[^/]+", Answer(500, wrong(3001)), Answer(200, ACCEPTED))
    remote.on("POST", SEND, accept)
    work()
    assert texts(remote) == ["hello"]
    assert [asked.body["display_name"] for asked in remote.calls("PUT", ".*")] == ["Team"]
    moment.tick(seconds=2)
    work()
    assert [asked.body["display_name"] for asked in remote.calls("PUT", ".*")] == ["Team", "Team", "The team"]


@pytest.mark.parametrize("priority", Priority)
def test_everything_waits_for_the_chat_to_exist(
    priority: Priority, line: Line, agent: User, remote: Remote, moment: Clock
) -> None:
    chat = start_chat(line=line, to=["+14155550123"], text="first", by=agent, key=uuid.uuid4())
    Operation.objects.update(priority=priority)
    second = say(chat, "second", agent)
    chat_id = str(uuid.uuid4())
    created = {
        "chat": {**wire.new_chat(chat_id, line.phone_number, "+14155550123"), "message": wire.sent(str(uuid.uuid4()))}
    }
    remote.on("POST", "/v3/chats", Answer(500, wrong(3006)), Answer(201, created))
    remote.on("POST", SEND, accept)
    work()
    second.refresh_from_db()
    assert (second.state, second.attempts, remote.calls("POST", SEND)) == (State.QUEUED, 0, [])
    moment.tick(seconds=2)
    work()
    assert [asked.path for asked in remote.calls("POST", SEND)] == [f"/v3/chats/{chat_id}/messages"]


def test_people_come_before_machines(line: Line, chat: Chat, agent: User, remote: Remote, moment: Clock) -> None:
    other = make_chat(line, make_handle("+14155550199"))
    say(other, "campaign", agent)
    say(chat, "campaign here", agent)
    Operation.objects.update(priority=Priority.AUTOMATIC)
    say(chat, "person", agent)
    remote.on("POST", SEND, accept)
    for _ in range(3):
        work()
        moment.tick(seconds=2)  # past the gap
    assert texts(remote) == ["person", "campaign", "campaign here"]


def test_what_is_not_due_waits(chat: Chat, agent: User, remote: Remote, moment: Clock) -> None:
    operation = say(chat, "later", agent)
    Operation.objects.update(due_at=moment.now + timedelta(minutes=5))
    assert work() == 0
    moment.tick(minutes=5)
    remote.on("POST", SEND, accept)
    assert work() == 1
    operation.refresh_from_db()
    assert operation.state == State.ACCEPTED


def test_a_lane_that_rests_sends_nothing(chat: Chat, agent: User, remote: Remote, moment: Clock) -> None:
    operation = say(chat, "later", agent)
    operation.lane.rest_until = moment.now + timedelta(minutes=5)
    operation.lane.save()
    assert work() == 0
    moment.tick(minutes=5)
    remote.on("POST", SEND, accept)
    assert work() == 1


def test_what_follows_a_start_that_failed_says_so(line: Line, agent: User, remote: Remote) -> None:
    chat = start_chat(line=line, to=["+14155550123"], text="first", by=agent, key=uuid.uuid4())
    second = say(chat, "second", agent)
    remote.on("POST", "/v3/chats", Answer(403, wrong(2008)))
    work()
    second.refresh_from_db()
    assert (second.state, second.attempts) == (State.FAILED, 0)
    assert second.error == "This chat was never started. Try its first message again, then this."
    assert set(Operation.objects.values_list("kind", "state")) == {
        (Kind.CREATE_CHAT, State.FAILED),
        (Kind.SEND_MESSAGE, State.FAILED),
    }
