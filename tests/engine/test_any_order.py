"""One conversation, told in any order and any number of times: what stands here in the end is always the same."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chats.engine import lanes
from chats.engine.events import processor
from chats.models import Chat, Handle, Line, Message, Operation, Participant, Reaction, WebhookEvent
from tests import wire
from tests.engine.rows import differences, everything, undone
from tests.engine.worker import Clock
from tests.people import NOON
from tests.remote import Answer, Asked, Remote

pytestmark = pytest.mark.django_db

PERSON, BEA, CAS, EVA = "+14155550101", "+14155550111", "+14155550112", "+14155550113"
NEW_GROUP = str(uuid.UUID(int=900))
ICON = "https://cdn.example.com/crew.png"


def number(of: int) -> str:
    """The id of the conversation's message."""
    return str(uuid.UUID(int=of))


def second(of: float) -> str:
    return str(wire.at(NOON + timedelta(seconds=of)))


OURS, REFUSED, THEIRS, STOP, BACK, HISTORY, FOREIGN, LOST, IN_GROUP = (number(of) for of in range(1, 10))


class Conversation:
    """What happened at the remote: the events that tell it, and what the remote says when it is asked afterwards."""

    def __init__(self, chat: Chat, group: Chat, remote: Remote) -> None:
        self.chat, self.group, self.line = chat, group, chat.line
        self.us = chat.line.phone_number
        self.key = self._sent(OURS, key="the-key-of-ours")
        self.refused_key = self._sent(REFUSED, key="the-key-of-the-other")
        self._asked("rename_group", {"display_name": "Night crew"})
        self._asked("add_participant", {"handle": EVA})
        self._asked("remove_participant", {"handle": BEA})
        remote.on("GET", "/v3/messages/[^/]+", self._message)
        remote.on("GET", f"/v3/chats/{NEW_GROUP}", lambda _: Answer(body=self._new_group(after=True)))

    def _sent(self, message_id: str, *, key: str) -> str:
        """A message of ours that the remote has accepted."""
        message = Message.objects.create(
            chat=self.chat, key=key, remote_id=message_id, direction="outbound", text="Ours", happened_at=NOON
        )
        self._asked("send_message", {}, chat=self.chat, message=message)
        return key

    def _asked(self, kind: str, payload: dict[str, Any], *, chat: Chat | None = None, message: Any = None) -> None:
        Operation.objects.create(
            kind=kind, state="accepted", lane=lanes.lane_of(self.line), line=self.line, chat=chat or self.group,
            message=message, payload=payload, created_at=NOON, first_sent_at=NOON, accepted_at=NOON,
            due_at=NOON + timedelta(seconds=20),
        )  # fmt: skip

    def _message(self, asked: Asked) -> Answer:
        """What the remote says of a message once all of it has happened."""
        chat_id = str(self.chat.remote_id)
        known: dict[str, dict[str, Any]] = {
            THEIRS: {
                "sender": PERSON, "sent_at": second(10), "updated_at": second(16),
                "parts": [{"type": "text", "value": "Third", "reactions": [
                    {"type": "like", "handle": wire.handle(self.us, me=True), "is_me": True},
                ]}],
            },
            STOP: {"text": "STOP", "sender": PERSON, "sent_at": second(20)},
            BACK: {"text": "Here again", "sender": PERSON, "sent_at": second(30)},
            HISTORY: {"text": "Old", "sender": PERSON, "sent_at": "2026-06-01T09:00:00Z", "reconciled_at": second(40)},
            FOREIGN: {"text": "From elsewhere", "sent_at": second(50), "delivered_at": second(53),
                      "delivery_status": "delivered"},
            LOST: {"text": "Lost", "sent_at": second(47), "delivery_status": "failed"},
            IN_GROUP: {"text": "Hi all", "sender": CAS, "sent_at": second(64)},
        }  # fmt: skip
        wanted = asked.path.rsplit("/", 1)[1]
        chat_id = NEW_GROUP if wanted == IN_GROUP else chat_id
        return Answer(body=wire.message(wanted, chat_id, **known[wanted]))

    def _new_group(self, *, after: bool) -> dict[str, Any]:
        """The group that somebody else begins: as it was, and as it is after all that."""
        told = wire.new_chat(NEW_GROUP, self.us, BEA, CAS, is_group=True, created_at=second(60), updated_at=second(60))
        if after:
            told |= {"display_name": "Weekend", "group_chat_icon": ICON, "updated_at": second(64)}
            told["handles"] += [wire.handle(PERSON, joined_at=second(61))]
            told["handles"][1] |= {"status": "left", "left_at": second(62)}
        return told

    def _health(self, status: str, at: float) -> dict[str, Any]:
        health = {"status": status, "doc_url": None, "updated_at": second(at)}
        return {"chat": {"id": str(self.chat.remote_id), "is_group": False, "health_status": health}}

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        """All that is told, in the order in which it happened."""
        chat_id, group_id = str(self.chat.remote_id), str(self.group.remote_id)
        new = {"chat": {"id": NEW_GROUP, "is_group": True}}

        def reaction(kind: str, at: float) -> dict[str, Any]:
            return {"chat_id": chat_id, "message_id": THEIRS, "reaction_type": kind, "is_from_me": True,
                    "from_handle": wire.handle(self.us, me=True), "reacted_at": second(at)}  # fmt: skip

        def edit(text: str, at: float) -> dict[str, Any]:
            return {"id": THEIRS, "chat": {"id": chat_id}, "direction": "inbound", "edited_at": second(at),
                    "part": {"index": 0, "text": text}}  # fmt: skip

        def person(handle: str, word: str, at: float, group: str = group_id, **more: Any) -> dict[str, Any]:
            return {"chat_id": group, "participant": wire.handle(handle, **more), f"{word}_at": second(at)}

        def named(value: str, at: float, group: str = group_id) -> dict[str, Any]:
            return {"chat_id": group, "new_value": value, "updated_at": second(at)}

        ours = {"key": self.key, "text": "Ours", "sent_at": second(1)}
        read = {"delivered_at": second(2), "read_at": second(3)}
        elsewhere = {"text": "From elsewhere", "sent_at": second(50)}
        line = {"phone_number": self.us, "new_reputation": "AT_RISK"}
        return [
            ("message.sent", wire.message_event(self.chat, OURS, **ours)),
            ("message.delivered", wire.message_event(self.chat, OURS, **ours, delivered_at=second(2))),
            ("message.read", wire.message_event(self.chat, OURS, **ours, **read)),
            ("message.sent", wire.message_event(self.chat, REFUSED, key=self.refused_key, sent_at=second(5))),
            ("message.failed", {"message_id": REFUSED, "chat_id": chat_id, "code": 4005, "failed_at": second(6)}),
            ("message.received", wire.message_event(
                self.chat, THEIRS, text="First", sender=PERSON, sent_at=second(10), **self._health("AT_RISK", 10))),
            ("message.edited", edit("Second", 12)),
            ("message.edited", edit("Third", 16)),
            ("reaction.added", reaction("love", 13)),
            ("reaction.removed", reaction("love", 14)),
            ("reaction.added", reaction("like", 15)),
            ("message.received", wire.message_event(
                self.chat, STOP, text="STOP", sender=PERSON, sent_at=second(20), **self._health("OPTED_OUT", 20))),
            ("message.received", wire.message_event(
                self.chat, BACK, text="Here again", sender=PERSON, sent_at=second(30), **self._health("HEALTHY", 30))),
            ("message.received", wire.message_event(
                self.chat, HISTORY, text="Old", sender=PERSON, sent_at="2026-06-01T09:00:00Z",
                reconciled_at=second(40))),
            ("message.sent", wire.message_event(self.chat, FOREIGN, **elsewhere)),
            ("message.failed", {"message_id": FOREIGN, "code": 4001, "failed_at": second(52)}),
            ("message.delivered", wire.message_event(self.chat, FOREIGN, **elsewhere, delivered_at=second(53))),
            ("message.sent", wire.message_event(self.chat, LOST, text="Lost", sent_at=second(47))),
            ("message.failed", {"message_id": LOST, "code": 4001, "failed_at": second(49)}),
            ("chat.group_name_updated", named("Day crew", 54)),
            ("chat.group_name_updated", named("Night crew", 55)),
            ("chat.group_icon_updated", named(ICON, 56)),
            ("participant.added", person(EVA, "added", 57)),
            ("participant.removed", person(BEA, "removed", 58, status="removed")),
            ("participant.removed", person(CAS, "removed", 58, status="left")),
            ("participant.added", person(CAS, "added", 59)),
            ("chat.created", self._new_group(after=False)),
            ("participant.added", person(PERSON, "added", 61, NEW_GROUP)),
            ("participant.removed", person(BEA, "removed", 62, NEW_GROUP, status="left")),
            ("chat.group_name_updated", named("Weekend", 63, NEW_GROUP)),
            ("chat.group_icon_updated", named(ICON, 63, NEW_GROUP)),
            ("message.received", wire.message_event(
                NEW_GROUP, IN_GROUP, text="Hi all", sender=CAS, sent_at=second(64), **new)),
            ("phone_number.status_updated", {**line, "new_status": "ACTIVE", "changed_at": second(70)}),
            ("phone_number.status_updated", {
                **line, "new_status": "ACTIVE", "new_reputation": "HEALTHY", "changed_at": second(71)}),
            ("contact_card.received", {"owner_handle": self.us, "sender_handle": EVA, "first_name": "Eva"}),
            ("chat.typing_indicator.started", {"chat_id": chat_id}),
        ]  # fmt: skip


def tell(order: list[WebhookEvent]) -> None:
    """Process the events one after the other, each as often as it is listed."""
    WebhookEvent.objects.update(state="ignored", due_at=None)  # not come in yet
    for event in order:
        WebhookEvent.objects.filter(pk=event.pk).update(state="pending", due_at=NOON, attempts=0)
        processor.process_due(seconds=20)
    assert set(WebhookEvent.objects.values_list("state", "error")) == {("processed", "")}


@pytest.fixture
def events(chat: Chat, group: Chat, remote: Remote, moment: Clock, wakes: list[Any]) -> list[WebhookEvent]:
    """The stored events of the conversation, in the order in which it happened."""
    return [wire.store(event_type, data) for event_type, data in Conversation(chat, group, remote).events()]


@pytest.fixture
def wanted(events: list[WebhookEvent]) -> dict[str, Any]:
    """What stands here when each was told once and in order."""
    with undone():
        tell(events)
        return everything()


def test_what_it_comes_to(events: list[WebhookEvent]) -> None:
    """The end of the conversation, so that nobody takes a shared mistake for agreement."""
    tell(events)
    status = dict(Message.objects.values_list("remote_id", "delivery_status"))
    assert [status[uuid.UUID(one)] for one in (OURS, REFUSED, FOREIGN, LOST, THEIRS)] == [
        "read", "failed", "delivered", "failed", "received",
    ]  # fmt: skip
    assert Message.objects.get(remote_id=THEIRS).text == "Third"
    assert list(Reaction.objects.values_list("type", flat=True)) == ["like"]
    direct, group, new = Chat.objects.order_by("pk")
    assert (direct.unread_count, direct.health_status, direct.last_message_text) == (3, "HEALTHY", "From elsewhere")
    assert (group.display_name, group.icon_url) == ("Night crew", ICON)
    assert (new.display_name, new.unread_count, new.icon_url) == ("Weekend", 1, ICON)
    people = Participant.objects.filter(status="active", is_me=False).order_by("handle__value")
    assert [list(people.filter(chat=one).values_list("handle__value", flat=True)) for one in (group, new)] == [
        [CAS, EVA, "dot@example.com"],
        [PERSON, CAS],
    ]
    assert Handle.objects.get(value=PERSON).opted_out_at is None
    assert Line.objects.get(pk=group.line_id).reputation == "HEALTHY"
    assert sorted(Operation.objects.values_list("kind", "state")) == [
        ("add_participant", "confirmed"),
        ("remove_participant", "confirmed"),
        ("rename_group", "confirmed"),
        ("send_message", "confirmed"),
        ("send_message", "failed"),
    ]


def test_backwards_and_twice_it_is_the_same(events: list[WebhookEvent], wanted: dict[str, Any]) -> None:
    for order in (events[::-1] * 2, [one for event in events for one in (event, event)]):
        with undone():
            tell(order)
            assert differences(everything(), wanted) == []


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_in_any_order_and_any_number_of_times_it_is_the_same(
    events: list[WebhookEvent], wanted: dict[str, Any], data: st.DataObject
) -> None:
    again = data.draw(st.lists(st.sampled_from(range(len(events))), max_size=8), label="told again")
    order = data.draw(st.permutations([*range(len(events)), *again]), label="order")
    with undone():
        tell([events[index] for index in order])
        assert differences(everything(), wanted) == []
