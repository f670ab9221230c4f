"""Why an operation waits, and when that is expected to end. The budgets' sentences: tests/engine/pacing."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import time_machine

from chats.actions.groups import add_participant, rename_group
from chats.actions.messages import send_message, start_chat
from chats.engine import breaker
from chats.models import Lane, Line, Operation
from chats.models.operation import Priority, State
from chats.queries.waiting import held_up, why
from tests.people import NOON

pytestmark = pytest.mark.django_db

EARLIER = "An earlier operation of the same chat has to be settled first, so that their order is kept: "
UNKNOWN = (
    "The remote may have it: its reply never came. It is settled by the same key, an event or "
    "a look at the remote, never sent blindly again"
)


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def operation(group, manager) -> Operation:
    return rename_group(chat=group, name="Night crew", by=manager)


def changed(operation: Operation, **fields: object) -> str:
    Operation.objects.filter(pk=operation.pk).update(**fields)
    return why(Operation.objects.get(pk=operation.pk))


def test_due(operation):
    assert why(operation) == (
        "It is due and waits for a worker, which takes a few seconds; if this lasts, check that the workers run."
    )


def test_a_worker_is_busy(operation):
    Lane.objects.update(lease_expires_at=NOON + timedelta(seconds=5))
    assert why(Operation.objects.get()) == (
        "A worker is busy on this line; it leaves when its turn comes, in a few seconds."
    )


def test_planned_and_tried_again(operation):
    later = NOON + timedelta(minutes=1)
    assert changed(operation, due_at=later) == "It leaves in 60 s, as planned."
    assert changed(operation, due_at=later, attempts=2) == (
        "The last try did not go through; it is tried again in 60 s."
    )
    error = "The API key is missing or was refused. Check it in the settings."
    assert changed(operation, error=error) == (
        "The last try did not go through (the API key is missing or was refused); it is tried again in 60 s."
    )


def test_the_line_rests(operation):
    Lane.objects.update(rest_until=NOON + timedelta(minutes=10))
    sentence = "The line rests, because the remote asked us to wait; it goes on in 10 min."
    assert why(Operation.objects.get()) == held_up(Operation.objects.get()) == sentence
    Lane.objects.update(rest_until=NOON)
    assert "The line rests" not in why(Operation.objects.get())


def test_the_line_is_paused(operation):
    line = Line.objects.get(pk=operation.line_id)
    at = NOON + timedelta(minutes=15)
    breaker.pause(line, reason=Line.Pause.FAILURES, detail="The line failed. Try later.", trial_at=at)
    sentence = "The line is paused, because it failed again and again: the line failed. One message tries it in 15 min."
    assert why(Operation.objects.get()) == held_up(Operation.objects.get()) == sentence


def test_an_earlier_change_of_the_same_chat_comes_first(operation, group, manager):
    second = add_participant(chat=group, handle="+14155550177", by=manager)
    first = f"{EARLIER}“Rename the group”, number {operation.pk}"
    assert why(second) == f"{first}, which is due."
    Operation.objects.filter(pk=operation.pk).update(due_at=NOON + timedelta(seconds=40))
    assert why(second) == f"{first}, which is tried in 40 s."
    changed(operation, state=State.UNKNOWN)
    assert why(second) == f"{first}, which is on its way."
    changed(operation, state=State.ACCEPTED)
    assert why(second).startswith("It is due")


def test_behind_one_that_a_budget_holds(chat, agent, line):
    send_message(chat=chat, text="First", by=agent, key=uuid.uuid4())
    send_message(chat=chat, text="Second", by=agent, key=uuid.uuid4())
    first, second = Operation.objects.order_by("pk")
    Lane.objects.update(gap_until=NOON + timedelta(seconds=30))
    assert why(second) == (
        f"{EARLIER}“Send a message”, number {first.pk}. A short gap is kept between the messages of a line. "
        "It is expected to leave in 21 s."
    )


def test_a_person_does_not_wait_for_a_machine_but_for_the_start_of_the_chat(line, agent):
    """The rule of `chats.engine.claims`, whoever asked for the start."""
    chat = start_chat(line=line, to=["+14155550177"], text="Hello", by=agent, key=uuid.uuid4())
    start = Operation.objects.get()
    Operation.objects.update(priority=Priority.AUTOMATIC)
    send_message(chat=chat, text="And this", by=agent, key=uuid.uuid4())
    second = Operation.objects.exclude(pk=start.pk).get()
    assert why(second) == f"{EARLIER}“Start a chat”, number {start.pk}, which is due."
    Operation.objects.filter(pk=start.pk).update(kind="send_message")
    assert why(second).startswith("It is due")


def test_its_last_useful_moment_is_said(operation):
    until = NOON + timedelta(minutes=5)
    assert changed(operation, send_before=until, due_at=NOON + timedelta(seconds=40)) == (
        "It leaves in 40 s, as planned. It fails as too late in 5 min, if it is here then."
    )


def test_being_sent(operation):
    lease = NOON + timedelta(seconds=30)
    assert changed(operation, state=State.SENDING, lease_expires_at=lease) == (
        "It is being sent right now; what came of it is known in 30 s at the latest."
    )
    assert changed(operation, lease_expires_at=NOON) == (
        "The worker that was sending it stopped. We find out whether it arrived in a few seconds."
    )


def test_of_unknown_outcome(operation):
    assert changed(operation, state=State.UNKNOWN) == f"{UNKNOWN}; the next try is in a few seconds."
    assert changed(operation, due_at=NOON + timedelta(minutes=4)) == f"{UNKNOWN}; the next try is in 4 min."
    Lane.objects.update(rest_until=NOON + timedelta(minutes=20))
    assert changed(operation) == f"{UNKNOWN}; the next try is in 20 min."


def test_of_unknown_outcome_on_a_paused_line(operation):
    breaker.pause(Line.objects.get(pk=operation.line_id), reason=Line.Pause.BY_HAND, detail="x", trial_at=None)
    asked = NOON - timedelta(hours=11, minutes=10)
    assert changed(operation, state=State.UNKNOWN, first_sent_at=asked) == (
        f"{UNKNOWN}. Nothing is asked again while the line is paused; it is looked for in 50 min."
    )


def test_accepted(operation):
    sentence = "The remote has it and has not shown the effect yet. We look"
    assert changed(operation, state=State.ACCEPTED) == f"{sentence} in a few seconds."
    assert changed(operation, due_at=NOON + timedelta(seconds=20)) == f"{sentence} in 20 s."
    assert changed(operation, due_at=None) == ""


@pytest.mark.parametrize("state", [State.CONFIRMED, State.FAILED, State.CANCELLED])
def test_what_is_settled_waits_for_nothing(operation, state):
    assert changed(operation, state=state, settled_at=NOON, due_at=None, error="Why.") == ""
