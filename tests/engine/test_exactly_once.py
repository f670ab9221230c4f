"""One intent, one accepted effect: through cuts, dead workers, lost wake-ups and several workers at once."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from celery import Celery
from django.contrib.auth.models import User
from pytest_django import Settings

from chats.actions.messages import send_message
from chats.engine import carry, claims, drain, lanes, sweeps, wake
from chats.engine import remote as engine_remote
from chats.models import Chat, Lane, Message, Operation
from chats.models.operation import State
from chats.v3.client import Client
from tests import wire
from tests.engine.worker import Clock, at_once, only_operation, work
from tests.remote import Answer, Asked, Remote, wrong

SEND = "/v3/chats/[^/]+/messages"


class Keys:
    """A remote that knows idempotency keys: a key it has seen gets its first answer again."""

    def __init__(self, chat: Chat) -> None:
        self.chat_id = str(chat.remote_id)
        self.messages: dict[str, str] = {}
        self._lock = threading.Lock()

    def __call__(self, asked: Asked) -> Answer:
        with self._lock:
            message_id = self.messages.setdefault(asked.key, str(uuid.uuid4()))
        return Answer(202, {"chat_id": self.chat_id, "message": wire.sent(message_id)})

    def cut(self, cut: str, asked: Asked) -> Answer:
        """Do it, and break the connection before the answer is through."""
        done = self(asked)
        return Answer(done.status, done.body, cut=cut)  # type: ignore[arg-type]


def ask(chat: Chat, by: User, text: str = "Hello") -> Operation:
    return send_message(chat=chat, text=text, by=by, key=uuid.uuid4()).operation


@pytest.mark.parametrize("cut", ["unanswered", "halfway"])
def test_a_reply_that_never_came_is_asked_for_with_the_same_key(
    cut: str, chat: Chat, agent: User, remote: Remote, moment: Clock, wakes: list[Any]
) -> None:
    ask(chat, agent)
    keys = Keys(chat)
    remote.on("POST", SEND, partial(keys.cut, cut), keys)
    work()
    operation = only_operation()
    assert (operation.state, wire.ours(chat).delivery_status) == (State.UNKNOWN, "pending")
    assert "It may have gone through" in operation.error
    assert work() == 0
    moment.tick(seconds=2)
    assert work() == 1
    assert (only_operation().state, only_operation().error) == (State.ACCEPTED, "")
    assert [asked.key for asked in remote.asked] == [str(operation.key)] * 2
    assert str(wire.ours(chat).remote_id) == keys.messages[str(operation.key)]


@pytest.mark.parametrize("is_reply", [False, True])
def test_a_key_whose_message_is_gone_was_taken(
    is_reply: bool, chat: Chat, agent: User, remote: Remote, moment: Clock, wakes: list[Any]
) -> None:
    message = ask(chat, agent).message
    if is_reply:
        # Then the one that it replies to may be what is gone, and nothing is known of this one.
        Message.objects.update(reply_to_remote_id=uuid.uuid4())
    remote.on("POST", SEND, partial(Keys(chat).cut, "unanswered"), Answer(404, wrong(2002)))
    work()
    moment.tick(seconds=2)
    work()
    assert message is not None
    message.refresh_from_db()
    if is_reply:
        assert (only_operation().state, only_operation().error_code) == (State.FAILED, 2002)
        assert message.delivery_status == "failed"
    else:
        assert (only_operation().state, only_operation().due_at) == (State.ACCEPTED, None)
        assert message.delivery_status == "queued"


def test_a_first_try_that_finds_no_message_has_failed(
    chat: Chat, agent: User, remote: Remote, moment: Clock, wakes: list[Any]
) -> None:
    ask(chat, agent)
    remote.on("POST", SEND, Answer(404, wrong(2002)))
    work()
    assert (only_operation().state, only_operation().error_code) == (State.FAILED, 2002)


def test_a_remote_that_was_never_reached_has_nothing(
    chat: Chat, agent: User, remote: Remote, moment: Clock, wakes: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(chat, agent)
    nowhere = Client("http://127.0.0.1:9/api/partner", "test-token", timeout=(1, 1))
    with monkeypatch.context() as patched:
        patched.setattr(engine_remote, "client", lambda: nowhere)
        work()
    operation = only_operation()
    assert (operation.state, operation.first_sent_at) == (State.QUEUED, None)
    assert operation.error == "The remote could not be reached. It will be tried again."
    remote.on("POST", SEND, Keys(chat))
    moment.tick(seconds=2)
    work()
    assert only_operation().state == State.ACCEPTED
    assert len(remote.asked) == 1


class Killed(BaseException):
    """What `kill -9` is to the code that it hits: nothing after it runs."""


@pytest.mark.parametrize("killed_at", ["before the call", "after the call"])
def test_a_worker_that_dies_is_taken_over(
    killed_at: str,
    chat: Chat,
    agent: User,
    remote: Remote,
    moment: Clock,
    wakes: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ask(chat, agent)
    keys = Keys(chat)
    remote.on("POST", SEND, keys)
    lane = only_operation().lane

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(lanes, "release", lambda *_: None)
        patched.setattr(carry, "_write" if killed_at == "after the call" else "_accepted", die)
        if killed_at == "before the call":
            patched.setattr(engine_remote, "client", die)
        with pytest.raises(Killed):
            drain.drain(lane.pk, seconds=20)
    operation = only_operation()
    assert (operation.state, operation.attempts) == (State.SENDING, 1)
    moment.tick(seconds=29)
    sweeps.sweep()
    assert (only_operation().state, work()) == (State.SENDING, 0)
    moment.tick(seconds=1)
    wakes.clear()
    sweeps.sweep()
    operation = only_operation()
    assert (operation.state, operation.fence) == (State.UNKNOWN, 2)
    assert operation.error == "The worker that was sending this stopped. We are finding out whether it arrived."
    assert (wake.DRAIN_LANE, lane.pk) in wakes
    assert work() == 1
    assert (only_operation().state, len(keys.messages)) == (State.ACCEPTED, 1)
    assert {asked.key for asked in remote.asked} == {str(operation.key)}
    assert len(remote.asked) == (2 if killed_at == "after the call" else 1)
    assert Message.objects.count() == 1


def test_a_result_that_comes_too_late_is_refused(
    chat: Chat, agent: User, remote: Remote, moment: Clock, wakes: list[Any]
) -> None:
    ask(chat, agent)
    lane = only_operation().lane_id
    fence = lanes.take(lane)
    assert fence is not None
    claim = claims.claim_next(lane, fence)
    assert claim is not None
    moment.tick(seconds=30)
    assert sweeps.recover_expired() == 1
    remote.on("POST", SEND, Keys(chat))
    carry.carry_out(claim)
    assert (only_operation().state, wire.ours(chat).remote_id) == (State.UNKNOWN, None)


def test_a_lane_that_was_taken_over_is_left_alone(chat: Chat, agent: User, moment: Clock, wakes: list[Any]) -> None:
    ask(chat, agent)
    lane = only_operation().lane_id
    first = lanes.take(lane)
    assert first is not None
    assert lanes.take(lane) is None
    moment.tick(seconds=30)
    second = lanes.take(lane)
    assert second == first + 1
    assert claims.claim_next(lane, first) is None
    assert only_operation().state == State.QUEUED
    lanes.release(lane, first)
    assert Lane.objects.get(pk=lane).lease_expires_at is not None
    assert claims.claim_next(lane, second) is not None


@pytest.mark.django_db(transaction=True)
def test_two_drains_of_one_lane_call_once_for_each(
    chat: Chat, agent: User, remote: Remote, moment: Clock, wakes: list[Any]
) -> None:
    operations = [ask(chat, agent, f"Message {number}") for number in range(6)]
    remote.on("POST", SEND, Keys(chat))
    lane = operations[0].lane_id
    handled = at_once(*[partial(drain.drain, lane, seconds=20)] * 3)
    assert sum(handled) == 6
    assert [asked.key for asked in remote.asked] == [str(one.key) for one in operations]
    assert set(Operation.objects.values_list("state", "attempts")) == {(State.ACCEPTED, 1)}


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_take_each_back_once(chat: Chat, agent: User, moment: Clock, wakes: list[Any]) -> None:
    for number in range(5):
        ask(chat, agent, f"Message {number}")
    Operation.objects.update(state=State.SENDING, lease_expires_at=moment.now, fence=7)
    assert sum(at_once(sweeps.recover_expired, sweeps.recover_expired)) == 5
    assert set(Operation.objects.values_list("state", "fence")) == {(State.UNKNOWN, 8)}


def test_a_wake_that_was_lost_is_made_up_for(chat: Chat, agent: User, moment: Clock, wakes: list[Any]) -> None:
    operation = ask(chat, agent)
    wakes.clear()
    sweeps.sweep()
    assert (wake.DRAIN_LANE, operation.lane_id) in wakes
    wakes.clear()
    Operation.objects.update(due_at=moment.now.replace(minute=50))
    sweeps.sweep()
    assert (wake.DRAIN_LANE, operation.lane_id) not in wakes


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_costs_nobody_their_change(
    chat: Chat, agent: User, settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    away = Celery("away", broker="redis://127.0.0.1:9/0", set_as_current=False)
    away.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    monkeypatch.setattr(wake, "current_app", away)
    wake._broker.cache_clear()
    # Nor may anybody be kept waiting for it to come back.
    monkeypatch.setattr("kombu.utils.functional.sleep", lambda _: pytest.fail("the page waits for the broker"))
    message = send_message(chat=chat, text="Hello", by=agent, key=uuid.uuid4())
    away.close()
    wake._broker.cache_clear()
    assert Message.objects.get().pk == message.pk
    assert only_operation().state == State.QUEUED
    assert "chats.tasks.drain_lane was not queued, the next sweep will do it: OperationalError" in caplog.messages


def test_a_wake_up_that_nobody_took_is_worth_nothing_after_a_while(
    chat: Chat, agent: User, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    app = Celery("alone", broker="memory://", set_as_current=False)
    monkeypatch.setattr(wake, "current_app", app)
    monkeypatch.setattr(wake, "_broker", app.connection_for_write)
    before = datetime.now(UTC)
    with django_capture_on_commit_callbacks(execute=True):
        ask(chat, agent)
    with app.connection() as connection:
        waiting = connection.SimpleQueue("celery").get(block=False)
    assert waiting.headers["task"] == wake.DRAIN_LANE
    left = datetime.fromisoformat(waiting.headers["expires"]) - before
    assert 10 <= left.total_seconds() < 20
