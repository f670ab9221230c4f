"""Batches of an unpaced lane: what they hold, what ends them, and what is given back."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from chats.engine import batches, drain, lanes, sweeps
from chats.engine import remote as engine_remote
from chats.engine.batches import Batch, Tempo
from chats.models import Chat, Departure, FirstContact, Handle, Lane, Line, Message, Operation
from chats.models.operation import Kind, Pace, Priority, State
from chats.v3.client import Client
from tests import wire
from tests.engine.pacing.conftest import SEND, accept, budgets, lane, queued, say, texts
from tests.engine.worker import Clock, work
from tests.people import make_chat
from tests.remote import Answer, Asked, Remote, wrong

Many = Callable[[int], list[Chat]]


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow this machine is, a batch is as large as it may be and is carried out to its end."""
    monkeypatch.setattr(batches, "PLANNED", 1e9)
    monkeypatch.setattr(batches, "LATEST", 1e9)


@pytest.fixture
def chats(line: Line, many: Many) -> list[Chat]:
    """Six direct chats with people the line has written to, on a line without any limit."""
    budgets(line)
    made = many(6)
    for chat in made:
        met(line, chat)
    return made


def met(line: Line, chat: Chat) -> None:
    FirstContact.objects.create(line=line, handle=person(chat), at=timezone.now())


def person(chat: Chat) -> Handle:
    return Handle.objects.get(participations__chat=chat, participations__is_me=False)


def say_all(chats: list[Chat], by: User) -> list[Operation]:
    return [say(chat, by, f"{number}") for number, chat in enumerate(chats)]


def take(most: int = 50) -> Batch | None:
    pk = lane().pk
    fence = lanes.take(pk)
    assert fence is not None
    batch = batches.take(pk, fence, most=most)
    lanes.release(pk, fence)
    return batch


def taken(most: int = 50) -> Batch:
    batch = take(most)
    assert batch is not None
    return batch


def answer_with(message_id: str, asked: Asked) -> Answer:
    return Answer(202, {"chat_id": asked.path.split("/")[3], "message": wire.sent(message_id)})


def ids(batch: Batch) -> list[int]:
    return [claim.operation.pk for claim in batch.claims]


def states() -> list[tuple[str, int, int]]:
    return list(Operation.objects.order_by("pk").values_list("state", "attempts", "fence"))


def numbers() -> list[int]:
    return list(Departure.objects.order_by("number").values_list("number", flat=True))


def test_a_batch_is_claimed_as_if_one_by_one(chats: list[Chat], agent: User, moment: Clock) -> None:
    operations = say_all(chats, agent)
    batch = taken(most=4)
    assert ids(batch) == [one.pk for one in operations[:4]]
    assert states() == [(State.SENDING, 1, 1)] * 4 + [(State.QUEUED, 0, 0)] * 2
    claimed = Operation.objects.filter(state=State.SENDING)
    assert set(claimed.values_list("lease_expires_at", "first_sent_at", "pace")) == {
        (moment.now + timedelta(seconds=30), moment.now, Pace.FREE)
    }
    assert list(Departure.objects.order_by("number").values_list("number", "operation", "handle", "chat", "at")) == [
        (number, one.pk, person(chat).pk, None, moment.now)
        for number, (one, chat) in enumerate(zip(operations[:4], chats, strict=False), start=1)
    ]
    assert (lane().departed, batch.last_number) == (4, 4)


def test_a_lane_is_emptied_in_order(chats: list[Chat], agent: User, remote: Remote, moment: Clock) -> None:
    operations = say_all(chats, agent)
    remote.on("POST", SEND, accept)
    assert work() == 6
    assert texts(remote) == ["0", "1", "2", "3", "4", "5"]
    assert [asked.key for asked in remote.asked] == [str(one.key) for one in operations]
    assert (states(), numbers(), lane().departed) == ([(State.ACCEPTED, 1, 1)] * 6, [1, 2, 3, 4, 5, 6], 6)
    looked_at = moment.now + timedelta(seconds=20)
    assert set(Operation.objects.values_list("accepted_at", "due_at", "settled_at", "lease_expires_at", "error")) == {
        (moment.now, looked_at, None, None, "")
    }
    rows = Message.objects.values_list("delivery_status", "remote_id", "trace_id")
    assert {(status, remote_id is not None, bool(trace)) for status, remote_id, trace in rows} == {
        ("pending", True, True)
    }
    assert len({remote_id for _, remote_id, _ in rows}) == 6


def test_a_group_is_counted_as_one(line: Line, chats: list[Chat], group: Chat, agent: User) -> None:
    say_all([chats[0], group], agent)
    assert len(taken().claims) == 2
    assert list(Departure.objects.order_by("number").values_list("handle", "chat")) == [
        (person(chats[0]).pk, None),
        (None, group.pk),
    ]


def opted_out(chat: Chat, _: Operation) -> None:
    Handle.objects.filter(pk=person(chat).pk).update(opted_out_at=timezone.now())


def never_met(chat: Chat, _: Operation) -> None:
    FirstContact.objects.filter(handle=person(chat)).delete()


def tried_before(_: Chat, operation: Operation) -> None:
    Operation.objects.filter(pk=operation.pk).update(attempts=1)


def with_a_file(_: Chat, operation: Operation) -> None:
    Message.objects.filter(operation=operation).update(parts=[{"type": "media", "attachment_id": str(uuid.uuid4())}])


def a_change(_: Chat, operation: Operation) -> None:
    Operation.objects.filter(pk=operation.pk).update(kind=Kind.MARK_READ, pace=Pace.FREE)


def too_late(_: Chat, operation: Operation) -> None:
    Operation.objects.filter(pk=operation.pk).update(send_before=operation.created_at)


def not_started(chat: Chat, _: Operation) -> None:
    Chat.objects.filter(pk=chat.pk).update(remote_id=None)


def asked_again(chat: Chat, operation: Operation) -> None:
    Operation.objects.filter(pk=operation.pk).update(state=State.UNKNOWN)


def spent_minute(chat: Chat, operation: Operation) -> None:
    Line.objects.update(messages_a_minute_to_one=1)
    Departure.objects.create(
        line=chat.line, number=0, at=operation.created_at, operation_id=0, handle_id=person(chat).pk
    )


@pytest.mark.parametrize(
    "doubt",
    [opted_out, never_met, tried_before, with_a_file, a_change, too_late, not_started, asked_again, spent_minute],
)
def test_what_needs_a_second_thought_ends_the_batch(
    doubt: Callable[[Chat, Operation], None], chats: list[Chat], agent: User
) -> None:
    operations = say_all(chats, agent)
    Operation.objects.update(priority=Priority.AUTOMATIC)
    doubt(chats[3], operations[3])
    # What budgets do not hold comes before the others, and stops the batch at its beginning.
    first = doubt is a_change
    assert (take() is None) is first
    assert queued() == (6 if first else 2 if doubt is asked_again else 3)
    assert lane().departed == (0 if first else 3)


def test_one_recipient_is_in_a_batch_once(line: Line, chats: list[Chat], agent: User) -> None:
    again = make_chat(line, person(chats[0]))
    say_all([chats[0], chats[1], again, chats[2]], agent)
    assert len(taken().claims) == 2


def test_people_come_before_machines(chats: list[Chat], agent: User, remote: Remote) -> None:
    say_all(chats[:5], agent)
    Operation.objects.update(priority=Priority.AUTOMATIC)
    reply = say(chats[5], agent, "reply")
    assert ids(taken())[0] == reply.pk


@pytest.mark.parametrize(
    "limits",
    [{"gap_seconds": 1}, {"messages_a_minute": 9}, {"messages_a_day": 9}, {"reputation": "CRITICAL"}, {"paused": True}],
)
def test_a_lane_that_is_paced_has_no_batches(
    limits: dict[str, Any], line: Line, chats: list[Chat], agent: User, moment: Clock
) -> None:
    say_all(chats, agent)
    if limits.pop("paused", False):
        limits = {"paused_at": moment.now, "pause_reason": "by_hand"}
    Line.objects.filter(pk=line.pk).update(**limits)
    assert (take(), queued(), lane().departed) == (None, 6, 0)


def test_a_lane_that_rests_or_is_lost_has_no_batches(chats: list[Chat], agent: User, moment: Clock) -> None:
    say_all(chats, agent)
    Lane.objects.update(rest_until=moment.now + timedelta(seconds=1))
    assert take() is None
    Lane.objects.update(rest_until=moment.now)
    pk = lane().pk
    fence = lanes.take(pk)
    assert fence is not None
    assert batches.take(pk, fence - 1, most=9) is None
    assert (queued(), lane().departed) == (6, 0)


def test_what_follows_a_failure_is_given_back(chats: list[Chat], agent: User, remote: Remote, moment: Clock) -> None:
    operations = say_all(chats, agent)
    batch = taken()
    remote.on("POST", SEND, accept, Answer(500, wrong(3006)))
    tempo = Tempo()
    assert batches.carry_out(batch, tempo) == 2
    assert len(remote.asked) == 2
    assert states() == [(State.ACCEPTED, 1, 1), (State.QUEUED, 1, 1)] + [(State.QUEUED, 0, 2)] * 4
    # The second was answered, so it counts; the others never left.
    assert (numbers(), lane().departed, tempo.most) == ([1, 2], 2, 1)
    back = Operation.objects.filter(pk__in=[one.pk for one in operations[2:]])
    assert set(back.values_list("due_at", "first_sent_at", "lease_expires_at", "pace", "error")) == {
        (moment.now, None, None, Pace.TALK, "")
    }


def test_a_remote_that_was_not_reached_spends_nothing(
    chats: list[Chat], agent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    say_all(chats, agent)
    batch = taken()
    nowhere = Client("http://127.0.0.1:9/api/partner", "test-token", timeout=(1, 1))
    with monkeypatch.context() as patched:
        patched.setattr(engine_remote, "client", lambda: nowhere)
        batches.carry_out(batch, Tempo())
    assert (queued(), numbers(), lane().departed) == (6, [], 0)


def test_what_was_not_begun_in_time_is_given_back(
    chats: list[Chat], agent: User, remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    say_all(chats, agent)
    batch = taken()
    monkeypatch.setattr(batches, "LATEST", 0.0)
    assert batches.carry_out(batch, Tempo()) == 0
    assert (remote.asked, states(), numbers(), lane().departed) == ([], [(State.QUEUED, 0, 2)] * 6, [], 0)


def test_numbers_stay_spent_when_another_worker_was_faster(
    chats: list[Chat], agent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    say_all(chats, agent)
    batch = taken(most=3)
    taken(most=3)
    monkeypatch.setattr(batches, "LATEST", 0.0)
    batches.carry_out(batch, Tempo())
    assert (queued(), numbers(), lane().departed) == (3, [1, 2, 3, 4, 5, 6], 6)


def test_a_result_that_comes_too_late_is_refused(chats: list[Chat], agent: User, remote: Remote, moment: Clock) -> None:
    say_all(chats, agent)
    batch = taken()
    moment.tick(seconds=30)
    Operation.objects.filter(pk=ids(batch)[0]).update(lease_expires_at=moment.now + timedelta(seconds=1))
    assert sweeps.recover_expired() == 5
    remote.on("POST", SEND, accept)
    batches.carry_out(batch, Tempo())
    assert states() == [(State.ACCEPTED, 1, 1)] + [(State.UNKNOWN, 1, 2)] * 5
    assert Message.objects.filter(remote_id__isnull=False).count() == 1


def test_what_a_dead_worker_had_claimed_is_settled_with_its_keys(
    chats: list[Chat], agent: User, remote: Remote, moment: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """What `kill -9` is to the code that it hits."""

    def die(*_: object) -> None:
        raise Killed

    operations = say_all(chats, agent)
    remote.on("POST", SEND, accept)
    with monkeypatch.context() as patched:
        patched.setattr(batches, "_record", die)
        patched.setattr(lanes, "release", lambda *_: None)
        with pytest.raises(Killed):
            drain.drain(lane().pk, seconds=5)
    left = {asked.key for asked in remote.calls("POST", SEND)}
    moment.tick(seconds=31)
    sweeps.sweep()
    work()
    keys = [asked.key for asked in remote.calls("POST", SEND)]
    assert set(keys) == {str(one.key) for one in operations}
    # Nothing was asked twice but what had left without a word written down, and nothing is counted twice.
    assert (len(keys) - len(set(keys)), len(left)) == (5, 6)
    assert (set(Operation.objects.values_list("state", flat=True)), lane().departed) == ({State.ACCEPTED}, 6)


def test_an_answer_that_cannot_be_written_costs_only_its_own(
    chats: list[Chat], agent: User, remote: Remote, caplog: pytest.LogCaptureFixture
) -> None:
    say_all(chats, agent)
    batch = taken()
    remote.on("POST", SEND, accept, lambda asked: answer_with("none", asked), accept)
    assert batches.carry_out(batch, Tempo()) == 6
    assert [state for state, *_ in states()] == [State.ACCEPTED, State.UNKNOWN] + [State.ACCEPTED] * 4
    assert "The results of 6 operations are written one by one" in caplog.text


def test_a_row_that_came_by_an_event_first_is_joined(
    chats: list[Chat], agent: User, remote: Remote, moment: Clock
) -> None:
    operations = say_all(chats, agent)
    batch = taken()
    known = uuid.uuid4()
    Message.objects.create(
        chat=chats[2], remote_id=known, direction="outbound", delivery_status="sent", happened_at=moment.now
    )
    remote.on("POST", SEND, accept, accept, lambda asked: answer_with(str(known), asked), accept)
    batches.carry_out(batch, Tempo())
    message = Message.objects.get(remote_id=known)
    assert (message.pk, message.delivery_status) == (operations[2].message_id, "sent")
    assert (Message.objects.count(), [state for state, *_ in states()]) == (6, [State.ACCEPTED] * 6)


def test_a_good_answer_ends_a_row_of_failures(line: Line, chats: list[Chat], agent: User, remote: Remote) -> None:
    Line.objects.filter(pk=line.pk).update(failing_since=timezone.now())
    say_all(chats, agent)
    remote.on("POST", SEND, accept)
    batches.carry_out(taken(), Tempo())
    line.refresh_from_db()
    assert line.failing_since is None


def test_the_tempo_follows_the_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "PLANNED", 0.25)
    tempo = Tempo()
    sizes = [tempo.most]
    for handled, of, seconds in [(1, 1, 0.01), (8, 8, 0.01), (16, 16, 0.02), (32, 32, 0.04), (9, 64, 0.6), (9, 9, 0.9)]:
        tempo.learn(handled=handled, of=of, seconds=seconds)
        sizes.append(tempo.most)
    # Twice as many each time as long as they fit into a quarter of a second; fewer at once when they do not.
    assert sizes == [1, 8, 16, 32, 64, 9, 2]
