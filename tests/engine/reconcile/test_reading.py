"""The regular check: what the remote says that no event told us."""

from __future__ import annotations

import uuid
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from chats.engine import lanes, reconcile
from chats.models import Chat, Line, Message, Operation, Participant, Reconciliation, SyncRun
from tests import wire
from tests.engine.reconcile.conftest import Account, our_message, settled
from tests.engine.worker import Clock, at_once, hear
from tests.people import NOON, make_chat, make_handle
from tests.remote import Answer, wrong

ONE, TWO = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))
ADA = "+14155550101"

pytestmark = pytest.mark.django_db


def tick() -> Reconciliation:
    reconcile.tick(seconds=20)
    return Reconciliation.objects.latest("pk")


def test_nothing_is_asked_before_the_first_sync(account: Account) -> None:
    SyncRun.objects.all().delete()
    reconcile.tick(seconds=20)
    assert (account.calls, Reconciliation.objects.count()) == ([], 0)


def test_when_nothing_is_wrong_it_is_one_call_a_minute(
    account: Account, chat: Chat, group: Chat, moment: Clock
) -> None:
    settled(chat, account)
    settled(group, account)
    done = tick()
    assert (done.state, done.cause, done.chats_read, done.missed) == ("done", "rhythm", 0, 0)
    assert account.calls == ["chats"]
    for _ in range(5):
        moment.tick(seconds=10)
        tick()
    assert account.calls == []
    moment.tick(seconds=10)
    tick()
    assert account.calls == ["chats"]
    assert Reconciliation.objects.count() == 2


def test_a_message_whose_event_was_lost_is_news(
    account: Account, chat: Chat, group: Chat, moment: Clock, wakes: list[Any]
) -> None:
    settled(chat, account)
    settled(group, account)
    tick()
    moment.tick(minutes=2.5)
    written = moment.now - timedelta(minutes=2)
    account.has(chat, updated_at=written)
    account.says(chat, ONE, "Are you there?", sender=ADA, sent_at=wire.at(written))
    account.remote.asked.clear()
    done = tick()
    assert account.calls == ["chats", "messages"]
    assert (done.cause, done.state) == ("lost", "waiting")
    done = Reconciliation.objects.filter(state="done").latest("pk")
    assert (done.cause, done.chats_read, done.messages_found, done.missed) == ("rhythm", 1, 1, 1)
    chat.refresh_from_db()
    assert (chat.unread_count, chat.last_message_text, chat.sort_at) == (1, "Are you there?", written)
    message = Message.objects.get()
    assert (message.direction, message.delivery_status, message.heard_at) == ("inbound", "received", moment.now)


def test_its_event_that_comes_after_all_counts_it_no_second_time(account: Account, chat: Chat, moment: Clock) -> None:
    settled(chat, account)
    account.has(chat, updated_at=moment.now)
    account.says(chat, ONE, sender=ADA, sent_at=wire.at(moment.now))
    tick()
    hear("message.received", wire.message_event(chat, ONE, sender=ADA))
    chat.refresh_from_db()
    assert chat.unread_count == 1


def test_one_that_the_remote_recovered_late_is_history(account: Account, chat: Chat, moment: Clock) -> None:
    settled(chat, account)
    account.has(chat, updated_at=moment.now)
    account.says(chat, ONE, sender=ADA, sent_at=wire.at(moment.now), reconciled_at=wire.at(moment.now))
    done = tick()
    chat.refresh_from_db()
    assert (chat.unread_count, done.messages_found, done.missed) == (0, 1, 0)


def test_what_was_there_before_the_window_is_history(account: Account, line: Line, moment: Clock) -> None:
    """A chat that we hear of first: its old messages are no news, its latest is."""
    chat = make_chat(line, make_handle(ADA))
    account.has(chat, updated_at=moment.now)
    account.says(chat, ONE, sender=ADA, sent_at=wire.at(moment.now - timedelta(days=3)))
    account.says(chat, TWO, sender=ADA, sent_at=wire.at(moment.now))
    Chat.objects.all().delete()
    tick()
    found = Chat.objects.get()
    assert (str(found.remote_id), found.unread_count, found.messages.count()) == (str(chat.remote_id), 1, 2)
    assert list(found.participants.filter(is_me=False).values_list("handle__value", flat=True)) == [ADA]


def test_an_opt_out_that_no_event_told_counts(account: Account, chat: Chat, moment: Clock) -> None:
    settled(chat, account)
    account.has(chat, updated_at=moment.now)
    account.says(chat, ONE, "STOP", sender=ADA, sent_at=wire.at(moment.now))
    tick()
    assert chat.participants.get(is_me=False).handle.opted_out_at == moment.now


def test_names_people_and_health_are_corrected(account: Account, group: Chat, moment: Clock) -> None:
    settled(group, account)
    told = account.has(group, updated_at=moment.now, display_name="Night crew")
    told["health_status"] = {"status": "AT_RISK", "doc_url": None, "updated_at": wire.at(moment.now)}
    gone = next(one for one in told["handles"] if one["handle"] == "dot@example.com")
    gone.update(status="removed", left_at=wire.at(moment.now))
    tick()
    group.refresh_from_db()
    assert (group.title, group.health_status) == ("Night crew", "AT_RISK")
    assert Participant.objects.get(chat=group, handle__value="dot@example.com").status == "removed"


@pytest.mark.parametrize(
    ("told", "state", "operation"),
    [
        ({"delivery_status": "delivered", "delivered_at": "2026-07-03T12:00:05Z"}, "delivered", "confirmed"),
        ({"delivery_status": "read", "read_at": "2026-07-03T12:00:09Z"}, "read", "confirmed"),
        ({"delivery_status": "failed"}, "failed", "failed"),
        ({"delivery_status": "pending", "sent_at": None}, "sent", "accepted"),
    ],
    ids=["delivered", "read", "failed", "never backwards"],
)
def test_what_became_of_a_message_of_ours(
    told: dict[str, Any], state: str, operation: str, account: Account, chat: Chat, moment: Clock
) -> None:
    """The chat does not say that it changed: it is asked because the message is not settled."""
    settled(chat, account)
    message = our_message(chat, ONE)
    sent = accepted(chat, message, moment)
    account.says(chat, ONE, **told)
    moment.tick(minutes=1)
    tick()
    assert account.calls == ["chats", "messages"]
    message.refresh_from_db()
    sent.refresh_from_db()
    assert (message.delivery_status, sent.state) == (state, operation)


def accepted(chat: Chat, message: Message, moment: Clock) -> Operation:
    return Operation.objects.create(
        kind="send_message",
        state="accepted",
        lane=lanes.lane_of(chat.line),
        line=chat.line,
        chat=chat,
        message=message,
        created_at=NOON,
        accepted_at=NOON,
    )


def test_it_is_asked_again_whenever_its_age_has_doubled(account: Account, chat: Chat, moment: Clock) -> None:
    settled(chat, account)
    our_message(chat, ONE, delivery_status="delivered", delivered_at=NOON)
    account.says(chat, ONE, delivery_status="delivered", delivered_at=wire.at(NOON))
    asked_at = []
    for minute in range(1, 61):
        moment.now = NOON + timedelta(minutes=minute)
        tick()
        if "messages" in account.calls:
            asked_at.append(minute)
    assert asked_at == [1, 2, 4, 8, 16, 32]
    moment.now = NOON + timedelta(hours=25)
    tick()
    assert "messages" not in account.calls


def test_groups_and_sms_are_not_asked_for_what_is_never_told(account: Account, chat: Chat, group: Chat) -> None:
    for one, remote_id in ((chat, ONE), (group, TWO)):
        settled(one, account)
        our_message(
            one, remote_id, service="SMS" if one is chat else "iMessage", happened_at=NOON - timedelta(minutes=5)
        )
    tick()
    assert account.calls == ["chats"]


def test_an_edit_that_no_event_told_is_taken_over(account: Account, chat: Chat, moment: Clock) -> None:
    settled(chat, account)
    our_message(chat, ONE, text="Hello")
    account.has(chat, updated_at=moment.now)
    account.says(chat, ONE, "Hello there", updated_at=wire.at(moment.now))
    tick()
    message = Message.objects.get()
    assert (message.text, message.edited_at) == ("Hello there", moment.now)


def test_what_vanished_there_stays_here(account: Account, chat: Chat, moment: Clock) -> None:
    settled(chat, account)
    our_message(chat, ONE)
    account.has(chat, updated_at=moment.now)
    tick()
    assert Message.objects.get().text == "Hello"
    del account.messages[str(chat.remote_id)]
    moment.tick(minutes=2)
    account.has(chat, updated_at=moment.now)
    del account.messages[str(chat.remote_id)]
    assert tick().chats_read == 1
    assert (Message.objects.get().text, Chat.objects.count()) == ("Hello", 1)


def test_further_pages_are_read_until_nothing_is_new(account: Account, chat: Chat, moment: Clock) -> None:
    settled(chat, account)
    for number in range(120):
        account.says(chat, str(uuid.UUID(int=10 + number)), sender=ADA, sent_at=wire.at(moment.now))
    for number in range(200):
        older = {"sender": ADA, "sent_at": wire.at(NOON - timedelta(days=1))}
        account.messages[str(chat.remote_id)].append(
            wire.message(str(uuid.UUID(int=1000 + number)), str(chat.remote_id), **older)
        )
    account.has(chat, updated_at=moment.now)
    tick()
    assert account.calls == ["chats", "messages", "messages", "messages", "messages"]
    chat.refresh_from_db()
    assert chat.unread_count == 120


def test_paging_ends_where_the_window_does(account: Account, line: Line, moment: Clock) -> None:
    for number in range(9):
        one = make_chat(line, make_handle(f"+1415555{number:04}"))
        changed = moment.now - timedelta(minutes=number) if number < 3 else NOON - timedelta(days=number)
        account.has(one, updated_at=changed)
        Chat.objects.filter(pk=one.pk).update(messages_read_as_of=changed, messages_synced_at=moment.now)
    tick()
    assert account.calls == ["chats", "chats"]


def test_a_list_in_another_order_is_read_to_its_end(account: Account, line: Line, moment: Clock) -> None:
    """The order is nowhere promised (linq-v3, 1.2)."""
    account.newest_first = False
    for number in range(5):
        account.has(make_chat(line, make_handle(f"+1415555{number:04}")), updated_at=NOON - timedelta(days=number))
    newest = Chat.objects.order_by("pk").first()
    assert newest is not None
    account.has(newest, updated_at=moment.now)
    account.says(newest, ONE, sender="+14155550000", sent_at=wire.at(moment.now))
    tick()
    assert account.calls.count("chats") == 3
    newest.refresh_from_db()
    assert newest.unread_count == 1


def test_one_chat_that_makes_no_sense_holds_up_no_other(
    account: Account, chat: Chat, group: Chat, moment: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for one in (chat, group):
        settled(one, account)
        account.has(one, updated_at=moment.now)
    account.says(chat, "not-an-id", sender=ADA, sent_at=wire.at(moment.now))
    account.says(group, ONE, sender="dot@example.com", sent_at=wire.at(moment.now))
    done = tick()
    assert (done.state, done.chats_read, done.chats_skipped) == ("done", 1, 1)
    group.refresh_from_db()
    assert group.unread_count == 1
    assert f"Chat {chat.pk} could not be reconciled" in caplog.text


def test_a_minute_has_so_many_calls(
    account: Account, line: Line, moment: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "CALLS_A_MINUTE", 3)
    for number in range(4):
        account.has(make_chat(line, make_handle(f"+1415555{number:04}")), updated_at=moment.now)
    run = tick()
    assert (run.state, run.chats_read, account.calls) == ("running", 2, ["chats", "messages", "messages"])
    moment.tick(seconds=59)
    tick()
    assert account.calls == []
    moment.tick(seconds=1)
    tick()
    # It goes on where it was: what was read on the page is not read again.
    assert account.calls == ["chats", "messages", "messages"]
    assert Reconciliation.objects.get().state == "done"
    assert Chat.objects.filter(messages_read_as_of__isnull=True).count() == 0


def test_a_pause_that_the_remote_asks_for_is_kept(account: Account, chat: Chat, moment: Clock) -> None:
    settled(chat, account)
    account.remote.on("GET", "/v3/chats", Answer(429, wrong(1007), {"Retry-After": "45"}), account.list_chats)
    run = tick()
    assert (run.state, run.failures, run.due_at) == ("running", 1, moment.now + timedelta(seconds=45))
    assert run.error == "Too many requests in a short time. It will be tried again after a short wait."
    moment.tick(seconds=44)
    tick()
    assert account.calls == ["chats"]
    moment.tick(seconds=1)
    done = tick()
    assert (done.state, done.failures, done.error) == ("done", 0, "")


class Killed(BaseException):
    """What `kill -9` is to the code that it hits."""


def test_one_that_was_killed_goes_on_at_its_checkpoint(
    account: Account, line: Line, moment: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        account.has(make_chat(line, make_handle(f"+1415555{number:04}")), updated_at=moment.now)
    take_over, taken = reconcile.reading.take_over, []

    def until_killed(*args: Any, **more: Any) -> Any:
        if len(taken) == 3:
            raise Killed
        taken.append(1)
        return take_over(*args, **more)

    with monkeypatch.context() as patched:
        patched.setattr(reconcile.reading, "take_over", until_killed)
        with pytest.raises(Killed):
            reconcile.tick(seconds=20)
    account.remote.asked.clear()
    tick()
    assert account.calls == [], "its lease still holds"
    moment.tick(seconds=60)
    done = tick()
    assert account.calls == ["chats", "messages"]
    assert (done.state, done.chats_read) == ("done", 4)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_read_it_once(account: Account, chat: Chat, moment: Clock) -> None:
    settled(chat, account)
    account.has(chat, updated_at=moment.now)
    account.says(chat, ONE, sender=ADA, sent_at=wire.at(moment.now))
    assert at_once(*[partial(reconcile.tick, seconds=20)] * 3) == [None] * 3
    assert account.calls == ["chats", "messages"]
    chat.refresh_from_db()
    assert (chat.unread_count, Reconciliation.objects.count()) == (1, 1)


def test_reading_twice_changes_nothing(account: Account, chat: Chat, moment: Clock) -> None:
    settled(chat, account)
    account.has(chat, updated_at=moment.now)
    account.says(chat, ONE, sender=ADA, sent_at=wire.at(moment.now))
    tick()
    Chat.objects.update(messages_read_as_of=None, messages_synced_at=NOON)
    moment.tick(minutes=2)
    done = tick()
    assert (done.chats_read, done.messages_found, done.messages_corrected) == (1, 0, 0)
    chat.refresh_from_db()
    assert (chat.unread_count, Message.objects.count()) == (1, 1)
