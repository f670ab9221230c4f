"""What the remote refuses, and what is held back before it leaves."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from chats.actions.groups import rename_group
from chats.actions.messages import mark_read, send_message, start_chat
from chats.actions.operations import retry_operation
from chats.models import Chat, Handle, Line, Operation
from chats.models.operation import State
from tests import wire
from tests.engine.worker import Clock, hear, only_operation, work
from tests.people import NOON, make_chat
from tests.remote import TRACE, Answer, Asked, Remote, wrong

SEND = "/v3/chats/([^/]+)/messages"
NOTHING_LISTED = Answer(body={"messages": [], "next_cursor": None})


@pytest.fixture(autouse=True)
def _frozen(moment: Clock, wakes: list[Any]) -> None:
    """Time moves only where a test moves it."""


def say(chat: Chat, by: User, text: str = "Hello") -> Operation:
    return send_message(chat=chat, text=text, by=by, key=uuid.uuid4()).operation


def accept(asked: Asked) -> Answer:
    return Answer(202, {"chat_id": asked.path.split("/")[3], "message": wire.sent(str(uuid.uuid4()))})


@pytest.mark.parametrize("seconds", [1, 45, 3600])
def test_a_named_wait_is_kept_to_the_second(
    seconds: int, chat: Chat, agent: User, remote: Remote, moment: Clock
) -> None:
    say(chat, agent)
    remote.on("POST", SEND, Answer(429, wrong(1007), {"Retry-After": str(seconds)}))
    for _ in range(4):
        work()
        operation = only_operation()
        assert (operation.state, operation.error_code, operation.error_status) == (State.QUEUED, 1007, 429)
        assert operation.due_at == moment.now + timedelta(seconds=seconds)
        moment.tick(seconds=seconds - 1)
        assert work() == 0
        moment.tick(seconds=1)
    assert wire.ours(chat).delivery_status == "pending"
    assert len(remote.asked) == 4


@pytest.mark.parametrize(
    ("status", "code"), [(500, 3001), (500, 3002), (500, 3003), (500, 3004), (504, 3005), (500, 3006), (500, 4002)]
)
def test_a_passing_fault_is_tried_again(
    status: int, code: int, chat: Chat, agent: User, remote: Remote, moment: Clock
) -> None:
    say(chat, agent)
    remote.on("POST", SEND, Answer(status, wrong(code)), accept)
    work()
    operation = only_operation()
    assert (operation.state, operation.error_code, operation.error_status) == (State.QUEUED, code, status)
    moment.tick(seconds=1.5)
    work()
    assert only_operation().state == State.ACCEPTED


def test_the_tries_are_further_and_further_apart(chat: Chat, agent: User, remote: Remote, moment: Clock) -> None:
    say(chat, agent)
    remote.on("POST", SEND, Answer(500, wrong(3006)))
    for least in (1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300):
        work()
        operation = only_operation()
        assert (operation.state, operation.error_code, operation.trace_id) == (State.QUEUED, 3006, TRACE)
        assert operation.due_at is not None
        assert least <= (operation.due_at - moment.now).total_seconds() <= least * 1.5
        moment.now = operation.due_at
    # An internal error does not say how far the remote came, so it may be there since the first try.
    assert only_operation().first_sent_at == NOON + timedelta(seconds=30)
    remote.on("POST", SEND, accept)
    work()
    assert (only_operation().state, only_operation().error) == (State.ACCEPTED, "")
    assert len({asked.key for asked in remote.asked}) == 1


def test_a_refused_key_waits_for_an_administrator(chat: Chat, agent: User, remote: Remote, moment: Clock) -> None:
    say(chat, agent)
    remote.on("POST", SEND, Answer(401, wrong(2004)), accept)
    work()
    operation = only_operation()
    assert (operation.state, operation.due_at) == (State.QUEUED, moment.now + timedelta(minutes=1))
    assert operation.error == "The API key is missing or was refused. Check the API key in the settings."
    moment.tick(minutes=1)
    work()
    assert only_operation().state == State.ACCEPTED


def test_a_line_that_cannot_send_waits(chat: Chat, agent: User, remote: Remote, moment: Clock) -> None:
    say(chat, agent)
    remote.on("POST", SEND, Answer(403, wrong(2027)), accept)
    work()
    operation = only_operation()
    assert (operation.state, operation.error_code) == (State.QUEUED, 2027)
    assert operation.due_at == moment.now + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("status", "code", "seconds"), [(409, 2009, 3), (404, 2007, 5)], ids=["chat being made", "file being read"]
)
def test_what_needs_seconds_gets_seconds(
    status: int, code: int, seconds: int, chat: Chat, agent: User, remote: Remote, moment: Clock
) -> None:
    say(chat, agent)
    remote.on("POST", SEND, Answer(status, wrong(code)), accept)
    work()
    assert only_operation().due_at == moment.now + timedelta(seconds=seconds)
    moment.tick(seconds=seconds)
    work()
    assert only_operation().state == State.ACCEPTED


@pytest.mark.parametrize(
    ("status", "code", "sentence"),
    [
        (404, 2001, "The chat does not exist or belongs to another account. Trying again will not help."),
        (400, 1004, "The parts of the message do not go together. Correct it and send again."),
        (403, 2008, "This recipient has to write to the line first. Ask them to text the line."),
        (
            409,
            2013,
            "The line has left this chat, or the chat is gone. Someone in the group has to add the line again.",
        ),
        (418, None, "The remote refused with status 418. Trying again will not help."),
    ],
)
def test_what_will_not_change_fails_with_a_sentence(
    status: int, code: int | None, sentence: str, chat: Chat, agent: User, remote: Remote
) -> None:
    say(chat, agent)
    remote.on("POST", SEND, Answer(status, wrong(code) if code else None))
    work()
    operation, message = only_operation(), wire.ours(chat)
    assert (operation.state, operation.due_at, operation.settled_at is not None) == (State.FAILED, None, True)
    assert (operation.error, operation.error_code, operation.error_status) == (sentence, code, status)
    assert operation.trace_id == TRACE
    assert (message.delivery_status, message.error, message.error_code) == ("failed", sentence, code)
    assert message.trace_id == TRACE
    assert work() == 0
    assert len(remote.asked) == 1


@pytest.mark.parametrize(("code", "column"), [(2024, "opted_out_at"), (2026, "blocked_at")])
def test_what_a_refusal_tells_of_a_person_holds_everywhere(
    code: int, column: str, chat: Chat, other_line: Line, agent: User, outsider: User, remote: Remote, moment: Clock
) -> None:
    person = Handle.objects.get(value="+14155550101")
    elsewhere = make_chat(other_line, person)
    say(chat, agent)
    remote.on("POST", SEND, Answer(403, wrong(code)))
    work()
    assert (only_operation().state, only_operation().error_code) == (State.FAILED, code)
    person.refresh_from_db()
    assert getattr(person, column) == moment.now
    assert not Handle.objects.exclude(pk=person.pk).filter(**{f"{column}__isnull": False}).exists()
    second = say(elsewhere, outsider)
    work()
    second.refresh_from_db()
    assert (second.state, second.error_code, second.attempts) == (State.FAILED, code, 0)
    assert len(remote.asked) == 1
    # They write: nobody who is blocked can, and whoever writes has opted in again.
    hear(
        "message.received",
        wire.message_event(chat, str(uuid.uuid4()), sender=person.value, sent_at=wire.at(moment.tick(minutes=1))),
    )
    person.refresh_from_db()
    assert getattr(person, column) is None


def test_a_refusal_in_a_group_marks_nobody(group: Chat, agent: User, remote: Remote) -> None:
    say(group, agent)
    remote.on("POST", SEND, Answer(403, wrong(2026)))
    work()
    assert only_operation().state == State.FAILED
    assert not Handle.objects.filter(blocked_at__isnull=False).exists()


def test_trying_again_asks_the_remote_whether_the_block_is_gone(chat: Chat, agent: User, remote: Remote) -> None:
    operation = say(chat, agent)
    remote.on("POST", SEND, Answer(403, wrong(2026)), accept)
    work()
    operation.refresh_from_db()
    retry_operation(operation=operation, by=agent)
    work()
    assert (only_operation().state, len(remote.asked)) == (State.ACCEPTED, 2)
    assert not Handle.objects.filter(blocked_at__isnull=False).exists()


def test_patience_ends_after_a_day(chat: Chat, agent: User, remote: Remote, moment: Clock) -> None:
    say(chat, agent)
    remote.on("POST", SEND, Answer(500, wrong(3006)))
    work()
    moment.tick(hours=23, minutes=59)
    work()
    assert only_operation().state == State.QUEUED
    moment.tick(minutes=10)
    work()
    assert (only_operation().state, only_operation().error_code) == (State.FAILED, 3006)
    assert only_operation().error == "The remote had an internal error. It was tried for long and is given up."


def test_an_old_key_is_not_sent_again_blindly(chat: Chat, agent: User, remote: Remote, moment: Clock) -> None:
    say(chat, agent)
    remote.on("POST", SEND, Answer(cut="unanswered"))
    work()
    moment.tick(hours=11, minutes=50)
    work()
    assert (only_operation().state, len(remote.asked)) == (State.UNKNOWN, 2)
    remote.on("GET", SEND, NOTHING_LISTED)
    moment.tick(minutes=10)
    work()
    operation = only_operation()
    assert (operation.state, len(remote.calls("POST", SEND)), len(remote.calls("GET", SEND))) == (State.FAILED, 2, 1)
    assert operation.error == (
        "No answer ever came, and it is not in the chat. Look at the other side before you try it again."
    )
    hear("message.sent", wire.message_event(chat, str(uuid.uuid4()), key=str(operation.key)))
    assert (only_operation().state, wire.ours(chat).delivery_status) == (State.CONFIRMED, "sent")


def test_one_that_was_refused_while_unknown_stays_unknown(
    chat: Chat, agent: User, remote: Remote, moment: Clock
) -> None:
    say(chat, agent)
    remote.on("POST", SEND, Answer(cut="unanswered"), Answer(500, wrong(3006)), accept)
    work()
    moment.tick(seconds=10)
    work()
    assert (only_operation().state, only_operation().error_code) == (State.UNKNOWN, 3006)
    moment.tick(seconds=10)
    work()
    assert only_operation().state == State.ACCEPTED


def test_a_receipt_is_worth_a_few_tries_only(chat: Chat, agent: User, remote: Remote, moment: Clock) -> None:
    chat.unread_count = 1
    chat.save()
    mark_read(chat=chat, by=agent)
    remote.on("POST", "/v3/chats/[^/]+/read", Answer(cut="unanswered"))
    for _ in range(8):
        work()
        moment.tick(minutes=1)
    assert (only_operation().state, len(remote.asked)) == (State.FAILED, 4)
    assert only_operation().error == "No answer ever came. Look at the other side before you try it again."


def test_a_change_without_answers_ends_after_a_day(group: Chat, manager: User, remote: Remote, moment: Clock) -> None:
    rename_group(chat=group, name="Team", by=manager)
    remote.on("PUT", "/v3/chats/[^/]+", Answer(cut="unanswered"))
    remote.on("GET", "/v3/chats/[^/]+", Answer(body=wire.chat_of(group)))
    work()
    moment.tick(hours=23)
    work()
    assert only_operation().state == State.UNKNOWN
    moment.tick(hours=2)
    work()
    assert only_operation().state == State.FAILED


# What closes between asking and leaving, and the sentence that says so.
def _opt_out(chat: Chat) -> None:
    Handle.objects.filter(participations__chat=chat, participations__is_me=False).update(opted_out_at=NOON)


def _block(chat: Chat) -> None:
    Handle.objects.filter(participations__chat=chat, participations__is_me=False).update(blocked_at=NOON)


def _leave(chat: Chat) -> None:
    Chat.objects.filter(pk=chat.pk).update(left_at=NOON)


def _too_late(chat: Chat) -> None:
    Operation.objects.update(send_before=NOON + timedelta(seconds=30))


def _lose_the_line(chat: Chat) -> None:
    Line.objects.filter(pk=chat.line_id).update(is_active=False)


GATES = [
    (_opt_out, 2024, "This person has opted out, so nothing can be sent until they write again."),
    (_block, 2026, "This person is on the block list. Unblock them first."),
    (_leave, 2013, "Our line has left this group, so nothing can be sent."),
    (_too_late, None, "It was too late to be useful, so it was not sent."),
    (_lose_the_line, None, "The line is no longer part of the account, so nothing can leave by it."),
]


@pytest.mark.parametrize(("close", "code", "sentence"), GATES)
def test_a_gate_that_closed_since_is_seen_when_it_leaves(
    close: Any, code: int | None, sentence: str, chat: Chat, agent: User, remote: Remote
) -> None:
    say(chat, agent)
    close(chat)
    work()
    operation, message = only_operation(), wire.ours(chat)
    assert (operation.state, operation.attempts, operation.error_code) == (State.FAILED, 0, code)
    assert (operation.error, message.error, message.delivery_status) == (sentence, sentence, "failed")
    assert remote.asked == []


@pytest.mark.parametrize(("close", "code", "sentence"), GATES)
def test_a_closed_gate_also_stops_the_asking_again(
    close: Any, code: int | None, sentence: str, chat: Chat, agent: User, remote: Remote, moment: Clock
) -> None:
    say(chat, agent)
    remote.on("POST", SEND, Answer(cut="unanswered"))
    work()
    remote.on("GET", SEND, NOTHING_LISTED)
    close(chat)
    moment.tick(seconds=5)
    work()
    operation = only_operation()
    assert (operation.state, operation.error_code, len(remote.calls("POST", SEND))) == (State.FAILED, code, 1)
    assert operation.error == f"{sentence} An earlier try got no answer, and it is not in the chat."


def test_the_gate_of_a_first_message(line: Line, agent: User, remote: Remote) -> None:
    Handle.objects.create(value="+14155550123", opted_out_at=NOON)
    start_chat(line=line, to=["+14155550123"], text="Hello", by=agent, key=uuid.uuid4())
    work()
    assert (only_operation().state, only_operation().error_code, remote.asked) == (State.FAILED, 2024, [])


def test_groups_are_neither_opted_out_nor_blocked(group: Chat, agent: User, remote: Remote) -> None:
    _opt_out(group)
    _block(group)
    say(group, agent)
    remote.on("POST", SEND, accept)
    work()
    assert only_operation().state == State.ACCEPTED


def test_a_defect_of_ours_holds_up_nothing_else(
    chat: Chat, agent: User, remote: Remote, moment: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    broken = say(chat, agent, "broken")
    Operation.objects.filter(pk=broken.pk).update(message=None)
    say(chat, agent, "hello")
    remote.on("POST", SEND, accept)
    work()
    broken.refresh_from_db()
    assert (broken.state, broken.error) == (
        State.UNKNOWN,
        "Chatdeck itself failed here (ValueError). It is tried again.",
    )
    assert f"Operation {broken.pk} broke" in caplog.messages
    moment.tick(hours=12)
    work()
    broken.refresh_from_db()
    assert broken.state == State.FAILED
    assert Operation.objects.exclude(pk=broken.pk).get().state == State.ACCEPTED
