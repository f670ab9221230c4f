"""Budgets with several workers, after a death, and with thousands in the queue."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chats import clock
from chats.engine import carry, claims, drain, lanes, sweeps
from chats.models import Chat, Departure, FirstContact, Lane, Line, Message, Operation
from chats.models.operation import Kind, Pace, Priority, State
from tests.engine.pacing.conftest import SEND, accept, budgets, campaign, lane, leave, queued, say, texts
from tests.engine.worker import Clock, at_once, work
from tests.people import make_chat, make_handle
from tests.remote import Remote

Many = Callable[[int], list[Chat]]


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_take_the_lane_from_each_other_never_overspend(
    line: Line, many: Many, agent: User, remote: Remote, moment: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    budgets(line, messages_a_minute=5)
    for chat in many(20):
        campaign(chat, agent)
    remote.on("POST", SEND, accept)
    # Every lease has run out the moment it is taken, so that each worker takes the lane from the other all the time.
    monkeypatch.setattr(lanes, "LEASE", clock.now() - clock.now())
    pk = lane().pk
    results = at_once(*[partial(drain.drain, pk, seconds=10)] * 4)
    assert not [one for one in results if isinstance(one, BaseException)]
    # Whoever comes too late may have to settle it, but no other message leaves.
    work()
    assert (len(set(texts_keys(remote))), Departure.objects.count(), lane().departed) == (5, 5, 5)
    assert queued() == 15


@pytest.mark.django_db(transaction=True)
def test_claims_at_the_same_moment_spend_one_after_the_other(
    line: Line, many: Many, agent: User, moment: Clock
) -> None:
    budgets(line, messages_a_day=3, new_conversations_a_day=2)
    for chat in many(8):
        campaign(chat, agent)
    pk = lane().pk
    fence = lanes.take(pk)
    assert fence is not None

    def claim() -> bool:
        return claims.claim_next(pk, fence) is not None

    assert sorted(at_once(*[claim] * 8)) == [False] * 5 + [True] * 3
    assert sorted(Departure.objects.values_list("number", flat=True)) == [1, 2, 3]


class Killed(BaseException):
    """What `kill -9` is to the code that it hits."""


def test_what_a_dead_worker_spent_is_spent(
    line: Line, many: Many, agent: User, remote: Remote, moment: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    budgets(line, messages_a_day=1)
    for chat in many(2):
        campaign(chat, agent)
    with monkeypatch.context() as patched:

        def die(*_: object) -> None:
            raise Killed

        patched.setattr(carry, "carry_out", die)
        patched.setattr(lanes, "release", lambda *_: None)
        with pytest.raises(Killed):
            drain.drain(lane().pk, seconds=5)
    remote.on("POST", SEND, accept)
    moment.tick(seconds=31)
    sweeps.sweep()
    # The one that was left behind is asked for with its key, and no other takes its place.
    assert (leave(remote), queued(), Departure.objects.count()) == (1, 1, 1)


def test_a_claim_that_is_rolled_back_spends_nothing(
    line: Line, many: Many, agent: User, moment: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    budgets(line, messages_a_day=1)
    campaign(many(1)[0], agent)
    pk = lane().pk
    fence = lanes.take(pk)
    assert fence is not None

    def die(_: Lane) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(lanes, "keep", die)
        with pytest.raises(Killed):
            claims.claim_next(pk, fence)
    assert (Departure.objects.count(), lane().departed) == (0, 0)
    assert claims.claim_next(pk, fence) is not None


def texts_keys(remote: Remote) -> list[str]:
    return [asked.key for asked in remote.calls("POST", SEND)]


def queue(line: Line, count: int, kind: Kind, priority: Priority = Priority.AUTOMATIC) -> None:
    """So many operations that are due, each in a chat of its own."""
    start = Chat.objects.count()
    handles = [make_handle(f"+1416{start:03}{number:04}") for number in range(2)]
    chats = Chat.objects.bulk_create(
        [
            Chat(line=line, sort_at=clock.now(), remote_id=None if kind == Kind.CREATE_CHAT else uuid.uuid4())
            for _ in range(count)
        ]
    )
    pace = {Kind.SEND_MESSAGE: Pace.TALK, Kind.CREATE_CHAT: Pace.NEW}[kind]
    now = clock.now()
    messages = Message.objects.bulk_create(
        [
            Message(chat=chat, key=str(uuid.uuid4()), direction="outbound", text="News", happened_at=now)
            for chat in chats
        ]
    )
    Operation.objects.bulk_create(
        [
            Operation(
                kind=kind,
                lane=lanes.lane_of(line),
                line=line,
                chat=chat,
                message=message,
                pace=pace,
                priority=priority,
                payload={"to": [handles[0].value]} if kind == Kind.CREATE_CHAT else {},
                created_at=now,
                due_at=now,
            )
            for chat, message in zip(chats, messages, strict=True)
        ]
    )


def rows_read(queries: list[dict[str, Any]]) -> int:
    """How many rows these queries go over, as PostgreSQL itself counts them."""
    total = 0
    with connection.cursor() as cursor:
        for query in queries:
            if not query["sql"].startswith("SELECT"):
                continue
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query['sql']}")
            [[plans]] = cursor.fetchall()
            total += _rows(plans[0]["Plan"])
    return total


def _rows(plan: dict[str, Any]) -> int:
    own = (plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)) * plan["Actual Loops"]
    return int(own) + sum(_rows(child) for child in plan.get("Plans", []))


@pytest.mark.parametrize("kind", [Kind.SEND_MESSAGE, Kind.CREATE_CHAT])
def test_thousands_behind_a_spent_budget_cost_a_claim_nothing(
    kind: Kind, line: Line, chat: Chat, agent: User, remote: Remote, moment: Clock
) -> None:
    budgets(line, messages_a_day=7000, new_conversations_a_day=40)
    spent = lanes.lane_of(line)
    Departure.objects.bulk_create(
        [
            Departure(line=line, number=number, at=moment.now, operation_id=0, handle_id=0)
            for number in range(1, 7001 if kind == Kind.SEND_MESSAGE else 2)
        ]
    )
    Lane.objects.filter(pk=spent.pk).update(departed=Departure.objects.count())
    people = [make_handle(f"+1417555{number:04}") for number in range(40)]
    FirstContact.objects.bulk_create([FirstContact(line=line, handle=one, at=moment.now) for one in people])
    queue(line, 4_000, kind)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    fence = lanes.take(spent.pk)
    assert fence is not None
    with CaptureQueriesContext(connection) as found:
        assert claims.claim_next(spent.pk, fence) is None
    assert len(found) <= 12
    assert rows_read(found.captured_queries) < 300
    lanes.release(spent.pk, fence)
    with CaptureQueriesContext(connection) as swept:
        assert claims.anything_due(spent.pk) is False
    assert len(swept) <= 10
    # And a person's reply finds its way past all of them.
    remote.on("POST", SEND, accept)
    reply = say(chat, agent, "A reply")
    assert leave(remote) == 1
    reply.refresh_from_db()
    assert (reply.state, texts(remote), queued()) == (State.ACCEPTED, ["A reply"], 4_000)


def test_the_sweep_wakes_only_lanes_that_can_do_something(
    line: Line,
    other_line: Line,
    agent: User,
    outsider: User,
    many: Many,
    wakes: list[Any],
    remote: Remote,
    moment: Clock,
) -> None:
    remote.on("POST", SEND, accept)
    budgets(line, messages_a_minute=1)
    for chat in many(3):
        campaign(chat, agent)
    work()
    say(make_chat(other_line, make_handle("+14155550999")), outsider)
    wakes.clear()
    sweeps.sweep()
    other = Lane.objects.get(line=other_line).pk
    assert [one for one in wakes if one[0] == "chats.tasks.drain_lane"] == [("chats.tasks.drain_lane", other)]
    moment.tick(seconds=60)
    wakes.clear()
    sweeps.sweep()
    woken = {one[1] for one in wakes if one[0] == "chats.tasks.drain_lane"}
    assert woken == {other, Lane.objects.get(line=line).pk}
