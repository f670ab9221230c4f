"""Who a campaign is for, by which line, and why not."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from chats.engine.campaigns import plan
from chats.models import (
    Campaign,
    CampaignLine,
    CampaignMessage,
    CampaignRules,
    Chat,
    Handle,
    Label,
    Line,
    ListedPerson,
    Message,
    PeopleList,
    Recipient,
    RecipientCount,
)
from chats.models.common import Health
from tests.people import NOON, make_chat, make_handle, make_line

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _noon(time_machine: Any) -> None:
    time_machine.move_to(NOON, tick=False)


def number(index: int) -> str:
    return f"+1202555{index:04}"


def people_list(*handles: str, **fields: str) -> PeopleList:
    made = PeopleList.objects.create(name="List", state=PeopleList.State.READY, created_at=NOON)
    ListedPerson.objects.bulk_create(
        [ListedPerson(people_list=made, handle=handle, fields=fields) for handle in handles]
    )
    return made


def campaign(*lines: Line, audience: dict[str, Any] | None = None, **fields: Any) -> Campaign:
    made = Campaign.objects.create(name="Autumn", created_at=NOON, plan=1, audience=audience or {}, **fields)
    for line in lines:
        CampaignLine.objects.create(campaign=made, line=line)
    return made


def planned(made: Campaign) -> dict[str, tuple[str, str, int | None]]:
    """Make the plan; by handle: the state, the reason and the line."""
    assert plan.make_plan(made.pk, made.plan)
    rows = Recipient.objects.filter(campaign=made).select_related("handle")
    return {row.handle.value: (row.state, row.reason, row.line_id) for row in rows}


def said(chat: Chat, direction: str, days_ago: float = 1, status: str = "sent") -> Message:
    return Message.objects.create(
        chat=chat,
        direction=direction,
        sender=chat.participants.get(is_me=False).handle if direction == "inbound" else None,
        delivery_status=status,
        error="No." if status == "failed" else "",
        happened_at=NOON - timedelta(days=days_ago),
    )


def test_new_people_are_spread_over_the_lines_by_the_room_these_have(line: Line, other_line: Line) -> None:
    Line.objects.filter(pk=other_line.pk).update(new_conversations_a_day=20)
    made = campaign(line, other_line, audience={"lists": [people_list(*map(number, range(59))).pk]})
    rows = planned(made)
    assert {state for state, _, _ in rows.values()} == {"planned"}
    # 45 less a tenth for people, and 20 less a tenth.
    by_line = [line_id for _, _, line_id in rows.values()]
    assert (by_line.count(line.pk), by_line.count(other_line.pk)) == (41, 18)
    assert set(Recipient.objects.values_list("due_at", flat=True)) == {NOON}
    made.refresh_from_db()
    assert (made.planned_at, made.people_found) == (NOON, 59)


def test_planning_twice_changes_nothing(line: Line, other_line: Line) -> None:
    made = campaign(line, other_line, audience={"lists": [people_list(*map(number, range(30))).pk]})
    first = planned(made)
    ids = set(Recipient.objects.values_list("pk", flat=True))
    assert planned(made) == first
    assert set(Recipient.objects.values_list("pk", flat=True)) == ids
    assert sum(RecipientCount.objects.values_list("delta", flat=True)) == 30


def test_the_chat_that_a_person_knows_decides(line: Line, other_line: Line) -> None:
    ann, bob, eve = (make_handle(number(index)) for index in range(3))
    old = make_chat(line, ann, sort_at=NOON - timedelta(days=9))
    latest = make_chat(line, ann, sort_at=NOON - timedelta(days=1))
    make_chat(other_line, bob)
    elsewhere = make_line("+12025550199")
    make_chat(elsewhere, ann, sort_at=NOON)
    make_chat(elsewhere, eve)
    made = campaign(line, other_line, audience={"lists": [people_list(*map(number, range(4))).pk]})
    rows = planned(made)
    assert rows[number(0)] == ("planned", "", line.pk)
    assert Recipient.objects.get(handle=ann).chat_id == latest.pk != old.pk
    assert rows[number(1)] == ("planned", "", other_line.pk)
    assert rows[number(2)] == ("skipped", "No line of this campaign may write to them.", None)
    assert rows[number(3)][0] == "planned"
    assert Recipient.objects.get(handle__value=number(3)).chat_id is None


def test_a_group_is_no_chat_with_a_person(line: Line) -> None:
    ann, bob = make_handle(number(0)), make_handle(number(1))
    make_chat(line, ann, bob)
    planned(campaign(line, audience={"lists": [people_list(number(0)).pk]}))
    assert Recipient.objects.get().chat_id is None


@pytest.mark.parametrize(
    ("column", "state", "reason"),
    [("opted_out_at", "opted_out", "Opted out."), ("blocked_at", "skipped", "On the block list.")],
)
def test_who_opted_out_or_is_blocked_is_left_out(column: str, state: str, reason: str, line: Line) -> None:
    Handle.objects.create(value=number(0), **{column: NOON})
    rows = planned(campaign(line, audience={"lists": [people_list(number(0), number(1)).pk]}))
    assert rows == {number(0): (state, reason, None), number(1): ("planned", "", line.pk)}


def test_what_nothing_can_be_sent_to_is_left_out(line: Line) -> None:
    rows = planned(campaign(line, audience={"lists": [people_list("24273", "BANK", line.phone_number).pk]}))
    assert {row[:2] for row in rows.values()} == {("skipped", "Nothing can be sent to this address.")}


def test_a_person_with_two_numbers_is_written_to_once(line: Line) -> None:
    ann = make_handle(number(0), "Ann")
    second = Handle.objects.create(value=number(1), contact=ann.contact)
    make_chat(line, second)
    rows = planned(campaign(line, audience={"lists": [people_list(number(0), number(1)).pk]}))
    assert rows[number(1)][0] == "planned"
    assert rows[number(0)][:2] == ("skipped", "Another number of the same person is in it.")


@pytest.mark.parametrize(
    ("health", "reason"),
    [(Health.CRITICAL, "The chat is in critical health."), (Health.OPTED_OUT, "Opted out."), (Health.AT_RISK, "")],
)
def test_a_chat_in_critical_health_is_left_out(health: str, reason: str, line: Line) -> None:
    make_chat(line, make_handle(number(0)), health_status=health)
    rows = planned(campaign(line, audience={"lists": [people_list(number(0)).pk]}))
    assert rows[number(0)][:2] == ("skipped" if reason else "planned", reason)


def test_who_was_written_to_lately_is_left_out(line: Line) -> None:
    lately, long_ago, failed, theirs = (make_chat(line, make_handle(number(index))) for index in range(4))
    said(lately, "outbound", days_ago=2.9)
    said(long_ago, "outbound", days_ago=3.1)
    said(failed, "outbound", status="failed")
    said(theirs, "inbound", status="received")
    rows = planned(campaign(line, not_spoken_to_days=3, audience={"lists": [people_list(*map(number, range(4))).pk]}))
    assert rows[number(0)][:2] == ("skipped", "Written to in the last 3 days.")
    assert [rows[number(index)][0] for index in (1, 2, 3)] == ["planned"] * 3


def test_who_never_answers_is_left_out(line: Line) -> None:
    silent, answered, short = (make_chat(line, make_handle(number(index))) for index in range(3))
    for days in (3, 2):
        said(silent, "outbound", days)
        said(answered, "outbound", days)
    said(answered, "inbound", 1, "received")
    said(short, "outbound", 1)
    rows = planned(campaign(line, not_silent_after=2, audience={"lists": [people_list(*map(number, range(3))).pk]}))
    assert rows[number(0)][:2] == ("skipped", "Replied to none of our last 2 messages.")
    assert [rows[number(index)][0] for index in (1, 2)] == ["planned", "planned"]


@pytest.mark.parametrize(
    ("state", "due_at", "is_left_out"),
    [("running", NOON, True), ("running", None, False), ("draft", NOON, False), ("scheduled", NOON, True)],
)
def test_who_another_campaign_writes_to_is_left_out(state: str, due_at: Any, is_left_out: bool, line: Line) -> None:
    other = campaign(line, state=state)
    Recipient.objects.create(
        campaign=other,
        handle=make_handle(number(0)),
        line=line,
        due_at=due_at,
        state="planned" if due_at else "delivered",
    )
    rows = planned(campaign(line, audience={"lists": [people_list(number(0)).pk]}))
    expected = ("skipped", "Another campaign is writing to them.") if is_left_out else ("planned", "")
    assert rows[number(0)][:2] == expected


def test_who_had_enough_campaign_messages_is_left_out(line: Line) -> None:
    CampaignRules.objects.create(pk=1, most_messages=2, in_days=7)
    chat = make_chat(line, make_handle(number(0)))
    for days in (1, 6):
        other = campaign(line, state="completed", ended_at=NOON)
        row = Recipient.objects.create(
            campaign=other, handle=chat.participants.get(is_me=False).handle, line=line, state="delivered"
        )
        CampaignMessage.objects.create(
            recipient=row, step=0, message=said(chat, "outbound", days), created_at=NOON - timedelta(days=days)
        )
    rows = planned(campaign(line, audience={"lists": [people_list(number(0)).pk]}))
    assert rows[number(0)][:2] == ("skipped", "Had 2 campaign messages in the last 7 days.")
    CampaignRules.objects.update(in_days=5)
    assert planned(campaign(line, audience={"lists": [people_list(number(0)).pk]}))[number(0)][0] == "planned"


def test_lines_that_may_begin_nothing_leave_new_people_out(line: Line) -> None:
    Line.objects.update(new_conversations_a_day=0)
    rows = planned(campaign(line, audience={"lists": [people_list(number(0)).pk]}))
    assert rows[number(0)] == ("skipped", "No line of this campaign may write to them.", None)


def test_several_lists_are_merged_and_the_first_wins(line: Line) -> None:
    first = people_list(number(0), city="Rome")
    second = people_list(number(0), number(1), city="Oslo", vip="yes")
    planned(campaign(line, audience={"lists": [first.pk, second.pk]}))
    assert Recipient.objects.get(handle__value=number(0)).fields == {"city": "Rome", "vip": "yes"}


def test_people_are_found_by_what_is_known_of_them(line: Line, other_line: Line) -> None:
    ann, bob, eve = (make_handle(number(index), name) for index, name in enumerate(["Ann", "Bob", "Eve"]))
    make_chat(line, ann)
    make_chat(line, bob)
    make_chat(other_line, eve)
    label = Label.objects.create(name="VIP")
    for one in (ann, eve):
        assert one.contact is not None
        label.contacts.add(one.contact)
    rows = planned(campaign(line, audience={"filters": [{"labels": [label.pk]}]}))
    # Eve is on a line of which this campaign is not.
    assert rows == {number(0): ("planned", "", line.pk)}


def test_a_draft_that_was_changed_ends_the_older_plan(line: Line) -> None:
    made = campaign(line, audience={"lists": [people_list(number(0), number(1)).pk]})
    planned(made)
    shorter = people_list(number(1))
    Campaign.objects.update(plan=2, audience={"lists": [shorter.pk]}, planned_at=None)
    assert not plan.make_plan(made.pk, 1)
    made.refresh_from_db()
    assert made.planned_at is None
    assert list(planned(made)) == [number(1)]


@pytest.mark.parametrize("state", ["scheduled", "cancelled"])
def test_only_a_draft_is_planned(state: str, line: Line) -> None:
    ended = {"ended_at": NOON} if state == "cancelled" else {}
    made = campaign(line, state=state, audience={"lists": [people_list(number(0)).pk]}, **ended)
    assert not plan.make_plan(made.pk, 1)
    assert not Recipient.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_planners_at_once_find_everybody_once(
    line: Line, other_line: Line, agent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "PIECE", 7)
    made = campaign(line, other_line, audience={"lists": [people_list(*map(number, range(100))).pk]})
    results: list[bool] = []

    def run() -> None:
        try:
            results.append(plan.make_plan(made.pk, 1))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    assert results == [True, True]
    assert Recipient.objects.count() == 100
    assert Recipient.objects.filter(state="planned", line__isnull=False).count() == 100
    assert sum(RecipientCount.objects.values_list("delta", flat=True)) == 100
