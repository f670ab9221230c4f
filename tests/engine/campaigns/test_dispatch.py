"""Recipients become messages: a few at a time, each step once, and only who may be written to now."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from chats.engine.campaigns import counts, dispatch, progress, withdraw
from chats.models import (
    Campaign,
    CampaignLine,
    CampaignMessage,
    Chat,
    Contact,
    Handle,
    Line,
    Message,
    Operation,
    Recipient,
)
from chats.models.operation import Kind, Pace, Priority
from tests.engine.campaigns.conftest import Launch, number
from tests.people import NOON, make_chat, make_handle

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def states(campaign: Campaign) -> dict[str, tuple[str, str]]:
    rows = Recipient.objects.filter(campaign=campaign).select_related("handle").order_by("handle__value")
    return {row.handle.value: (row.state, row.reason) for row in rows}


def counted(campaign: Campaign) -> dict[str, int]:
    """By the counters, which must say the same as the rows."""
    by_rows: dict[str, int] = {}
    for state in Recipient.objects.filter(campaign=campaign).values_list("state", flat=True):
        by_rows[state] = by_rows.get(state, 0) + 1
    found = counts.by_state(campaign.pk)
    assert found == by_rows
    return found


def test_each_becomes_a_message_with_its_operation_once(line: Line, launch: Launch) -> None:
    campaign = launch(3)
    known = make_chat(line, make_handle(number(3)))
    Recipient.objects.create(
        campaign=campaign, handle=known.participants.get(is_me=False).handle, line=line, chat=known, due_at=NOON
    )
    assert dispatch.top_up(line.pk) == 4
    assert dispatch.top_up(line.pk) == 0
    assert Message.objects.count() == Operation.objects.count() == CampaignMessage.objects.count() == 4
    operations = Operation.objects.order_by("pk")
    assert [one.kind for one in operations] == [Kind.SEND_MESSAGE, *[Kind.CREATE_CHAT] * 3]
    assert {(one.state, one.priority, one.due_at) for one in operations} == {("queued", Priority.AUTOMATIC, NOON)}
    assert [one.pace for one in operations] == [Pace.TALK, *[Pace.NEW] * 3]
    for one in operations:
        assert one.message is not None
        assert one.chat is not None
        assert str(one.key) == one.message.key
        assert one.chat_id == one.message.chat_id
        assert one.message.text == "Hello, how are you?"
        if one.kind == Kind.CREATE_CHAT:
            assert [one.payload["to"][0]] == [
                person.handle.value for person in one.chat.participants.filter(is_me=False).select_related("handle")
            ]
    assert known.pk == operations[0].chat_id


def test_a_few_are_made_ready_and_more_when_these_have_left(
    line: Line, launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "AHEAD", 2)
    campaign = launch(5)
    assert [dispatch.top_up(line.pk), dispatch.top_up(line.pk)] == [2, 0]
    assert counted(campaign) == {"sending": 2, "planned": 3}
    Operation.objects.update(state="accepted", due_at=None)
    assert [dispatch.top_up(line.pk), dispatch.top_up(line.pk)] == [2, 0]


def test_no_more_conversations_are_begun_than_the_line_has_room_for(line: Line, launch: Launch) -> None:
    Line.objects.update(new_conversations_a_day=4)
    launch(6)
    known = make_chat(line, make_handle(number(9)))
    Recipient.objects.create(
        campaign=Campaign.objects.get(),
        handle=known.participants.get(is_me=False).handle,
        line=line,
        chat=known,
        due_at=NOON + timedelta(0),
    )
    # Four less a tenth for people, rounded in favour of people's messages, and the one who is known.
    assert dispatch.top_up(line.pk) == 5
    assert Operation.objects.filter(kind=Kind.CREATE_CHAT).count() == 4
    assert dispatch.top_up(line.pk) == 0


def test_the_hours_are_the_persons_own(line: Line, launch: Launch) -> None:
    campaign = launch(2)
    berlin = Contact.objects.create(name="Ann", time_zone="Asia/Tokyo")
    Handle.objects.filter(value=number(0)).update(contact=berlin)
    assert dispatch.top_up(line.pk) == 1
    row = Recipient.objects.get(handle__value=number(0))
    # Noon in UTC is nine in the evening in Tokyo, and the window opens at eight there.
    assert (row.state, row.due_at) == ("planned", datetime.fromisoformat("2026-07-03T23:00:00+00:00"))
    assert row.reason == "Outside the campaign's hours where they are."
    assert counted(campaign) == {"planned": 1, "sending": 1}


@pytest.mark.parametrize(
    ("change", "state", "reason"),
    [
        ({"opted_out_at": NOON}, "opted_out", "Opted out."),
        ({"blocked_at": NOON}, "skipped", "On the block list."),
    ],
)
def test_every_gate_is_asked_again(change: dict[str, Any], state: str, reason: str, line: Line, launch: Launch) -> None:
    campaign = launch(2)
    Handle.objects.filter(value=number(0)).update(**change)
    assert dispatch.top_up(line.pk) == 1
    assert states(campaign)[number(0)] == (state, reason)
    assert counted(campaign) == {"sending": 1, state: 1}


def test_who_turned_unhealthy_is_skipped(line: Line, launch: Launch) -> None:
    make_chat(line, make_handle(number(0)))
    campaign = launch(1)
    Chat.objects.update(health_status="CRITICAL")
    assert dispatch.top_up(line.pk) == 0
    assert states(campaign)[number(0)] == ("skipped", "The chat is in critical health.")


def test_who_lacks_a_field_is_skipped_alone(line: Line, launch: Launch) -> None:
    campaign = launch(2, "How is {{ city }}?")
    Recipient.objects.filter(handle__value=number(1)).update(fields={"city": "Rome"})
    assert dispatch.top_up(line.pk) == 1
    assert states(campaign) == {
        number(0): ("skipped", "The field “city” is empty, and the text has no words for that."),
        number(1): ("sending", ""),
    }
    assert Message.objects.get().text == "How is Rome?"


def test_a_first_message_with_a_link_is_skipped(line: Line, launch: Launch) -> None:
    make_chat(line, make_handle(number(0)))
    campaign = launch(2, "Look at https://example.com")
    assert dispatch.top_up(line.pk) == 1
    assert states(campaign)[number(1)] == ("skipped", "Part 1: the first message of a chat may not hold a link.")


def test_everybody_gets_the_variant_that_is_theirs(line: Line, launch: Launch) -> None:
    campaign = launch(12, "One", "Two")
    dispatch.top_up(line.pk)
    texts = list(Message.objects.values_list("text", flat=True))
    assert {"One", "Two"} == set(texts)
    by_guard = {(one.variant, one.message.text) for one in CampaignMessage.objects.select_related("message")}
    assert by_guard == {(0, "One"), (1, "Two")}
    assert counted(campaign) == {"sending": 12}


def test_a_chat_that_came_to_be_meanwhile_is_written_to(line: Line, launch: Launch) -> None:
    launch(1)
    meanwhile = make_chat(line, Handle.objects.get(value=number(0)))
    assert dispatch.top_up(line.pk) == 1
    operation = Operation.objects.get()
    assert (operation.kind, operation.chat_id) == (Kind.SEND_MESSAGE, meanwhile.pk)


@pytest.mark.parametrize(
    "change",
    [
        {"paused_at": NOON, "pause_reason": "by_hand"},
        {"is_active": False},
        {"reputation": "CRITICAL"},
    ],
)
def test_a_line_that_lets_nothing_out_gets_nothing(change: dict[str, Any], line: Line, launch: Launch) -> None:
    campaign = launch(2)
    Line.objects.filter(pk=line.pk).update(**change)
    assert dispatch.top_up(line.pk) == 0
    assert counted(campaign) == {"planned": 2}


def test_a_held_line_is_slowed_or_stopped(line: Line, launch: Launch, moment: Any) -> None:
    launch(4)
    on_line = CampaignLine.objects.filter(line=line)
    on_line.update(hold="stopped")
    assert dispatch.top_up(line.pk) == 0
    on_line.update(hold="slowed")
    assert [dispatch.top_up(line.pk), dispatch.top_up(line.pk)] == [1, 0]
    Operation.objects.update(state="accepted", due_at=None)
    # 20 a minute are one in three seconds; at half the pace it is one in six.
    moment.shift(5)
    assert dispatch.top_up(line.pk) == 0
    moment.shift(2)
    assert dispatch.top_up(line.pk) == 1


@pytest.mark.parametrize("state", ["draft", "scheduled", "paused", "cancelled", "completed"])
def test_only_a_running_campaign_sends(state: str, line: Line, launch: Launch) -> None:
    launch(2)
    pause = {"paused_at": NOON, "pause_reason": "by_hand"} if state == "paused" else {}
    ended = {"ended_at": NOON} if state in {"cancelled", "completed"} else {}
    Campaign.objects.update(state=state, **pause, **ended)
    assert dispatch.top_up(line.pk) == 0
    assert not Operation.objects.exists()


def test_after_its_end_nobody_is_written_to(line: Line, launch: Launch) -> None:
    campaign = launch(1, starts_at=NOON - DAY, ends_at=NOON)
    assert dispatch.top_up(line.pk) == 0
    assert states(campaign)[number(0)] == ("skipped", "The campaign had ended.")


def test_what_has_not_left_is_taken_back_and_made_again(line: Line, launch: Launch, moment: Any) -> None:
    campaign = launch(3)
    dispatch.top_up(line.pk)
    left = Operation.objects.order_by("pk")[0]
    Operation.objects.filter(pk=left.pk).update(state="accepted", first_sent_at=NOON, due_at=None)
    with transaction.atomic():
        assert withdraw.withdraw_all(campaign.pk) == 2
    assert counted(campaign) == {"planned": 2, "sending": 1}
    assert Message.objects.count() == 1
    assert Operation.objects.filter(state="cancelled", message=None).count() == 2
    moment.shift(60)
    assert dispatch.top_up(line.pk) == 2
    assert CampaignMessage.objects.count() == 3
    assert counted(campaign) == {"sending": 3}


def test_a_follow_up_comes_after_its_wait_unless_they_reply(line: Line, launch: Launch, moment: Any) -> None:
    campaign = launch(2, "Hello?", waits=(DAY,))
    dispatch.top_up(line.pk)
    for guard in CampaignMessage.objects.select_related("message"):
        with transaction.atomic():
            progress.taken(guard.message_id, at=NOON)
            Message.objects.filter(pk=guard.message_id).update(delivery_status="read")
            guard.message.refresh_from_db()
            progress.moved(guard.message)
    assert counted(campaign) == {"read": 2}
    assert set(Recipient.objects.values_list("due_at", flat=True)) == {NOON + DAY}
    answered = CampaignMessage.objects.select_related("message", "recipient").order_by("pk")[0]
    reply = Message.objects.create(
        chat_id=answered.message.chat_id, direction="inbound", text="Fine!", happened_at=NOON + timedelta(hours=1)
    )
    with transaction.atomic():
        progress.heard(reply)
        progress.heard(reply)
    assert counted(campaign) == {"read": 1, "replied": 1}
    Operation.objects.update(state="accepted", due_at=None)
    moment.shift(DAY - timedelta(seconds=1))
    assert dispatch.top_up(line.pk) == 0
    moment.shift(1)
    assert [dispatch.top_up(line.pk), dispatch.top_up(line.pk)] == [1, 0]
    guards = CampaignMessage.objects.order_by("pk").values_list("recipient", "step")
    assert [step for _, step in guards] == [0, 0, 1]
    assert guards[2][0] != answered.recipient_id
    assert counted(campaign) == {"sending": 1, "replied": 1}
    # Taken back and made again, the follow-up is still the follow-up.
    with transaction.atomic():
        assert withdraw.withdraw_all(campaign.pk) == 1
    assert dispatch.top_up(line.pk) == 1
    assert list(CampaignMessage.objects.order_by("pk").values_list("step", flat=True)) == [0, 0, 1]
    with transaction.atomic():
        progress.taken(CampaignMessage.objects.get(step=1).message_id, at=NOON + DAY)
    assert Recipient.objects.filter(due_at__isnull=False).count() == 0
    assert counted(campaign) == {"accepted": 1, "replied": 1}


def test_who_opts_out_instead_of_answering_has_opted_out(line: Line, launch: Launch) -> None:
    campaign = launch(1, waits=(DAY,))
    dispatch.top_up(line.pk)
    guard = CampaignMessage.objects.select_related("message").get()
    with transaction.atomic():
        progress.taken(guard.message_id, at=NOON)
        stop = Message.objects.create(
            chat_id=guard.message.chat_id, direction="inbound", text="STOP", happened_at=NOON + DAY
        )
        progress.heard(stop)
    row = Recipient.objects.get()
    assert (row.state, row.reason, row.due_at) == ("opted_out", "Opted out.", None)
    assert counted(campaign) == {"opted_out": 1}


def test_a_failure_ends_it_and_a_delivery_overtakes_that(line: Line, launch: Launch) -> None:
    campaign = launch(1, waits=(DAY,))
    dispatch.top_up(line.pk)
    message = Message.objects.get()
    with transaction.atomic():
        progress.taken(message.pk, at=NOON)
        progress.failed(message.pk, sentence="The remote could not deliver this message.", code=4001)
    assert states(campaign)[number(0)] == ("failed", "The remote could not deliver this message.")
    assert Recipient.objects.get().due_at is None
    message.delivery_status = "delivered"
    with transaction.atomic():
        progress.moved(message)
    assert states(campaign)[number(0)] == ("delivered", "")
    assert counted(campaign) == {"delivered": 1}


@pytest.mark.parametrize(("code", "state"), [(2024, "opted_out"), (1002, "failed")])
def test_a_refusal_is_the_recipients_end(code: int, state: str, line: Line, launch: Launch) -> None:
    campaign = launch(1)
    dispatch.top_up(line.pk)
    with transaction.atomic():
        progress.failed(Message.objects.get().pk, sentence="No.", code=code)
        progress.failed(Message.objects.get().pk, sentence="No, again.", code=code)
    assert states(campaign)[number(0)] == (state, "No.")
    assert counted(campaign) == {state: 1}


def test_counters_that_are_summed_up_say_the_same(line: Line, launch: Launch) -> None:
    campaign = launch(5)
    dispatch.top_up(line.pk)
    before = counts.by_state(campaign.pk)
    assert counts.sum_up(campaign.pk) == 2
    assert counts.sum_up(campaign.pk) == 0
    assert counts.by_state(campaign.pk) == before == {"sending": 5}


@pytest.mark.django_db(transaction=True)
def test_many_dispatchers_at_once_write_to_everybody_once(
    line: Line, launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "AHEAD", 10)
    Line.objects.update(new_conversations_a_day=None)
    campaign = launch(60)
    go = threading.Barrier(4, timeout=30)

    def run(_: int) -> None:
        try:
            for _ in range(10):
                go.wait()
                dispatch.top_up(line.pk)
                go.wait()
                Operation.objects.filter(state="queued").update(state="accepted", due_at=None)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as workers:
        assert list(workers.map(run, range(4))) == [None] * 4
    assert counted(campaign) == {"sending": 60}
    assert CampaignMessage.objects.count() == Operation.objects.count() == Chat.objects.count() == 60
    assert Message.objects.values("chat").distinct().count() == 60
