"""Gaps: when nobody could have heard the events, the chats are read at once and thoroughly."""

from __future__ import annotations

import uuid
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from chats.engine import gaps, heartbeat, lanes, reconcile
from chats.models import Chat, Heartbeat, Message, Operation, Reconciliation, WebhookEvent, WebhookSubscription
from tests import wire
from tests.engine.reconcile.conftest import Account, our_message, settled
from tests.engine.worker import Clock, at_once
from tests.people import NOON

ONE = str(uuid.UUID(int=1))
ADA = "+14155550101"

pytestmark = pytest.mark.django_db


def the_gaps() -> list[tuple[str, Any]]:
    return list(Reconciliation.objects.exclude(cause="rhythm").order_by("pk").values_list("cause", "since"))


@pytest.mark.parametrize(("name", "seconds"), [("door", 60), ("remote", 180)])
def test_a_hole_between_two_beats_is_a_gap(name: str, seconds: int, moment: Clock) -> None:
    assert heartbeat.beat(name) is None
    before = moment.now
    moment.tick(seconds=seconds)
    assert heartbeat.beat(name) is None
    assert the_gaps() == []
    before = moment.now
    moment.tick(seconds=seconds + 1)
    assert heartbeat.beat(name) == before
    assert heartbeat.beat(name) is None
    assert the_gaps() == [(name, before - gaps.MARGIN)]


@pytest.mark.django_db(transaction=True)
def test_two_web_processes_that_come_back_make_one_gap(moment: Clock) -> None:
    heartbeat.beat(Heartbeat.DOOR)
    moment.tick(hours=1)
    results = at_once(*[partial(heartbeat.beat, Heartbeat.DOOR)] * 3)
    assert sorted(results, key=str) == sorted([NOON + timedelta(seconds=30), None, None], key=str)
    assert len(the_gaps()) == 1


def test_a_clock_that_goes_back_is_no_beat(moment: Clock) -> None:
    heartbeat.beat(Heartbeat.DOOR)
    later = moment.now
    moment.tick(hours=-1)
    heartbeat.beat(Heartbeat.DOOR)
    assert Heartbeat.objects.get().beat_at == later


def test_gaps_that_wait_are_one(moment: Clock) -> None:
    gaps.note(Reconciliation.Cause.DOOR, since=NOON)
    gaps.note(Reconciliation.Cause.REMOTE, since=NOON - timedelta(hours=1))
    gaps.note(Reconciliation.Cause.SILENT, since=NOON)
    assert the_gaps() == [("silent", NOON - timedelta(hours=1) - gaps.MARGIN)]


def test_after_a_gap_everything_active_is_read_whatever_it_says(
    account: Account, chat: Chat, group: Chat, moment: Clock
) -> None:
    settled(chat, account)
    settled(group, account)
    reconcile.tick(seconds=20)
    Chat.objects.filter(pk=chat.pk).update(sort_at=moment.now)
    account.says(chat, ONE, sender=ADA, sent_at=wire.at(moment.now))
    told = account.chats[str(chat.remote_id)]
    told["health_status"] = {"status": "CRITICAL", "doc_url": None, "updated_at": wire.at(moment.now)}
    moment.tick(seconds=5)
    gaps.note(Reconciliation.Cause.DOOR, since=moment.now - timedelta(seconds=10))
    Chat.objects.filter(pk=group.pk).update(sort_at=NOON - timedelta(days=1))
    assert account.calls == ["chats"]
    reconcile.tick(seconds=20)
    assert account.calls == ["chats", "chat", "messages"]
    chat.refresh_from_db()
    assert (chat.unread_count, chat.health_status) == (1, "CRITICAL")
    assert Reconciliation.objects.latest("pk").state == "done"


def test_a_check_that_finds_what_was_missed_looks_again_thoroughly(account: Account, chat: Chat, moment: Clock) -> None:
    """People write and no event tells it: the silence of a door through which nothing of ours leaves."""
    settled(chat, account)
    reconcile.tick(seconds=20)
    moment.tick(minutes=2.5)
    account.has(chat, updated_at=moment.now - timedelta(minutes=2))
    account.says(chat, ONE, sender=ADA, sent_at=wire.at(moment.now - timedelta(minutes=2)))
    reconcile.tick(seconds=20)
    waiting = Reconciliation.objects.get(state="waiting")
    assert (waiting.cause, waiting.due_at) == ("lost", moment.now + timedelta(minutes=1))
    moment.tick(minutes=1)
    reconcile.tick(seconds=20)
    assert not Reconciliation.objects.exclude(state="done").exists()
    moment.tick(minutes=1)
    reconcile.tick(seconds=20)
    assert Reconciliation.objects.latest("pk").cause == "rhythm"


def a_send(chat: Chat, accepted_at: Any, **fields: Any) -> Operation:
    return Operation.objects.create(
        **{
            "kind": "send_message",
            "state": "accepted",
            "lane": lanes.lane_of(chat.line),
            "line": chat.line,
            "chat": chat,
            "created_at": accepted_at,
            "accepted_at": accepted_at,
        }
        | fields
    )


@pytest.fixture
def subscribed(db: None) -> None:
    WebhookSubscription.objects.create(
        remote_id=uuid.uuid4(), target_url="https://x.example.com/", signing_secret="s", created_at=NOON
    )


def an_event(received_at: Any) -> None:
    WebhookEvent.objects.create(
        event_id=str(uuid.uuid4()),
        event_type="message.read",
        payload={},
        state="processed",
        received_at=received_at,
    )


@pytest.mark.usefixtures("subscribed")
@pytest.mark.parametrize(
    ("accepted", "event", "silent_since"),
    [
        (10, 5, 5),
        (10, None, 0),
        (10, 12, None),
        (18.5, 5, None),
        (None, 5, None),
    ],
    ids=["no event since", "no event ever", "an event since", "only just accepted", "nothing sent"],
)
def test_a_send_without_any_event_says_that_the_door_is_silent(
    accepted: float | None, event: float | None, silent_since: float | None, chat: Chat, moment: Clock
) -> None:
    """All in minutes past noon; it is twenty past."""
    moment.now = NOON + timedelta(minutes=20)
    if accepted is not None:
        a_send(chat, NOON + timedelta(minutes=accepted))
    if event is not None:
        an_event(NOON + timedelta(minutes=event))
    gaps.look_for_silence()
    gaps.look_for_silence()
    expected = [] if silent_since is None else [("silent", NOON + timedelta(minutes=silent_since) - gaps.MARGIN)]
    assert the_gaps() == expected


@pytest.mark.usefixtures("subscribed")
@pytest.mark.parametrize(("lookups", "count", "noticed"), [(1, 3, True), (1, 2, False), (0, 3, False)])
def test_sends_that_were_only_found_by_asking_say_that_events_are_lost(
    lookups: int, count: int, noticed: bool, chat: Chat, moment: Clock
) -> None:
    moment.now = NOON + timedelta(minutes=20)
    sent_at = moment.now - timedelta(minutes=1)
    for _ in range(count):
        a_send(chat, sent_at, state="confirmed", settled_at=moment.now, lookups=lookups)
    an_event(moment.now)
    gaps.look_for_silence()
    assert the_gaps() == ([("lost", sent_at - gaps.MARGIN)] if noticed else [])


def test_without_a_subscription_silence_says_nothing(chat: Chat, moment: Clock) -> None:
    a_send(chat, NOON)
    moment.now = NOON + timedelta(minutes=20)
    gaps.look_for_silence()
    assert the_gaps() == []


def test_an_unsettled_message_of_the_gap_is_asked_for(account: Account, chat: Chat, moment: Clock) -> None:
    settled(chat, account)
    message = our_message(chat, ONE, happened_at=moment.now)
    Chat.objects.update(sort_at=NOON - timedelta(days=2))
    account.says(chat, ONE, delivery_status="read", read_at=wire.at(moment.now))
    gaps.note(Reconciliation.Cause.DOOR, since=moment.now)
    reconcile.tick(seconds=20)
    message.refresh_from_db()
    assert message.delivery_status == Message.Status.READ
