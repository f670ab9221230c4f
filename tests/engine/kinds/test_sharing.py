"""Typing, our contact card, and where people are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from chats.actions.sharing import read_location, request_location, share_contact_card, show_typing, stop_location
from chats.engine import sweeps
from chats.models import Chat, Operation, SharedLocation
from chats.models.operation import Priority, State
from tests import wire
from tests.console.inbox.words import write
from tests.engine.worker import Clock, hear, only_operation, work
from tests.people import NOON
from tests.remote import Answer, Remote, wrong

pytestmark = pytest.mark.django_db
CHAT = "/v3/chats/[^/]+"
ADA = "+14155550101"
TYPING, LOCATION = f"{CHAT}/typing", f"{CHAT}/location"
DONE = {"success": True, "message": "Done"}


@pytest.fixture(autouse=True)
def _frozen(moment: Clock, wakes: list[Any]) -> None:
    """Time moves only where a test moves it."""


def place(handle: str = ADA, latitude: float = 48.85, longitude: float = 2.35) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [longitude, latitude]},
        "properties": {"handle": handle, "address": "1 Main Street", "locality": "Salem", "updated_at": wire.at(NOON)},
    }


def places(*features: dict[str, Any]) -> Answer:
    return Answer(body={"success": True, "data": {"type": "FeatureCollection", "features": list(features)}})


def sharing(chat: Chat, began: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "shared_by": ADA,
        "shared_with": chat.line.phone_number,
        "began_at": wire.at(NOON + timedelta(minutes=began)),
        "chat_id": str(chat.remote_id),
        **more,
    }


def shares(moment: Clock) -> bool:
    return SharedLocation.objects.get().is_running(moment.now)


def test_typing_is_shown_and_taken_away(chat: Chat, agent: User, remote: Remote) -> None:
    remote.on("POST", TYPING, Answer(204))
    remote.on("DELETE", TYPING, Answer(204))
    show_typing(chat=chat, on=True, by=agent)
    work()
    operation = only_operation()
    assert (operation.state, operation.due_at, operation.priority) == (State.ACCEPTED, None, Priority.AUTOMATIC)
    show_typing(chat=chat, on=False, by=agent)
    work()
    assert [asked.method for asked in remote.asked] == ["POST", "DELETE"]


@pytest.mark.parametrize(
    "answer", [Answer(cut="unanswered"), Answer(500, wrong(3006)), Answer(429, wrong(1007), {"Retry-After": "2"})]
)
def test_typing_is_tried_once_only(answer: Answer, chat: Chat, agent: User, remote: Remote, moment: Clock) -> None:
    remote.on("POST", TYPING, answer)
    show_typing(chat=chat, on=True, by=agent)
    work()
    moment.tick(seconds=5)
    work()
    assert (only_operation().state, len(remote.asked)) == (State.FAILED, 1)


def test_typing_of_a_worker_that_died_is_not_asked_again(
    chat: Chat, agent: User, remote: Remote, moment: Clock
) -> None:
    show_typing(chat=chat, on=True, by=agent)
    Operation.objects.update(
        state=State.SENDING, lease_expires_at=moment.now, first_sent_at=moment.now, attempts=1, fence=1
    )
    sweeps.recover_expired()
    for _ in range(10):
        work()
        moment.tick(minutes=5)
    assert (only_operation().state, remote.asked) == (State.FAILED, [])


def test_typing_that_cannot_leave_within_seconds_is_dropped_and_forgotten(
    chat: Chat, agent: User, remote: Remote, moment: Clock
) -> None:
    show_typing(chat=chat, on=True, by=agent)
    moment.tick(seconds=5)
    sweeps.fail_too_late()
    assert (only_operation().state, remote.asked) == (State.FAILED, [])
    sweeps.sweep()
    assert Operation.objects.count() == 1
    moment.tick(minutes=11)
    sweeps.sweep()
    assert Operation.objects.count() == 0


def test_a_contact_card_is_shared(chat: Chat, agent: User, remote: Remote, moment: Clock) -> None:
    write(chat, ours=True)
    remote.on("POST", f"{CHAT}/share_contact_card", Answer(429, wrong(1007), {"Retry-After": "40"}), Answer(204))
    share_contact_card(chat=chat, by=agent)
    work()
    assert (only_operation().state, Chat.objects.get().card_shared_at) == (State.QUEUED, None)
    moment.tick(seconds=40)
    work()
    assert (only_operation().state, only_operation().due_at) == (State.ACCEPTED, None)
    assert Chat.objects.get().card_shared_at == moment.now


def test_a_line_without_a_card_says_so(chat: Chat, agent: User, remote: Remote) -> None:
    write(chat, ours=True)
    remote.on("POST", f"{CHAT}/share_contact_card", Answer(404, wrong(2012)))
    share_contact_card(chat=chat, by=agent)
    work()
    assert only_operation().error == "The line has no active contact card. Create a contact card for the line first."
    assert Chat.objects.get().card_shared_at is None


def test_a_location_is_asked_for_shared_seen_and_ended(chat: Chat, agent: User, remote: Remote, moment: Clock) -> None:
    remote.on("POST", f"{LOCATION}/request", Answer(body=DONE))
    remote.on("GET", LOCATION, places(place()))
    remote.on("DELETE", LOCATION, Answer(202, DONE))
    request_location(chat=chat, by=agent)
    work()
    assert (only_operation().state, only_operation().due_at) == (State.ACCEPTED, None)
    event = hear("location.sharing.started", sharing(chat))
    assert (event.state, event.chat, event.line, shares(moment)) == ("processed", chat, chat.line, True)

    read_location(chat=chat, by=agent)
    work()
    row = SharedLocation.objects.get()
    assert (row.latitude, row.longitude, row.place) == (48.85, 2.35, "1 Main Street, Salem")
    assert (row.seen_at, row.read_at) == (NOON, moment.now)

    handle = row.handle
    operation = stop_location(chat=chat, handle=handle, by=agent)
    work()
    operation.refresh_from_db()
    assert (operation.state, shares(moment)) == (State.ACCEPTED, True)
    assert remote.calls("DELETE", LOCATION)[0].body == {"handle": ADA}
    hear("location.sharing.stopped", sharing(chat, ended_at=wire.at(NOON + timedelta(minutes=1))))
    operation.refresh_from_db()
    row.refresh_from_db()
    assert (operation.state, shares(moment)) == (State.CONFIRMED, False)
    assert (row.latitude, row.longitude, row.place, row.seen_at) == (None, None, "", None)


def test_an_end_whose_event_was_lost_is_looked_up(chat: Chat, agent: User, remote: Remote, moment: Clock) -> None:
    hear("location.sharing.started", sharing(chat))
    stop_location(chat=chat, handle=SharedLocation.objects.get().handle, by=agent)
    remote.on("DELETE", LOCATION, Answer(404, wrong(2015)))
    remote.on("GET", LOCATION, places())
    work()
    assert shares(moment)
    moment.tick(seconds=20)
    work()
    assert (only_operation().state, shares(moment)) == (State.CONFIRMED, False)


def test_a_request_without_an_answer_asks_nobody_twice_who_said_yes(
    chat: Chat, agent: User, remote: Remote, moment: Clock
) -> None:
    request_location(chat=chat, by=agent)
    remote.on("POST", f"{LOCATION}/request", Answer(cut="unanswered"))
    work()
    remote.on("GET", LOCATION, places(place()))
    moment.tick(seconds=5)
    work()
    assert (only_operation().state, shares(moment)) == (State.CONFIRMED, True)
    assert len(remote.calls("POST", f"{LOCATION}/request")) == 1


@pytest.mark.parametrize("late", [False, True], ids=["in order", "the other way round"])
def test_beginning_and_end_in_any_order(late: bool, chat: Chat, moment: Clock) -> None:
    told = [
        ("location.sharing.started", sharing(chat)),
        ("location.sharing.stopped", sharing(chat, ended_at=wire.at(NOON + timedelta(minutes=1)))),
    ]
    for event_type, data in reversed(told) if late else told:
        hear(event_type, data)
    assert not shares(moment)
    hear("location.sharing.started", sharing(chat, began=3))
    assert shares(moment)
    # The end of the first share, once more.
    hear(*told[1])
    assert shares(moment)


def test_a_share_that_ends_by_itself(chat: Chat, moment: Clock) -> None:
    hear("location.sharing.started", sharing(chat, ends_at=wire.at(NOON + timedelta(hours=1))))
    assert shares(moment)
    moment.tick(hours=1)
    assert not shares(moment)


def test_a_share_with_a_line_that_is_not_ours_is_kept_and_not_used(chat: Chat) -> None:
    event = hear("location.sharing.started", sharing(chat, shared_with="+12025559999"))
    assert (event.state, SharedLocation.objects.count()) == ("ignored", 0)
