"""What a budget holds, for how long, and whom it lets pass."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from chats.actions.groups import rename_group
from chats.actions.messages import mark_read
from chats.engine import pacing, sweeps
from chats.engine import remote as engine_remote
from chats.models import Chat, Departure, Line, Operation
from chats.models.operation import State
from chats.v3.client import Client
from tests.engine.pacing.conftest import (
    SEND,
    accept,
    budgets,
    campaign,
    fresh,
    lane,
    leave,
    leaves_at,
    queued,
    say,
    texts,
)
from tests.engine.worker import Clock, work
from tests.remote import Answer, Remote

Many = Callable[[int], list[Chat]]


def test_one_reply_of_a_person_leaves_at_once_with_the_defaults(chat: Chat, agent: User, remote: Remote) -> None:
    remote.on("POST", SEND, accept)
    say(chat, agent)
    assert leave(remote) == 1
    assert fresh(Operation.objects.get()).state == State.ACCEPTED


def test_automatic_messages_keep_the_gap_and_its_jitter(
    line: Line, many: Many, agent: User, remote: Remote, moment: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    budgets(line, gap_seconds=2)
    jitters = iter([0.0, 0.5, 0.25, 0.0])
    monkeypatch.setattr(pacing.random, "uniform", lambda low, high: next(jitters))
    for chat in many(4):
        campaign(chat, agent)
    remote.on("POST", SEND, accept)
    left = leaves_at(remote, moment, until=timedelta(seconds=12), step=timedelta(milliseconds=500))
    assert left == [0, 2, 5, 7.5]


def test_people_are_ten_messages_ahead_of_the_gap_and_automatic_ones_wait_for_all_of_it(
    line: Line, many: Many, agent: User, remote: Remote, moment: Clock
) -> None:
    budgets(line, gap_seconds=2)
    chats = many(13)
    campaign(chats[12], agent, "campaign")
    for number, chat in enumerate(chats[:12]):
        say(chat, agent, f"{number}")
    remote.on("POST", SEND, accept)
    left = leaves_at(remote, moment, until=timedelta(seconds=24), step=timedelta(seconds=1))
    assert left == [0] * 10 + [2, 4, 24]
    assert texts(remote) == [*(f"{number}" for number in range(12)), "campaign"]


def test_a_minute_rolls(line: Line, many: Many, agent: User, remote: Remote, moment: Clock) -> None:
    budgets(line, messages_a_minute=3)
    remote.on("POST", SEND, accept)
    chats = many(8)
    for chat in chats[:2]:
        campaign(chat, agent)
    work()
    moment.tick(seconds=20)
    for chat in chats[2:]:
        campaign(chat, agent)
    left = leaves_at(remote, moment, until=timedelta(seconds=110), step=timedelta(seconds=1))
    # Two left 20 s before; each makes room a minute after it has left, to the second.
    assert left == [0, 40, 40, 60, 100, 100]


def test_a_day_rolls_and_is_exact_to_the_microsecond(
    line: Line, many: Many, agent: User, remote: Remote, moment: Clock
) -> None:
    budgets(line, messages_a_day=2)
    remote.on("POST", SEND, accept)
    first, second, third = many(3)
    campaign(first, agent)
    work()
    moment.tick(hours=1)
    campaign(second, agent)
    campaign(third, agent)
    work()
    assert (len(texts(remote)), queued()) == (2, 1)
    moment.tick(hours=23, microseconds=-1)
    assert leave(remote) == 0
    moment.tick(microseconds=1)
    assert leave(remote) == 1


@pytest.mark.parametrize(
    ("limit", "percent", "automatic"), [(10, 10, 9), (9, 10, 9), (1, 90, 1), (45, 10, 41), (7000, 10, 6300), (5, 0, 5)]
)
def test_the_reserve(limit: int, percent: int, automatic: int) -> None:
    assert pacing.for_automatic(limit, Line(reserve_percent=percent)) == automatic


def test_people_count_and_are_not_held_by_minute_and_day(
    line: Line, many: Many, agent: User, remote: Remote, moment: Clock
) -> None:
    budgets(line, messages_a_minute=4, messages_a_day=10, reserve_percent=50)
    remote.on("POST", SEND, accept)
    chats = many(12)
    campaign(chats[0], agent, "campaign 1")
    work()
    for number, chat in enumerate(chats[1:8]):
        say(chat, agent, f"person {number}")
    for number, chat in enumerate(chats[8:10]):
        campaign(chat, agent, f"campaign {number + 2}")
    work()
    assert texts(remote) == ["campaign 1", *(f"person {number}" for number in range(7))]
    moment.tick(minutes=2)
    # The minute is free again; of the day, half of ten is for campaigns, and eight have left.
    assert leave(remote) == 0
    say(chats[10], agent, "person 7")
    assert leave(remote) == 1
    moment.tick(hours=24)
    work()
    assert texts(remote)[-2:] == ["campaign 2", "campaign 3"]


def test_thirty_a_minute_to_one_person_hold_people_too_and_nobody_else(
    line: Line, chat: Chat, many: Many, agent: User, remote: Remote, moment: Clock
) -> None:
    Line.objects.filter(pk=line.pk).update(gap_seconds=0)
    remote.on("POST", SEND, accept)
    for number in range(32):
        say(chat, agent, f"{number}")
        work()
        moment.tick(seconds=1)
    assert texts(remote) == [f"{number}" for number in range(30)]
    held = Operation.objects.filter(state=State.QUEUED).order_by("pk").first()
    assert held is not None
    assert held.due_at == Departure.objects.get(number=1).at + timedelta(seconds=60)
    say(many(1)[0], agent, "elsewhere")
    assert leave(remote) == 1
    moment.now = held.due_at - timedelta(microseconds=1)
    assert leave(remote) == 0
    moment.now = held.due_at
    assert leave(remote) == 1
    moment.tick(seconds=1)
    assert leave(remote) == 1
    assert texts(remote)[-3:] == ["elsewhere", "30", "31"]


def test_a_group_has_a_minute_of_its_own(line: Line, group: Chat, agent: User, remote: Remote, moment: Clock) -> None:
    budgets(line, messages_a_minute_to_one=1)
    remote.on("POST", SEND, accept)
    say(group, agent, "one")
    say(group, agent, "two")
    work()
    assert texts(remote) == ["one"]
    moment.tick(seconds=60)
    work()
    assert texts(remote) == ["one", "two"]


def test_what_is_no_message_passes_a_spent_budget(
    line: Line, chat: Chat, group: Chat, many: Many, agent: User, manager: User, remote: Remote, moment: Clock
) -> None:
    budgets(line, messages_a_minute=1)
    remote.on("POST", SEND, accept)
    remote.on("PUT", "/v3/chats/[^/]+", Answer(200, {"status": "pending"}))
    remote.on("POST", "/v3/chats/[^/]+/read", Answer(204))
    campaign(chat, agent)
    work()
    campaign(many(1)[0], agent)
    change = rename_group(chat=group, name="Team", by=manager)
    Chat.objects.filter(pk=chat.pk).update(unread_count=1)
    mark_read(chat=chat, by=agent)
    Operation.objects.update(priority=50)
    work()
    assert fresh(change).state == State.ACCEPTED
    assert len(remote.calls("POST", "/v3/chats/[^/]+/read")) == 1
    assert (len(texts(remote)), queued()) == (1, 1)
    assert Departure.objects.count() == 1


def test_a_critical_line_sends_only_what_people_write(
    line: Line, many: Many, agent: User, remote: Remote, moment: Clock
) -> None:
    Line.objects.filter(pk=line.pk).update(reputation="CRITICAL")
    remote.on("POST", SEND, accept)
    first, second = many(2)
    campaign(first, agent, "campaign")
    say(second, agent, "person")
    work()
    moment.tick(hours=30)
    work()
    assert texts(remote) == ["person"]
    Line.objects.filter(pk=line.pk).update(reputation="AT_RISK")
    work()
    assert texts(remote) == ["person", "campaign"]


def test_a_budget_that_is_raised_counts_at_once(line: Line, many: Many, agent: User, remote: Remote) -> None:
    budgets(line, messages_a_day=1)
    remote.on("POST", SEND, accept)
    for chat in many(3):
        campaign(chat, agent)
    work()
    assert queued() == 2
    Line.objects.filter(pk=line.pk).update(messages_a_day=2)
    work()
    assert queued() == 1


def test_what_was_never_sent_is_not_spent(
    line: Line, many: Many, agent: User, remote: Remote, moment: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    budgets(line, messages_a_day=1)
    first, second = many(2)
    campaign(first, agent)
    nowhere = Client("http://127.0.0.1:9/api/partner", "test-token", timeout=(1, 1))
    with monkeypatch.context() as patched:
        patched.setattr(engine_remote, "client", lambda: nowhere)
        work()
    assert (Departure.objects.count(), lane().departed) == (0, 0)
    campaign(second, agent)
    remote.on("POST", SEND, accept)
    work()
    assert (Departure.objects.count(), lane().departed, queued()) == (1, 1, 1)


def test_what_was_turned_away_is_spent_every_time(
    line: Line, many: Many, agent: User, remote: Remote, moment: Clock
) -> None:
    budgets(line, messages_a_day=2)
    campaign(many(1)[0], agent)
    remote.on("POST", SEND, Answer(429, {"error": {"code": 1007}}, {"Retry-After": "5"}))
    for _ in range(4):
        work()
        moment.tick(seconds=5)
    assert (len(texts(remote)), Departure.objects.count()) == (2, 2)


def test_old_departures_are_forgotten_and_budgets_stay_right(
    line: Line, many: Many, agent: User, remote: Remote, moment: Clock
) -> None:
    budgets(line, messages_a_day=2)
    remote.on("POST", SEND, accept)
    chats = many(5)
    for chat in chats[:2]:
        campaign(chat, agent)
    work()
    moment.tick(hours=48)
    sweeps.sweep()
    assert Departure.objects.count() == 2
    moment.tick(seconds=1)
    sweeps.sweep()
    assert Departure.objects.count() == 0
    for chat in chats[2:]:
        campaign(chat, agent)
    work()
    assert (list(Departure.objects.order_by("number").values_list("number", flat=True)), queued()) == ([3, 4], 1)


def test_what_is_too_late_fails_then_and_not_when_the_budget_frees(
    line: Line, many: Many, agent: User, remote: Remote, moment: Clock
) -> None:
    budgets(line, messages_a_day=1)
    remote.on("POST", SEND, accept)
    first, second = many(2)
    campaign(first, agent)
    work()
    late = campaign(second, agent)
    Operation.objects.filter(pk=late.pk).update(send_before=moment.now + timedelta(minutes=5))
    moment.tick(minutes=5)
    sweeps.sweep()
    late.refresh_from_db()
    assert (late.state, late.error, late.attempts) == (
        State.FAILED,
        "It was too late to be useful, so it was not sent.",
        0,
    )
