"""What stored events change: once each, in any order, and a bad one holds up no other."""

from __future__ import annotations

import itertools
import uuid
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from chats.engine import inflow
from chats.engine.events import HANDLERS, processor
from chats.models import Chat, Handle, Line, Message, Reaction, WebhookEvent
from chats.v3 import resources
from tests import wire
from tests.engine.worker import Clock, at_once, hear
from tests.people import NOON, make_chat
from tests.remote import Answer, Remote, wrong

PERSON = "+14155550101"
MESSAGE_ID = "69a37c7d-af4f-4b5e-af42-e28e98ce873a"
OTHER_ID = "69a37c7d-af4f-4b5e-af42-e28e98ce873b"
CHAT_ID = "550e8400-e29b-41d4-a716-446655440000"


pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _frozen(moment: Clock, wakes: list[Any]) -> None:
    """Time moves only where a test moves it."""


def second(number: float) -> str:
    return str(wire.at(NOON + timedelta(seconds=number)))


def received(chat: Chat | str, message_id: str = "", /, **more: Any) -> WebhookEvent:
    return hear(
        "message.received",
        wire.message_event(chat, message_id or str(uuid.uuid4()), **{"sender": PERSON, "sent_at": second(0), **more}),
    )


def fresh(chat: Chat) -> Chat:
    return Chat.objects.get(pk=chat.pk)


def test_a_message_comes_in(chat: Chat, moment: Clock) -> None:
    health = {"status": "AT_RISK", "doc_url": "https://docs.linqapp.com/x", "updated_at": second(1)}
    event = received(
        chat,
        MESSAGE_ID,
        text="Are you there?",
        chat={"id": str(chat.remote_id), "is_group": False, "health_status": health},
        effect={"name": "slam", "type": "bubble"},
        reply_to={"message_id": OTHER_ID, "part_index": 1},
    )
    assert (event.state, event.error, event.due_at, event.processed_at) == ("processed", "", None, moment.now)
    assert (event.chat_id, event.line_id) == (chat.pk, chat.line_id)
    message = Message.objects.get()
    assert (str(message.remote_id), message.direction, message.delivery_status) == (MESSAGE_ID, "inbound", "received")
    assert (message.text, message.happened_at, message.sent_at) == ("Are you there?", NOON, NOON)
    assert message.sender is not None
    assert message.sender.value == PERSON
    assert message.effect == {"name": "slam", "type": "bubble"}
    assert (str(message.reply_to_remote_id), message.reply_to_part) == (OTHER_ID, 1)
    chat = fresh(chat)
    assert (chat.unread_count, chat.last_message_text, chat.last_message_is_ours) == (1, "Are you there?", False)
    assert (chat.health_status, chat.health_doc_url) == ("AT_RISK", "https://docs.linqapp.com/x")


def test_it_counts_as_unread_once(chat: Chat) -> None:
    for _ in range(3):
        received(chat, MESSAGE_ID)
    received(chat, OTHER_ID)
    assert (fresh(chat).unread_count, Message.objects.count()) == (2, 2)


def test_history_is_not_unread(chat: Chat) -> None:
    received(chat, MESSAGE_ID, reconciled_at=second(60), sent_at="2026-06-01T09:00:00Z")
    assert (fresh(chat).unread_count, fresh(chat).sort_at) == (0, NOON)
    assert wire.at(Message.objects.get().happened_at) == "2026-06-01T09:00:00Z"


def test_a_message_that_was_read_first_still_counts(chat: Chat) -> None:
    """A sync, or a faster event about it, may have fetched it before its own event comes."""
    listed = wire.message(MESSAGE_ID, str(chat.remote_id), "STOP", sender=PERSON)
    inflow.save_messages(chat, [resources.Message.from_json(listed)])
    assert fresh(chat).unread_count == 0
    received(chat, MESSAGE_ID, text="STOP")
    received(chat, MESSAGE_ID, text="STOP")
    assert (fresh(chat).unread_count, Message.objects.count()) == (1, 1)
    assert Handle.objects.get(value=PERSON).opted_out_at == NOON


def test_the_inbox_shows_the_latest_message(chat: Chat) -> None:
    received(chat, MESSAGE_ID, text="second", sent_at=second(20))
    received(chat, OTHER_ID, text="first", sent_at=second(10))
    assert (fresh(chat).last_message_text, wire.at(fresh(chat).sort_at)) == ("second", second(20))


def test_a_chat_renamed_since_shows_its_last_message(chat: Chat) -> None:
    Chat.objects.filter(pk=chat.pk).update(sort_at=NOON + timedelta(hours=1))
    received(chat, MESSAGE_ID, text="hello")
    assert (fresh(chat).last_message_text, fresh(chat).sort_at) == ("hello", NOON + timedelta(hours=1))


@pytest.mark.django_db(transaction=True)
def test_events_that_come_at_once_are_each_processed_once(chat: Chat) -> None:
    for _ in range(2):
        for message_id in (MESSAGE_ID, OTHER_ID):
            wire.store("message.received", wire.message_event(chat, message_id, sender=PERSON))
    assert sum(at_once(*[partial(processor.process_due, seconds=20)] * 3)) == 4
    assert (fresh(chat).unread_count, Message.objects.count()) == (2, 2)
    assert set(WebhookEvent.objects.values_list("state", "attempts")) == {("processed", 1)}


def test_a_worker_that_was_thought_dead_changes_nothing(chat: Chat) -> None:
    event = wire.store("message.received", wire.message_event(chat, MESSAGE_ID, sender=PERSON))
    late = WebhookEvent.objects.get(pk=event.pk)
    processor.process(event)
    Chat.objects.filter(pk=chat.pk).update(unread_count=0)
    processor.process(late)
    assert fresh(chat).unread_count == 0
    event.refresh_from_db()
    assert (event.state, event.error) == ("processed", "")


def test_a_type_that_nothing_needs_is_kept() -> None:
    event = hear("call.ringing", {"id": "1"})
    assert (event.state, event.due_at, event.error) == ("ignored", None, "")
    assert event.payload["data"] == {"id": "1"}


@pytest.mark.parametrize(
    ("event_type", "data", "reason"),
    [
        ("message.received", {"id": MESSAGE_ID, "chat": {"id": "x"}}, "The event does not name a chat."),
        ("message.received", {"id": "x", "chat": {"id": CHAT_ID}}, "The event does not name a message."),
        ("message.received", {"chat": {"id": CHAT_ID}}, "The field id is missing."),
        ("message.received", {}, "The field message_id is missing."),
        ("message.failed", {"message_id": "x"}, "The event does not name a message."),
        ("reaction.added", {"chat_id": CHAT_ID}, "The field message_id is missing."),
        ("chat.created", {"id": "x"}, "The event does not name a chat."),
        ("participant.added", {"chat_id": CHAT_ID}, "The field handle is missing."),
        (
            "phone_number.status_updated",
            {"phone_number": "+19995550100"},
            "The event is about a line that is not ours.",
        ),
    ],
)
def test_what_says_nothing_is_kept_with_the_reason(
    event_type: str, data: dict[str, Any], reason: str, line: Line
) -> None:
    make_chat(line, remote_id=uuid.UUID(CHAT_ID))
    event = hear(event_type, data)
    assert (event.state, event.error, event.attempts) == ("ignored", reason, 1)


@pytest.mark.parametrize("event_type", sorted(HANDLERS))
def test_an_event_without_data_is_kept_with_the_reason(event_type: str) -> None:
    event = wire.store(event_type, {})
    event.payload = {"event_type": event_type, "data": ["not", "an", "object"]}
    event.save()
    processor.process_due(seconds=20)
    event.refresh_from_db()
    assert (event.state, event.error) == ("ignored", "The event has no data.")


def test_one_that_breaks_is_parked_and_holds_up_no_other(
    chat: Chat, moment: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(event: WebhookEvent) -> None:
        Chat.objects.update(title="half done")
        raise KeyError("secret words of a message")

    monkeypatch.setitem(HANDLERS, "message.edited", breaks)
    bad = wire.store("message.edited", {})
    assert received(chat).state == "processed"
    bad.refresh_from_db()
    assert (bad.state, bad.attempts, bad.error) == ("pending", 1, "Chatdeck itself failed here (KeyError).")
    for attempt in range(2, 11):
        assert bad.due_at is not None
        assert 2 ** (attempt - 2) <= (bad.due_at - moment.now).total_seconds() <= 1.5 * 2 ** (attempt - 2)
        moment.now = bad.due_at
        processor.process_due(seconds=20)
        bad.refresh_from_db()
        assert bad.attempts == attempt
    assert (bad.state, bad.due_at, bad.error) == ("parked", None, "Chatdeck itself failed here (KeyError).")
    assert fresh(chat).title == "Ada Example"


def test_a_chat_that_we_do_not_have_is_fetched_once(line: Line, remote: Remote) -> None:
    remote.on("GET", f"/v3/chats/{CHAT_ID}", Answer(body=wire.new_chat(CHAT_ID, line.phone_number, PERSON)))
    event = received(CHAT_ID, MESSAGE_ID)
    received(CHAT_ID, OTHER_ID)
    chat = Chat.objects.get()
    assert (event.state, event.chat_id, event.line_id) == ("processed", chat.pk, line.pk)
    assert (str(chat.remote_id), chat.unread_count, chat.title) == (CHAT_ID, 2, PERSON)
    assert len(remote.asked) == 1


def test_a_chat_on_a_line_of_others_is_ignored_with_the_reason(line: Line, remote: Remote) -> None:
    remote.on("GET", f"/v3/chats/{CHAT_ID}", Answer(body=wire.new_chat(CHAT_ID, "+19995550100", PERSON)))
    event = received(CHAT_ID, MESSAGE_ID)
    assert (event.state, event.error) == ("ignored", "The event is about a chat on a line that is not ours.")
    assert (Chat.objects.count(), Message.objects.count(), len(remote.asked)) == (0, 0, 1)
    event = hear("chat.created", wire.new_chat(CHAT_ID, "+19995550100", PERSON))
    assert (event.state, event.error) == ("ignored", "The chat is on a line that is not ours.")


def test_a_message_and_its_chat_are_both_fetched(line: Line, remote: Remote, caplog: pytest.LogCaptureFixture) -> None:
    remote.on("GET", f"/v3/chats/{CHAT_ID}", Answer(body=wire.new_chat(CHAT_ID, line.phone_number, PERSON)))
    remote.on("GET", f"/v3/messages/{MESSAGE_ID}", Answer(body=wire.message(MESSAGE_ID, CHAT_ID, sender=PERSON)))
    event = hear("reaction.added", reaction(CHAT_ID))
    assert (event.state, event.attempts, Reaction.objects.count()) == ("processed", 1, 1)
    assert caplog.records == []


def test_a_failure_that_names_no_chat_finds_it_by_the_message(line: Line, remote: Remote) -> None:
    remote.on("GET", f"/v3/chats/{CHAT_ID}", Answer(body=wire.new_chat(CHAT_ID, line.phone_number, PERSON)))
    remote.on("GET", f"/v3/messages/{MESSAGE_ID}", Answer(body=wire.message(MESSAGE_ID, CHAT_ID)))
    event = hear("message.failed", {"message_id": MESSAGE_ID, "code": 4001})
    assert (event.state, Message.objects.get().delivery_status) == ("processed", "failed")


def test_what_the_remote_no_longer_has_is_given_up_soon(chat: Chat, remote: Remote, moment: Clock) -> None:
    remote.on("GET", f"/v3/messages/{MESSAGE_ID}", Answer(404, wrong(2002)))
    event = hear("reaction.added", reaction(str(chat.remote_id)))
    for _ in range(4):
        moment.tick(minutes=1)
        processor.process_due(seconds=20)
    event.refresh_from_db()
    assert (event.state, event.attempts) == ("parked", 5)
    assert event.error == (
        "What this event is about could not be fetched. The message does not exist, was deleted or has expired."
    )


def test_one_whose_message_is_late_waits_for_it(chat: Chat, remote: Remote, moment: Clock) -> None:
    remote.on("GET", f"/v3/messages/{MESSAGE_ID}", Answer(500, wrong(3006)))
    event = hear("reaction.added", reaction(str(chat.remote_id)))
    assert event.state == "pending"
    received(chat, MESSAGE_ID)
    moment.tick(seconds=5)
    processor.process_due(seconds=20)
    event.refresh_from_db()
    assert (event.state, event.error, Reaction.objects.count()) == ("processed", "", 1)


# Opting out: what they said, when, and whether they may be written to afterwards.
KEYWORD, LATER_WORD, SECOND_KEYWORD = ("STOP", 10), ("hello again", 20), ("Opt-Out", 30)


@pytest.mark.parametrize(
    ("said", "opted_out"),
    [
        ([KEYWORD], 10),
        ([KEYWORD, LATER_WORD], None),
        ([("hello", 5), KEYWORD], 10),
        ([KEYWORD, LATER_WORD, SECOND_KEYWORD], 30),
        ([KEYWORD, SECOND_KEYWORD], 30),
        ([("please stop", 10)], None),
    ],
)
def test_opting_out_and_in_whatever_the_order(said: list[tuple[str, int]], opted_out: int | None, chat: Chat) -> None:
    for order in itertools.permutations(said):
        Message.objects.all().delete()
        Handle.objects.update(opted_out_at=None)
        for text, at in order:
            received(chat, text=text, sent_at=second(at))
        at_last = Handle.objects.get(value=PERSON).opted_out_at
        assert (wire.at(at_last)) == (second(opted_out) if opted_out is not None else None), order


def test_a_keyword_in_a_group_opts_nobody_out_but_words_there_opt_in(group: Chat, chat: Chat) -> None:
    received(group, text="STOP")
    assert Handle.objects.get(value=PERSON).opted_out_at is None
    received(chat, text="STOP", sent_at=second(1))
    received(group, text="QUIT", sent_at=second(2))
    assert wire.at(Handle.objects.get(value=PERSON).opted_out_at) == second(1)
    received(group, text="hello all", sent_at=second(3))
    assert Handle.objects.get(value=PERSON).opted_out_at is None


def edited(chat: Chat, text: str, at: float, **more: Any) -> WebhookEvent:
    return hear(
        "message.edited",
        {
            "id": MESSAGE_ID,
            "chat": {"id": str(chat.remote_id)},
            "direction": "inbound",
            "part": {"index": 0, "text": text},
            "edited_at": second(at),
            **more,
        },
    )


@pytest.mark.parametrize("order", list(itertools.permutations([("one", 1), ("two", 2), ("three", 3)])))
def test_the_last_edit_counts(order: tuple[tuple[str, float], ...], chat: Chat) -> None:
    received(chat, MESSAGE_ID, text="zero")
    for text, at in order:
        edited(chat, text, at)
    message = Message.objects.get()
    assert (message.text, message.parts, wire.at(message.edited_at)) == (
        "three",
        [{"type": "text", "value": "three"}],
        second(3),
    )
    assert fresh(chat).last_message_text == "three"


def test_an_edit_on_a_line_that_keeps_nothing_leaves_the_text(chat: Chat) -> None:
    received(chat, MESSAGE_ID, text="zero")
    edited(chat, "", 1, zero_retention=True)
    assert (Message.objects.get().text, wire.at(Message.objects.get().edited_at)) == ("zero", second(1))
    edited(chat, "beyond", 2, part={"index": 7, "text": "beyond"})
    assert Message.objects.get().text == "zero"


def reaction(chat_id: str, at: float = 1, kind: str = "love", **more: Any) -> dict[str, Any]:
    return {
        "chat_id": chat_id,
        "message_id": MESSAGE_ID,
        "part_index": 0,
        "reaction_type": kind,
        "custom_emoji": None,
        "is_from_me": False,
        "from_handle": wire.handle(PERSON),
        "reacted_at": second(at),
        **more,
    }


ADDED, REMOVED, ADDED_AGAIN = ("reaction.added", 1), ("reaction.removed", 2), ("reaction.added", 3)


@pytest.mark.parametrize(
    ("told", "stays"),
    [([ADDED], True), ([ADDED, REMOVED], False), ([ADDED, REMOVED, ADDED_AGAIN], True), ([REMOVED], False)],
)
def test_reactions_in_any_order(told: list[tuple[str, float]], stays: bool, chat: Chat) -> None:
    received(chat, MESSAGE_ID)
    for order in [order * times for order in itertools.permutations(told) for times in (1, 2)]:
        Reaction.objects.all().delete()
        WebhookEvent.objects.filter(event_type__startswith="reaction.").delete()
        for event_type, at in order:
            assert hear(event_type, reaction(str(chat.remote_id), at)).state == "processed"
        assert Reaction.objects.count() == int(stays), order


def test_reactions_of_other_kinds_and_people_stay_apart(chat: Chat) -> None:
    received(chat, MESSAGE_ID)
    chat_id = str(chat.remote_id)
    hear("reaction.added", reaction(chat_id))
    hear("reaction.added", reaction(chat_id, kind="like"))
    hear("reaction.added", reaction(chat_id, is_from_me=True, from_handle=wire.handle(chat.line.phone_number, me=True)))
    hear("reaction.added", reaction(chat_id, kind="custom", custom_emoji="🎈"))
    hear("reaction.removed", reaction(chat_id, 2))
    assert sorted(Reaction.objects.values_list("type", "is_me", "custom_emoji")) == [
        ("custom", False, "🎈"),
        ("like", False, ""),
        ("love", True, ""),
    ]


def test_a_reaction_that_a_reading_brought_is_the_same_one(chat: Chat) -> None:
    part = {
        "type": "text",
        "value": "Hello",
        "reactions": [{"type": "love", "id": "r1", "handle": wire.handle(PERSON)}],
    }
    listed = wire.message(MESSAGE_ID, str(chat.remote_id), sender=PERSON, parts=[part])
    inflow.save_messages(chat, [resources.Message.from_json(listed)])
    hear("reaction.added", reaction(str(chat.remote_id)))
    hear("reaction.added", reaction(str(chat.remote_id), reaction_id="r1"))
    assert Reaction.objects.count() == 1
    hear("reaction.removed", reaction(str(chat.remote_id), 2))
    assert Reaction.objects.count() == 0


def test_payloads_of_the_older_version(chat: Chat) -> None:
    told = {
        "chat_id": str(chat.remote_id),
        "from": PERSON,
        "from_handle": wire.handle(PERSON),
        "is_from_me": False,
        "is_group": False,
        "recipient_phone": chat.line.phone_number,
        "received_at": second(0),
        "service": "iMessage",
        "message": {"id": MESSAGE_ID, "parts": [{"type": "text", "value": "Old style"}], "sent_at": second(0)},
    }
    for _ in range(2):
        assert hear("message.received", told, version="2025-01-01").state == "processed"
    message = Message.objects.get()
    assert (message.text, message.direction, fresh(chat).unread_count) == ("Old style", "inbound", 1)
    ours = {**told, "from": chat.line.phone_number, "from_handle": None, "is_from_me": True}
    ours["message"] = {"id": OTHER_ID, "parts": [{"type": "text", "value": "Ours"}], "sent_at": second(1)}
    hear("message.sent", ours, version="2025-01-01")
    hear("message.read", {**ours, "message_id": OTHER_ID, "read_at": second(3)}, version="2025-01-01")
    mine = wire.ours(chat)
    assert (mine.text, mine.delivery_status, wire.at(mine.read_at)) == ("Ours", "read", second(3))


def test_a_card_names_a_person_whom_nobody_named(chat: Chat) -> None:
    stranger = Handle.objects.create(value="+14155550177")
    unnamed = make_chat(chat.line, stranger)
    card = {"owner_handle": chat.line.phone_number, "first_name": "Eva", "last_name": "Example"}
    hear("contact_card.received", {**card, "sender_handle": stranger.value})
    hear("contact_card.received", {**card, "sender_handle": PERSON})
    assert (fresh(unnamed).title, fresh(chat).title) == ("Eva Example", "Ada Example")


def test_a_line_is_flagged_and_older_news_changes_nothing(line: Line) -> None:
    told = {"phone_number": line.phone_number, "new_status": "FLAGGED", "new_reputation": "CRITICAL"}
    event = hear("phone_number.status_updated", {**told, "changed_at": second(10)})
    assert event.line_id == line.pk
    hear("phone_number.status_updated", {**told, "new_status": "ACTIVE", "changed_at": second(5)})
    line.refresh_from_db()
    assert (line.status, line.reputation, wire.at(line.status_changed_at)) == ("FLAGGED", "CRITICAL", second(10))


def test_older_health_does_not_come_back(chat: Chat) -> None:
    def tell(status: str, at: float) -> None:
        health = {"status": status, "doc_url": None, "updated_at": second(at)}
        received(chat, chat={"id": str(chat.remote_id), "health_status": health})

    tell("CRITICAL", 10)
    tell("HEALTHY", 5)
    assert fresh(chat).health_status == "CRITICAL"
    tell("HEALTHY", 15)
    assert fresh(chat).health_status == "HEALTHY"
