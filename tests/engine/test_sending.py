"""One message, from the person's click to its read receipt."""

from __future__ import annotations

import itertools
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import DjangoCaptureOnCommitCallbacks

from chats.actions.messages import send_message
from chats.engine import inflow, wake
from chats.models import Chat, Message, Operation
from chats.models.operation import State
from chats.v3 import resources
from tests import wire
from tests.engine.worker import Clock, hear, only_operation, work
from tests.people import NOON
from tests.remote import TRACE, Answer, Remote

MESSAGE_ID = "69a37c7d-af4f-4b5e-af42-e28e98ce873a"
SEND = "/v3/chats/[^/]+/messages"
STAGES = {
    "message.sent": {},
    "message.delivered": {"delivered_at": "2026-07-03T12:00:02Z"},
    "message.read": {"delivered_at": "2026-07-03T12:00:02Z", "read_at": "2026-07-03T12:00:09Z"},
}


def accepts(chat: Chat) -> Answer:
    return Answer(202, {"chat_id": str(chat.remote_id), "message": wire.sent(MESSAGE_ID)})


@pytest.fixture
def asked_to_send(chat: Chat, agent: User, moment: Clock, wakes: list[tuple[Any, ...]]) -> Message:
    return send_message(chat=chat, text="Hello", by=agent, key=uuid.uuid4())


def test_the_row_is_there_before_anything_leaves(
    chat: Chat,
    agent: User,
    remote: Remote,
    moment: Clock,
    wakes: list[tuple[Any, ...]],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    key = uuid.uuid4()
    with django_capture_on_commit_callbacks() as on_commit:
        message = send_message(chat=chat, text="  Hello  ", by=agent, key=key)
    operation = only_operation()
    assert (operation.state, operation.kind, operation.key) == (State.QUEUED, Operation.Kind.SEND_MESSAGE, key)
    assert (message.delivery_status, message.text, message.key) == ("pending", "Hello", str(key))
    assert (remote.asked, wakes) == ([], [])
    for callback in on_commit:
        callback()
    assert wakes == [(wake.DRAIN_LANE, operation.lane_id)]
    assert remote.asked == []


def test_the_remote_accepts_it(chat: Chat, asked_to_send: Message, remote: Remote) -> None:
    remote.on("POST", SEND, accepts(chat))
    assert work() == 1
    [asked] = remote.asked
    operation = only_operation()
    assert asked.path == f"/v3/chats/{chat.remote_id}/messages"
    assert asked.headers["authorization"] == "Bearer test-token"
    assert asked.body == {
        "message": {"parts": [{"type": "text", "value": "Hello"}], "idempotency_key": str(operation.key)}
    }
    message = wire.ours(chat)
    assert (str(message.remote_id), message.trace_id, message.delivery_status) == (MESSAGE_ID, TRACE, "pending")
    assert (operation.state, operation.trace_id, operation.attempts) == (State.ACCEPTED, TRACE, 1)
    assert (operation.lease_expires_at, operation.error) == (None, "")
    assert work() == 0


def _orders() -> list[tuple[str, ...]]:
    """Every order of the three stages, with and without each of them told twice."""
    orders = list(itertools.permutations(STAGES))
    return [*orders, *(order + order for order in orders), *(tuple(reversed(order)) * 2 + order for order in orders)]


@pytest.mark.parametrize("order", _orders(), ids=lambda order: "-".join(one.partition(".")[2] for one in order))
def test_events_in_every_order_bring_it_to_read(
    order: tuple[str, ...], chat: Chat, asked_to_send: Message, remote: Remote
) -> None:
    remote.on("POST", SEND, accepts(chat))
    work()
    seen = []
    for event_type in order:
        event = hear(event_type, wire.message_event(chat, MESSAGE_ID, **STAGES[event_type]))
        assert (event.state, event.chat_id, event.line_id) == ("processed", chat.pk, chat.line_id)
        seen.append(wire.ours(chat).delivery_status)
    ranks = [["sent", "delivered", "read"].index(status) for status in seen]
    assert ranks == sorted(ranks)
    message = wire.ours(chat)
    assert message.delivery_status == "read"
    assert [wire.at(one) for one in (message.sent_at, message.delivered_at, message.read_at)] == [
        "2026-07-03T12:00:00Z",
        "2026-07-03T12:00:02Z",
        "2026-07-03T12:00:09Z",
    ]
    assert (message.happened_at, message.service) == (NOON, "iMessage")
    operation = only_operation()
    assert (operation.state, operation.due_at) == (State.CONFIRMED, None)


def _listed(chat: Chat) -> None:
    inflow.save_messages(chat, [resources.Message.from_json(wire.message(MESSAGE_ID, str(chat.remote_id)))])


@pytest.mark.parametrize("order", list(itertools.permutations(["answer", "webhook", "listing"])), ids="-".join)
def test_it_stays_one_row_whatever_comes_first(
    order: tuple[str, ...], chat: Chat, asked_to_send: Message, remote: Remote
) -> None:
    def say(what: str) -> None:
        if what == "webhook":
            hear("message.sent", wire.message_event(chat, MESSAGE_ID, key=asked_to_send.key or ""))
        elif what == "listing":
            _listed(chat)
        else:
            _later()
            work()

    # What comes before the answer comes while nobody knows whether the call arrived.
    answers = [accepts(chat)] if order[0] == "answer" else [Answer(cut="unanswered"), accepts(chat)]
    remote.on("POST", SEND, *answers)
    if order[0] != "answer":
        work()
    for what in order:
        say(what)
    message = Message.objects.get(chat=chat)
    assert (message.pk, str(message.remote_id), message.delivery_status) == (asked_to_send.pk, MESSAGE_ID, "sent")
    assert only_operation().state == State.CONFIRMED


def test_the_event_brings_what_the_answer_would_have(chat: Chat, asked_to_send: Message, remote: Remote) -> None:
    remote.on("POST", SEND, Answer(cut="unanswered"))
    work()
    event = hear("message.sent", wire.message_event(chat, MESSAGE_ID, key=asked_to_send.key or ""))
    message, operation = wire.ours(chat), only_operation()
    assert (str(message.remote_id), message.trace_id, operation.trace_id) == (
        MESSAGE_ID,
        event.trace_id,
        event.trace_id,
    )
    assert (operation.state, operation.due_at, len(remote.asked)) == (State.CONFIRMED, None, 1)


def _later() -> None:
    Operation.objects.filter(due_at__isnull=False).update(due_at=NOON)


def test_what_failed_may_arrive_after_all(chat: Chat, asked_to_send: Message, remote: Remote) -> None:
    remote.on("POST", SEND, accepts(chat))
    work()
    failed = {"message_id": MESSAGE_ID, "chat_id": str(chat.remote_id), "code": 4001, "failed_at": wire.at(NOON)}
    hear("message.failed", failed)
    message, operation = wire.ours(chat), only_operation()
    assert (message.delivery_status, message.error, message.error_code) == ("failed", "Delivery failed.", 4001)
    assert (operation.state, operation.error_code, operation.error) == (State.FAILED, 4001, "Delivery failed.")
    assert message.failed_at == NOON
    hear("message.failed", failed)
    hear("message.sent", wire.message_event(chat, MESSAGE_ID))
    assert (wire.ours(chat).delivery_status, only_operation().state) == ("failed", State.FAILED)
    hear("message.delivered", wire.message_event(chat, MESSAGE_ID, **STAGES["message.delivered"]))
    message, operation = wire.ours(chat), only_operation()
    assert (message.delivery_status, message.error, message.error_code, message.failed_at) == (
        "delivered",
        "",
        None,
        None,
    )
    assert (operation.state, operation.error, operation.error_code) == (State.CONFIRMED, "", None)
    hear("message.failed", failed)
    assert (wire.ours(chat).delivery_status, only_operation().state) == ("delivered", State.CONFIRMED)


def test_a_failure_that_a_reading_brought_first_reaches_our_row(
    chat: Chat, asked_to_send: Message, remote: Remote
) -> None:
    """The failed event comes while the answer is on its way, so its message is fetched: a second row, then joined."""
    remote.on("POST", SEND, Answer(cut="unanswered"), accepts(chat))
    work()
    remote.on(
        "GET",
        f"/v3/messages/{MESSAGE_ID}",
        Answer(body=wire.message(MESSAGE_ID, str(chat.remote_id), delivery_status="failed", sent_at=None)),
    )
    hear("message.failed", {"message_id": MESSAGE_ID, "chat_id": str(chat.remote_id), "code": 4002})
    assert Message.objects.filter(chat=chat).count() == 2
    _later()
    work()
    message = Message.objects.get(chat=chat)
    assert (message.pk, message.delivery_status, message.error_code) == (asked_to_send.pk, "failed", 4002)
    assert message.error == "The line is offline."


def test_without_an_event_it_is_looked_up(chat: Chat, asked_to_send: Message, remote: Remote, moment: Clock) -> None:
    remote.on("POST", SEND, accepts(chat))
    work()
    remote.on(
        "GET",
        f"/v3/messages/{MESSAGE_ID}",
        Answer(body=wire.message(MESSAGE_ID, str(chat.remote_id), delivery_status="queued", sent_at=None)),
        Answer(body=wire.message(MESSAGE_ID, str(chat.remote_id), delivery_status="delivered")),
    )
    moment.tick(seconds=19)
    assert work() == 0
    moment.tick(seconds=1)
    assert work() == 1
    assert (only_operation().state, wire.ours(chat).delivery_status) == (State.ACCEPTED, "queued")
    moment.tick(seconds=20)
    assert work() == 1
    assert (only_operation().state, wire.ours(chat).delivery_status) == (State.CONFIRMED, "delivered")
    assert len(remote.calls("POST", SEND)) == 1


def test_a_lookup_that_finds_it_failed_says_so(
    chat: Chat, asked_to_send: Message, remote: Remote, moment: Clock
) -> None:
    remote.on("POST", SEND, accepts(chat))
    work()
    failed = wire.message(MESSAGE_ID, str(chat.remote_id), delivery_status="failed", sent_at=None)
    remote.on("GET", f"/v3/messages/{MESSAGE_ID}", Answer(body=failed))
    moment.tick(seconds=20)
    work()
    sentence = "The remote could not deliver this message."
    assert (only_operation().state, only_operation().error) == (State.FAILED, sentence)
    assert (wire.ours(chat).delivery_status, wire.ours(chat).error) == ("failed", sentence)


@pytest.mark.parametrize("status", [404, 200], ids=["vanished there", "still queued there"])
def test_lookups_end_with_accepted(
    status: int, chat: Chat, asked_to_send: Message, remote: Remote, moment: Clock
) -> None:
    """Messages vanish at the remote after a while, and some services confirm nothing: neither is a failure."""
    remote.on("POST", SEND, accepts(chat))
    work()
    queued = wire.message(MESSAGE_ID, str(chat.remote_id), delivery_status="queued", sent_at=None)
    remote.on("GET", f"/v3/messages/{MESSAGE_ID}", Answer(status, queued if status == 200 else None))
    for _ in range(10):
        moment.tick(minutes=3)
        work()
    operation = only_operation()
    assert (operation.state, operation.due_at, operation.error) == (State.ACCEPTED, None, "")
    assert len(remote.calls("GET", ".*")) == (1 if status == 404 else 5)


def test_a_lookup_keeps_to_the_wait_that_the_remote_names(
    chat: Chat, asked_to_send: Message, remote: Remote, moment: Clock
) -> None:
    remote.on("POST", SEND, accepts(chat))
    work()
    remote.on("GET", f"/v3/messages/{MESSAGE_ID}", Answer(429, headers={"Retry-After": "300"}))
    now = moment.tick(seconds=20)
    work()
    assert only_operation().due_at == now + timedelta(seconds=300)


def test_a_message_of_another_program_is_kept_as_ours(chat: Chat, remote: Remote, moment: Clock) -> None:
    event = hear("message.sent", wire.message_event(chat, MESSAGE_ID, text="From elsewhere"))
    assert event.state == "processed"
    message = wire.ours(chat)
    assert (message.text, message.delivery_status, message.key, message.author) == (
        "From elsewhere",
        "sent",
        None,
        None,
    )
    assert Operation.objects.count() == 0
    chat.refresh_from_db()
    assert (chat.last_message_text, chat.last_message_is_ours, chat.unread_count) == ("From elsewhere", True, 0)
