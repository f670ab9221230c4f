"""Changes of a group: pending until the remote shows them, failed with a reason when it never does."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from chats.actions.groups import add_participant, leave_group, remove_participant, rename_group, set_group_icon
from chats.models import Chat, Operation, Participant
from chats.models.operation import State
from tests import wire
from tests.engine.worker import Clock, hear, only_operation, work
from tests.remote import TRACE, Answer, Remote, wrong

NEWCOMER = "+14155550120"
BEA = "+14155550111"
ICON = "https://pictures.example.com/crew.png"
LATER = "2026-07-03T12:05:00Z"
LATER_STILL = "2026-07-03T12:06:00Z"
ACCEPTED = {"status": "accepted", "message": "Queued", "trace_id": TRACE}
CHAT = "/v3/chats/[^/]+"


@pytest.fixture(autouse=True)
def _frozen(moment: Clock, wakes: list[Any]) -> None:
    """Time moves only where a test moves it."""


def with_people(group: Chat, *added: str, gone: str = "", **more: Any) -> dict[str, Any]:
    """The group as the remote has it after somebody came or went."""
    told = wire.chat_of(group, updated_at=LATER, **more)
    for one in told["handles"]:
        if one["handle"] == gone:
            one.update(status="removed", left_at=LATER)
    told["handles"] += [wire.handle(value, joined_at=LATER) for value in added]
    return told


class Change:
    """One kind of change: how it is asked for, sent, told of by an event, and seen."""

    def __init__(self, name: str, group: Chat, by: User) -> None:
        self.name, self.group = name, group
        ours = group.line.phone_number
        chat_id = str(group.remote_id)
        renamed = {"chat_id": chat_id, "old_value": "Crew", "new_value": "Team", "updated_at": LATER}
        pictured = {"chat_id": chat_id, "old_value": None, "new_value": ICON, "updated_at": LATER}
        added = {"chat_id": chat_id, "participant": wire.handle(NEWCOMER), "added_at": LATER}
        removed = {"chat_id": chat_id, "participant": wire.handle(BEA, status="removed"), "removed_at": LATER}
        left = {"chat_id": chat_id, "participant": wire.handle(ours, me=True, status="left"), "removed_at": LATER}
        table: dict[str, tuple[Any, ...]] = {
            "rename": (
                lambda: rename_group(chat=group, name="Team", by=by),
                ("PUT", CHAT, {"display_name": "Team"}),
                ("chat.group_name_updated", renamed),
                lambda: wire.chat_of(group, display_name="Team", updated_at=LATER),
                lambda: Chat.objects.get(pk=group.pk).display_name == "Team",
            ),
            "icon": (
                lambda: set_group_icon(chat=group, url=ICON, by=by),
                ("PUT", CHAT, {"group_chat_icon": ICON}),
                ("chat.group_icon_updated", pictured),
                lambda: wire.chat_of(group, group_chat_icon=ICON, updated_at=LATER),
                lambda: Chat.objects.get(pk=group.pk).icon_url == ICON,
            ),
            "add": (
                lambda: add_participant(chat=group, handle=NEWCOMER, by=by),
                ("POST", f"{CHAT}/participants", {"handle": NEWCOMER}),
                ("participant.added", added),
                lambda: with_people(group, NEWCOMER),
                lambda: people(group).get(NEWCOMER) == "active",
            ),
            "remove": (
                lambda: remove_participant(chat=group, handle=BEA, by=by),
                ("DELETE", f"{CHAT}/participants", {"handle": BEA}),
                ("participant.removed", removed),
                lambda: with_people(group, gone=BEA),
                lambda: people(group)[BEA] == "removed",
            ),
            "leave": (
                lambda: leave_group(chat=group, by=by),
                ("POST", f"{CHAT}/leave", None),
                ("participant.removed", left),
                lambda: with_people(group, gone=ours),
                lambda: Chat.objects.get(pk=group.pk).left_at is not None,
            ),
        }
        self.ask, (self.method, self.path, self.body), self.event, self.after, self.is_shown = table[name]


def people(group: Chat) -> dict[str, str]:
    return dict(Participant.objects.filter(chat=group).values_list("handle__value", "status"))


@pytest.fixture(params=["rename", "icon", "add", "remove", "leave"])
def change(request: pytest.FixtureRequest, group: Chat, manager: User, remote: Remote) -> Change:
    made = Change(request.param, group, manager)
    made.ask()
    return made


def test_it_is_pending_until_its_event(change: Change, remote: Remote) -> None:
    remote.on(change.method, change.path, Answer(202, ACCEPTED))
    work()
    assert [asked.body for asked in remote.asked] == [change.body]
    assert (only_operation().state, change.is_shown()) == (State.ACCEPTED, False)
    event = hear(*change.event)
    assert (event.state, event.chat_id, event.line_id) == ("processed", change.group.pk, change.group.line_id)
    assert (only_operation().state, only_operation().due_at, change.is_shown()) == (State.CONFIRMED, None, True)
    hear(*change.event)
    assert (only_operation().state, change.is_shown()) == (State.CONFIRMED, True)
    assert work() == 0


def test_its_event_was_lost_so_it_is_looked_up(change: Change, remote: Remote, moment: Clock) -> None:
    remote.on(change.method, change.path, Answer(202, ACCEPTED))
    work()
    remote.on("GET", CHAT, Answer(body=wire.chat_of(change.group)), Answer(body=change.after()))
    moment.tick(seconds=20)
    work()
    assert (only_operation().state, change.is_shown()) == (State.ACCEPTED, False)
    moment.tick(seconds=20)
    work()
    assert (only_operation().state, change.is_shown()) == (State.CONFIRMED, True)
    assert len(remote.calls(change.method, change.path)) == 1


def test_it_never_shows_so_it_failed(change: Change, remote: Remote, moment: Clock) -> None:
    remote.on(change.method, change.path, Answer(202, ACCEPTED))
    remote.on("GET", CHAT, Answer(body=wire.chat_of(change.group)))
    work()
    for _ in range(6):
        moment.tick(minutes=2)
        work()
    assert (only_operation().state, change.is_shown()) == (State.FAILED, False)
    assert only_operation().error == "The remote took this change and never made it. Try again."
    assert len(remote.calls("GET", CHAT)) == 5
    # It comes after all.
    hear(*change.event)
    assert (only_operation().state, change.is_shown()) == (State.CONFIRMED, True)


def test_an_unknown_one_is_looked_for_before_it_is_asked_again(change: Change, remote: Remote, moment: Clock) -> None:
    remote.on(change.method, change.path, Answer(cut="unanswered"))
    work()
    assert only_operation().state == State.UNKNOWN
    remote.on("GET", CHAT, Answer(body=change.after()))
    moment.tick(seconds=5)
    work()
    assert (only_operation().state, change.is_shown()) == (State.CONFIRMED, True)
    assert len(remote.calls(change.method, change.path)) == 1


def test_an_unknown_one_that_is_not_there_is_asked_again(change: Change, remote: Remote, moment: Clock) -> None:
    remote.on(change.method, change.path, Answer(cut="unanswered"), Answer(202, ACCEPTED))
    work()
    remote.on("GET", CHAT, Answer(body=wire.chat_of(change.group)))
    moment.tick(seconds=5)
    work()
    assert [asked.method for asked in remote.asked] == [change.method, "GET", change.method]
    assert only_operation().state == State.ACCEPTED


def test_its_event_comes_before_its_answer(change: Change, remote: Remote, moment: Clock) -> None:
    remote.on(change.method, change.path, Answer(cut="unanswered"))
    work()
    hear(*change.event)
    assert (only_operation().state, change.is_shown()) == (State.CONFIRMED, True)
    moment.tick(minutes=5)
    assert work() == 0


def test_the_remote_refuses_it(change: Change, remote: Remote) -> None:
    remote.on(change.method, change.path, Answer(409, wrong(2017)))
    work()
    assert (only_operation().state, only_operation().error_code, change.is_shown()) == (State.FAILED, 2017, False)


@pytest.mark.parametrize("name", ["rename", "icon"])
def test_a_failed_event_says_why(name: str, group: Chat, manager: User, remote: Remote, moment: Clock) -> None:
    change = Change(name, group, manager)
    change.ask()
    remote.on(change.method, change.path, Answer(200, ACCEPTED))
    work()
    word = "name" if name == "rename" else "icon"
    hear(
        f"chat.group_{word}_update_failed",
        # The remote's clock is some seconds behind ours.
        {"chat_id": str(group.remote_id), "error_code": 4001, "failed_at": "2026-07-03T12:00:25Z"},
    )
    operation = only_operation()
    assert (operation.state, operation.error_code) == (State.FAILED, 4001)
    assert operation.error == f"The group's {word} was not changed. Delivery failed. Try again."


def test_an_old_failure_does_not_end_a_newer_try(group: Chat, manager: User, remote: Remote, moment: Clock) -> None:
    moment.tick(minutes=1)
    rename_group(chat=group, name="Team", by=manager)
    remote.on("PUT", CHAT, Answer(200, ACCEPTED))
    work()
    hear(
        "chat.group_name_update_failed",
        {"chat_id": str(group.remote_id), "error_code": 4001, "failed_at": "2026-07-03T12:00:30Z"},
    )
    assert only_operation().state == State.ACCEPTED


def renamed(group: Chat, name: str, at: str) -> None:
    data = {"chat_id": str(group.remote_id), "old_value": None, "new_value": name, "updated_at": at}
    hear("chat.group_name_updated", data)


def test_an_older_name_does_not_come_back(group: Chat, manager: User, remote: Remote, moment: Clock) -> None:
    renamed(group, "Second", LATER_STILL)
    renamed(group, "First", LATER)
    group.refresh_from_db()
    assert (group.display_name, group.title) == ("Second", "Second")
    # Nor by a reading that was on its way, but by one that is newer.
    remote.on("PUT", CHAT, Answer(200, ACCEPTED))
    remote.on(
        "GET",
        CHAT,
        Answer(body=wire.chat_of(group, display_name="First", updated_at=LATER)),
        Answer(body=wire.chat_of(group, display_name="Third", updated_at="2026-07-03T12:07:00Z")),
    )
    rename_group(chat=group, name="Third", by=manager)
    work()
    moment.tick(seconds=20)
    work()
    group.refresh_from_db()
    assert group.display_name == "Second"
    moment.tick(seconds=20)
    work()
    group.refresh_from_db()
    assert (group.display_name, only_operation().state) == ("Third", State.CONFIRMED)


def test_a_name_of_somebody_elses_choice_confirms_nothing(group: Chat, manager: User, remote: Remote) -> None:
    rename_group(chat=group, name="Team", by=manager)
    remote.on("PUT", CHAT, Answer(200, ACCEPTED))
    work()
    renamed(group, "Band", LATER)
    assert only_operation().state == State.ACCEPTED
    assert Chat.objects.get(pk=group.pk).display_name == "Band"


def moved(group: Chat, event_type: str, value: str, at: str, **more: Any) -> None:
    added = event_type == "participant.added"
    data = {
        "chat_id": str(group.remote_id),
        "participant": wire.handle(value, status="active" if added else "removed", **more),
        "added_at" if added else "removed_at": at,
    }
    hear(event_type, data)


@pytest.mark.parametrize("late", [False, True], ids=["in order", "the other way round"])
def test_removed_and_added_again(late: bool, group: Chat) -> None:
    happened = [("participant.removed", LATER), ("participant.added", LATER_STILL)]
    for event_type, at in reversed(happened) if late else happened:
        moved(group, event_type, BEA, at)
    row = Participant.objects.get(chat=group, handle__value=BEA)
    assert (row.status, wire.at(row.joined_at), row.left_at) == ("active", LATER_STILL, None)


@pytest.mark.parametrize("late", [False, True], ids=["in order", "the other way round"])
def test_added_and_removed_again(late: bool, group: Chat) -> None:
    happened = [("participant.added", LATER), ("participant.removed", LATER_STILL)]
    for event_type, at in reversed(happened) if late else happened:
        moved(group, event_type, NEWCOMER, at)
    row = Participant.objects.get(chat=group, handle__value=NEWCOMER)
    assert (row.status, wire.at(row.left_at)) == ("removed", LATER_STILL)


def test_our_own_line_is_removed_and_taken_back(group: Chat, manager: User, remote: Remote, moment: Clock) -> None:
    ours = group.line.phone_number
    rename_group(chat=group, name="Team", by=manager)
    moved(group, "participant.removed", ours, LATER, me=True)
    group.refresh_from_db()
    assert wire.at(group.left_at) == LATER
    work()
    assert only_operation().error == "Our line has left this group, so nothing can be sent."
    # A reading from before does not bring it back.
    Operation.objects.all().delete()
    Chat.objects.filter(pk=group.pk).update(left_at=None)
    rename_group(chat=group, name="Team", by=manager)
    remote.on("PUT", CHAT, Answer(200, ACCEPTED))
    work()
    Chat.objects.filter(pk=group.pk).update(left_at=group.left_at)
    stale = wire.chat_of(group, updated_at="2026-07-03T12:04:00Z")
    for one in stale["handles"]:
        one.update(status="active", left_at=None)
    remote.on("GET", CHAT, Answer(body=stale))
    moment.tick(seconds=20)
    work()
    group.refresh_from_db()
    assert wire.at(group.left_at) == LATER
    moved(group, "participant.added", ours, LATER_STILL, me=True)
    group.refresh_from_db()
    assert group.left_at is None
