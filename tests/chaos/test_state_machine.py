"""Operations and events in every order that can be thought of: no impossible state, no lower one, no lost row."""

from __future__ import annotations

import json
import os
import sys
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from chats.actions.groups import rename_group
from chats.actions.messages import mark_read, send_message, start_chat
from chats.actions.operations import cancel_operation, retry_operation
from chats.actions.rules import Refused
from chats.api import webhook
from chats.engine import breaker, drain, lanes, reconcile, sweeps
from chats.engine import remote as engine_remote
from chats.engine.events import processor
from chats.models import Chat, Lane, Line, Message, Operation, SyncRun, WebhookEvent
from chats.models.operation import OPEN, State
from chats.v3.client import Client
from chats.v3.transport import Transport
from tests.chaos.elsewhere import AFTER, Elsewhere, Killed, Trouble
from tests.engine.worker import Clock, moment, wakes
from tests.people import NOON, make_chat, make_handle, make_line, make_person

__all__ = ["moment", "wakes"]

PEOPLE = ["+14155550141", "+14155550142"]
EXAMPLES = {"small": 15, "half": 200, "full": 1000}[os.environ.get("CHAOS_SIZE", "small")]
STEPS = 30
SECONDS = 20.0
WORDS = st.sampled_from(["Hello", "STOP"])
# A second, the end of a lease, a pause of the breaker, the life of a key.
WAITS = st.sampled_from([1, 5, 31, 61, 400, 16 * 60, 13 * 3600])
TROUBLES: list[Trouble] = [
    "error", "limited", "unreachable", "cut before", "cut after", "killed before", "killed after"
]  # fmt: skip
# Long enough for every lease, retry, look and reading of the chats, and together half an hour.
HEALING = [31, 61, 61, 61, 61, 61, 61, 130, 130, 130, 310, 460, 460, 130, 130, 31]

RANKS = {"pending": 0, "queued": 1, "sent": 2, "failed": 3, "delivered": 4, "received": 4, "read": 5}
# What an operation can no longer become; a person's retry begins a failed one anew.
NEVER_AGAIN = {
    State.ACCEPTED: {State.QUEUED, State.SENDING, State.UNKNOWN, State.CANCELLED},
    State.CONFIRMED: {State.QUEUED, State.SENDING, State.UNKNOWN, State.ACCEPTED, State.CANCELLED},
    State.CANCELLED: set(State) - {State.CANCELLED},
    State.FAILED: {State.QUEUED, State.SENDING, State.UNKNOWN, State.CANCELLED},
}


@dataclass(frozen=True)
class Seen:
    """A message, when it was looked at last."""

    status: str
    is_there: bool
    """Whether the remote had given it an id."""
    is_lasting: bool
    """Whether its row must stay."""


class Everything(RuleBasedStateMachine):
    """One line of the console, its people, and the remote, with all that can come between them."""

    moment: Clock
    patch: pytest.MonkeyPatch

    def __init__(self) -> None:
        super().__init__()
        # Each run ends as if it had never been.
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.moment.now = NOON + timedelta(seconds=30)
        number = "+12025550101"
        self.line = make_line(number)
        Line.objects.update(gap_seconds=0, messages_a_minute=None, new_conversations_a_day=None)
        self.by: User = make_person("manager", "Manager", self.line)
        self.elsewhere = Elsewhere(number)
        self.patch.setattr(Transport, "request", lambda _, *args, **more: self.elsewhere.request(*args, **more))
        SyncRun.objects.create(
            state=SyncRun.State.FINISHED, started_at=self.moment.now, finished_at=self.moment.now
        )  # fmt: skip
        self.group = make_chat(self.line, *map(make_handle, ["+14155550151", "+14155550152"]), name="Crew")
        self.elsewhere.has_chat(
            str(self.group.remote_id), "+14155550151", "+14155550152", display_name="Crew", is_group=True
        )
        self.keys: set[str] = set()
        self.retried: set[int] = set()
        self.states: dict[int, State] = {}
        self.messages: dict[int, Seen] = {}
        self.said = 0

    def teardown(self) -> None:
        try:
            self._heal()
            self._compare()
        finally:
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    # What people do

    @rule(person=st.sampled_from(PEOPLE))
    def write(self, person: str) -> None:
        key = uuid.uuid4()
        self.said += 1
        start_chat(line=self.line, to=[person], text=f"Message {self.said}", by=self.by, key=key)
        self.keys.add(str(key))

    @rule()
    def write_to_the_group(self) -> None:
        key = uuid.uuid4()
        self.said += 1
        send_message(chat=self.group, text=f"Message {self.said}", by=self.by, key=key)
        self.keys.add(str(key))

    @rule()
    def rename(self) -> None:
        self.said += 1
        self._unless_refused(lambda: rename_group(chat=self.group, name=f"Name {self.said}", by=self.by))

    @rule()
    def read(self) -> None:
        for chat in Chat.objects.all():
            mark_read(chat=chat, by=self.by)

    @rule(number=st.integers(0, 20))
    def cancel(self, number: int) -> None:
        self._with_an_operation(number, lambda one: cancel_operation(operation=one, by=self.by))

    @rule(number=st.integers(0, 20))
    def retry(self, number: int) -> None:
        def again(operation: Operation) -> None:
            done = retry_operation(operation=operation, by=self.by)
            self.retried.add(operation.pk)
            if done.message is not None:
                self.keys.add(str(done.key))

        self._with_an_operation(number, again)

    # What the workers do

    @rule(troubles=st.lists(st.sampled_from(TROUBLES), max_size=3))
    def work(self, troubles: list[Trouble]) -> None:
        self.elsewhere.troubles.extend(troubles)
        self._as_a_worker(self._drain)
        self.elsewhere.troubles.clear()

    @rule()
    def sweep(self) -> None:
        sweeps.sweep()

    @rule(trouble=st.none() | st.sampled_from(TROUBLES))
    def reconcile(self, trouble: Trouble | None) -> None:
        if trouble:
            self.elsewhere.troubles.append(trouble)
        self._as_a_worker(lambda: reconcile.tick(seconds=SECONDS))
        self.elsewhere.troubles.clear()

    @rule(seconds=WAITS)
    def wait(self, seconds: int) -> None:
        self.moment.tick(seconds=seconds)

    # What the remote does

    @precondition(lambda self: self.elsewhere.messages)
    @rule(data=st.data())
    def progress(self, data: st.DataObject) -> None:
        ours = [one for one in self.elsewhere.messages.values() if one.status in AFTER]
        if ours:
            message = data.draw(st.sampled_from(ours))
            self.elsewhere.move(message, data.draw(st.sampled_from(AFTER[message.status])))

    @precondition(lambda self: self.elsewhere.chats)
    @rule(data=st.data(), words=WORDS)
    def somebody_writes(self, data: st.DataObject, words: str) -> None:
        self.elsewhere.hear(data.draw(st.sampled_from(sorted(self.elsewhere.chats))), words)

    @precondition(lambda self: self.elsewhere.events)
    @rule(data=st.data(), trouble=st.none() | st.sampled_from(TROUBLES))
    def deliver(self, data: st.DataObject, trouble: Trouble | None) -> None:
        """Any event, early or late, once or again; those never drawn are lost."""
        number = data.draw(st.integers(0, len(self.elsewhere.events) - 1))
        if trouble:
            self.elsewhere.troubles.append(trouble)
        self._deliver(number)
        self.elsewhere.troubles.clear()

    # What must hold

    @invariant()
    def nothing_is_lost(self) -> None:
        operations = Operation.objects.filter(message__isnull=False)
        assert set(map(str, operations.values_list("key", flat=True))) == self.keys
        assert set(Message.objects.filter(key__isnull=False).values_list("key", flat=True)) == self.keys
        # A row that a reading made of a message of ours, whose answer is still on its way, is joined into ours.
        lasting = {pk for pk, seen in self.messages.items() if seen.is_lasting}
        assert lasting <= set(Message.objects.values_list("pk", flat=True))

    @invariant()
    def no_state_is_impossible(self) -> None:
        for operation in Operation.objects.all():
            before = self.states.get(operation.pk)
            state = State(operation.state)
            if before is not None and before != state and operation.pk not in self.retried:
                assert state not in NEVER_AGAIN.get(before, set()), f"{operation} was {before}"
            self.states[operation.pk] = state
        self.retried.clear()

    @invariant()
    def no_delivery_state_is_lower(self) -> None:
        for message in Message.objects.all():
            status = message.delivery_status
            before = self.messages.get(message.pk)
            # What failed without a word of the remote's is begun anew by a retry, or by such a word after all.
            if before is not None and not (before.status == "failed" and not before.is_there):
                fails = status == "failed" and RANKS[before.status] < RANKS["delivered"]
                assert fails or RANKS[status] >= RANKS[before.status], f"{message}: {before.status}, now {status}"
            self.messages[message.pk] = Seen(
                status,
                is_there=message.remote_id is not None,
                is_lasting=message.key is not None or not message.is_ours,
            )

    @invariant()
    def nothing_is_accepted_twice(self) -> None:
        assert len(self.elsewhere.accepted) == len(set(self.elsewhere.accepted))
        assert set(self.elsewhere.accepted) <= self.keys

    # How

    def _drain(self) -> None:
        for pk in Lane.objects.order_by("pk").values_list("pk", flat=True):
            drain.drain(pk, seconds=SECONDS)

    def _as_a_worker(self, work: Callable[[], Any]) -> None:
        with suppress(Killed):
            work()

    def _deliver(self, number: int) -> None:
        event_id, event_type, data, at = self.elsewhere.events[number]
        payload = {"event_type": event_type, "data": data, "created_at": at.isoformat()}
        webhook._store(event_id, event_type, payload, json.dumps(payload))
        self._as_a_worker(lambda: processor.process_due(seconds=SECONDS))

    def _with_an_operation(self, number: int, do: Callable[[Operation], Any]) -> None:
        rows = list(Operation.objects.order_by("pk"))
        if rows:
            self._unless_refused(lambda: do(rows[number % len(rows)]))

    def _unless_refused(self, do: Callable[[], Any]) -> None:
        with suppress(Refused):
            do()

    def _heal(self) -> None:
        """It is calm: nothing goes wrong any more, the line is open, and everybody works."""
        line = Line.objects.get(pk=self.line.pk)
        if line.is_paused:
            breaker.resume(line)
        for pause in HEALING:
            sweeps.sweep()
            self._drain()
            processor.process_due(seconds=SECONDS)
            reconcile.tick(seconds=SECONDS)
            self.no_state_is_impossible()
            self.no_delivery_state_is_lower()
            self.moment.tick(seconds=pause)
        self.nothing_is_lost()

    def _compare(self) -> None:
        """Every row is what the remote has, and none is stuck."""
        for operation in Operation.objects.filter(message__isnull=False).select_related("message"):
            theirs = self.elsewhere.of_key(str(operation.key))
            message, state = operation.message, State(operation.state)
            assert message is not None
            assert operation.settled_at is not None, f"{operation} is stuck: {operation.error}"
            if theirs is None:
                assert state in {State.FAILED, State.CANCELLED}, f"{operation} is not there"
                assert message.remote_id is None
                continue
            assert str(message.remote_id) == theirs.id, f"{operation}: {message.delivery_status}"
            assert message.delivery_status == theirs.status, operation.error
            wanted = {State.FAILED} if theirs.status == "failed" else {State.ACCEPTED, State.CONFIRMED}
            assert state in wanted, f"{operation} while the remote says {theirs.status}"
        inbound = Message.objects.filter(direction=Message.Direction.INBOUND)
        heard = {one.id for one in self.elsewhere.messages.values() if one.sender}
        assert {str(pk) for pk in inbound.values_list("remote_id", flat=True)} == heard
        assert Message.objects.count() == len(self.keys) + len(heard)
        assert not WebhookEvent.objects.filter(state=WebhookEvent.State.PENDING).exists()
        assert not Operation.objects.filter(state__in=OPEN).exists()


@pytest.mark.django_db
def test_no_order_of_things_leads_to_a_wrong_end(
    moment: Clock, wakes: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_remote, "client", lambda: Client("http://127.0.0.1:9/api/partner", "test-token"))
    release = lanes.release

    def unless_dead(lane_id: int, fence: int) -> None:
        if not isinstance(sys.exc_info()[1], Killed):
            release(lane_id, fence)

    monkeypatch.setattr(lanes, "release", unless_dead)
    Everything.moment, Everything.patch = moment, monkeypatch
    run_state_machine_as_test(
        Everything,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, database=None, print_blob=True,
            suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink],
        ),
    )  # fmt: skip
