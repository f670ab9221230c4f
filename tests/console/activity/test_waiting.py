"""Why an operation waits, in one sentence."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from chats.actions.groups import add_participant, rename_group
from chats.models import Lane, Operation
from chats.models.operation import State
from chats.queries.waiting import why
from tests.people import NOON

pytestmark = pytest.mark.django_db


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
    assert why(operation) == "It is due and waits for a worker; if this lasts, check that the workers run."


def test_a_worker_is_busy(operation):
    Lane.objects.update(lease_expires_at=NOON + timedelta(seconds=5))
    assert why(Operation.objects.get()) == "A worker is busy on this line; it leaves when its turn comes."


def test_planned_and_tried_again(operation):
    later = NOON + timedelta(minutes=1)
    assert changed(operation, due_at=later) == "It is planned for the time below."
    assert (
        changed(operation, due_at=later, attempts=2)
        == "The last try did not go through; it is tried again at the time below."
    )


def test_the_line_rests(operation):
    Lane.objects.update(rest_until=NOON + timedelta(minutes=1))
    assert "The line rests" in why(Operation.objects.get())
    Lane.objects.update(rest_until=NOON)
    assert "The line rests" not in why(Operation.objects.get())


def test_an_earlier_change_of_the_same_chat_comes_first(operation, group, manager):
    second = add_participant(chat=group, handle="+14155550177", by=manager)
    assert why(second).startswith("An earlier operation of the same chat has to be settled first")
    changed(operation, state=State.ACCEPTED)
    assert why(second).startswith("It is due")


def test_on_its_way_and_after(operation):
    lease = NOON + timedelta(seconds=30)
    assert changed(operation, state=State.SENDING, lease_expires_at=lease) == "It is being sent right now."
    assert changed(operation, state=State.UNKNOWN).startswith("The remote may have it")
    assert changed(operation, state=State.ACCEPTED) == "The remote has it and has not shown the effect yet."
    assert changed(operation, state=State.ACCEPTED, due_at=None) == ""


@pytest.mark.parametrize("state", [State.CONFIRMED, State.FAILED, State.CANCELLED])
def test_what_is_settled_waits_for_nothing(operation, state):
    assert changed(operation, state=state, settled_at=NOON, due_at=None, error="Why.") == ""
