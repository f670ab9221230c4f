"""Webhook events, read into one shape from both versions of their payloads."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from linq.types.webhook_event_type import WebhookEventType

from chats.v3.events import (
    CONSOLE_EVENTS,
    EVENT_TYPES,
    MESSAGE_EVENTS,
    EditedEvent,
    Envelope,
    FailedEvent,
    GroupChangedEvent,
    GroupChangeFailedEvent,
    LineStatusEvent,
    MessageEvent,
    ParticipantEvent,
    ReactionEvent,
    TypingEvent,
    Unreadable,
    parse_envelope,
    read_event,
)
from chats.v3.resources import Chat, ChatHandle, Effect, HealthStatus, ReplyTo
from tests.v3 import samples
from tests.v3.samples import ANN, CHAT_ID, HEALTH, LINE, MESSAGE_ID, TRACE_ID

EVENT_ID = "e1f2a3b4-0000-4000-8000-00000000000a"
HELLO = [{"type": "text", "value": "Hello"}]


def moment(second: int, microsecond: int = 0) -> datetime:
    return datetime(2026, 11, 2, 9, 0, second, microsecond, tzinfo=UTC)


def event(event_type: str, data: dict[str, object], version: str = "2026-02-03") -> Envelope:
    body = {
        "api_version": "v3",
        "webhook_version": version,
        "event_type": event_type,
        "event_id": EVENT_ID,
        "created_at": "2026-11-02T09:00:09.123456789Z",
        "trace_id": TRACE_ID,
        "partner_id": "partner",
        "data": data,
    }
    return parse_envelope(json.dumps(body).encode())


def message_v2(**more: object) -> dict[str, object]:
    return {
        "id": MESSAGE_ID,
        "chat": {"id": CHAT_ID, "is_group": False, "owner_handle": LINE, "health_status": HEALTH},
        "direction": "inbound",
        "sender_handle": ANN,
        "parts": HELLO,
        "service": "iMessage",
        "preferred_service": None,
        "sent_at": "2026-11-02T09:00:01.5Z",
        "delivered_at": None,
        "read_at": None,
        "effect": None,
        "reply_to": None,
        "idempotency_key": None,
        **more,
    }


def message_v1(**more: object) -> dict[str, object]:
    return {
        "chat_id": CHAT_ID,
        "from": "+12025550123",
        "from_handle": ANN,
        "is_from_me": False,
        "is_group": False,
        "idempotency_key": None,
        "message": {
            "id": MESSAGE_ID,
            "created_at": "2026-11-02T09:00:01Z",
            "updated_at": "2026-11-02T09:00:01Z",
            "parts": HELLO,
            "sent_at": "2026-11-02T09:00:01.5Z",
            "delivered_at": None,
            "read_at": None,
            "is_delivered": False,
            "is_read": False,
        },
        "preferred_service": None,
        "received_at": "2026-11-02T09:00:02Z",
        "recipient_handle": LINE,
        "recipient_phone": "+12025550100",
        "service": "iMessage",
        **more,
    }


RECEIVED = {
    "message_id": MESSAGE_ID,
    "chat_id": CHAT_ID,
    "is_group": False,
    "owner_handle": "+12025550100",
    "direction": "inbound",
    "sender_handle": "+12025550123",
    "parts": HELLO,
    "service": "iMessage",
    "preferred_service": None,
    "sent_at": moment(1, 500_000),
    "delivered_at": None,
    "read_at": None,
    "effect": None,
    "reply_to": None,
    "idempotency_key": None,
    "reconciled_at": None,
    "zero_retention": False,
    "health_status": None,
    "trace_id": TRACE_ID,
}
HEALTHY = HealthStatus("HEALTHY", HEALTH["doc_url"], datetime(2026, 10, 2, 9, 0, 0, 500_000, tzinfo=UTC))


def test_the_names_are_those_of_the_official_sdk() -> None:
    assert set(get_args(WebhookEventType)) == EVENT_TYPES
    assert len(EVENT_TYPES) == 75


def test_the_console_subscribes_to_names_that_exist_and_to_all_it_reads() -> None:
    assert set(CONSOLE_EVENTS) < EVENT_TYPES
    assert len(set(CONSOLE_EVENTS)) == len(CONSOLE_EVENTS) == 28
    assert set(CONSOLE_EVENTS) > MESSAGE_EVENTS | {
        "message.failed",
        "message.edited",
        "reaction.added",
        "reaction.removed",
        "participant.added",
        "participant.removed",
        "chat.created",
        "chat.group_name_updated",
        "chat.group_icon_updated",
        "chat.group_name_update_failed",
        "chat.group_icon_update_failed",
        "chat.typing_indicator.started",
        "chat.typing_indicator.stopped",
        "phone_number.status_updated",
    }


def test_the_envelope() -> None:
    assert event("message.sent", {"id": "x"}) == Envelope(
        event_id=EVENT_ID,
        event_type="message.sent",
        webhook_version="2026-02-03",
        created_at=moment(9, 123_456),
        trace_id=TRACE_ID,
        data={"id": "x"},
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b"\xff",
        b"[" * 50_000,
        b'{"event_type": "message.sent", "data": {}}',
        b'{"event_id": "", "event_type": "message.sent", "data": {}}',
        b'{"event_id": "e", "event_type": 7, "data": {}}',
        b'{"event_id": "e", "event_type": "message.sent", "data": []}',
    ],
)
def test_what_is_no_envelope_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable, match=r"\.$"):
        parse_envelope(body)


def test_an_event_of_an_unknown_type_is_still_an_envelope() -> None:
    envelope = event("galaxy.collapsed", {"id": "x"})
    assert envelope.event_type == "galaxy.collapsed"
    assert read_event(envelope) is None


def test_an_inbound_message_reads_the_same_in_both_versions() -> None:
    assert read_event(event("message.received", message_v2())) == MessageEvent(
        **{**RECEIVED, "health_status": HEALTHY}  # type: ignore[arg-type]
    )
    assert read_event(event("message.received", message_v1(), "2025-01-01")) == MessageEvent(
        **RECEIVED  # type: ignore[arg-type]
    )


OUTBOUND = {
    **RECEIVED,
    "direction": "outbound",
    "sender_handle": "+12025550100",
    "idempotency_key": "key-1",
    "preferred_service": "auto",
    "delivered_at": moment(3),
    "read_at": moment(4),
    "effect": Effect("slam", "bubble"),
    "reply_to": ReplyTo(MESSAGE_ID, 2),
    "reconciled_at": moment(5),
}


def test_an_outbound_message_reads_the_same_in_both_versions() -> None:
    later = {"delivered_at": "2026-11-02T09:00:03Z", "read_at": "2026-11-02T09:00:04Z"}
    content = {
        "effect": {"name": "slam", "type": "bubble"},
        "reply_to": {"message_id": MESSAGE_ID, "part_index": 2},
    }
    common = {
        "idempotency_key": "key-1",
        "preferred_service": "auto",
        "reconciled_at": "2026-11-02T09:00:05Z",
        **later,
    }
    v2 = message_v2(direction="outbound", sender_handle=LINE, **common, **content)
    v1 = message_v1(
        **{"from": "+12025550100"},
        from_handle=LINE,
        is_from_me=True,
        recipient_handle=ANN,
        message_id=MESSAGE_ID,
        **common,
    )
    v1["message"] = {**v1["message"], **content}  # type: ignore[dict-item]
    assert read_event(event("message.read", v2)) == MessageEvent(
        **{**OUTBOUND, "health_status": HEALTHY}  # type: ignore[arg-type]
    )
    assert read_event(event("message.read", v1, "2025-01-01")) == MessageEvent(**OUTBOUND)  # type: ignore[arg-type]


def test_the_shape_decides_not_the_name_of_the_version() -> None:
    read = read_event(event("message.received", message_v1(), "2026-02-03"))
    assert isinstance(read, MessageEvent)
    assert read.sender_handle == "+12025550123"


def test_an_old_delivery_may_name_its_message_only_outside() -> None:
    data = message_v1(message_id=MESSAGE_ID, delivered_at="2026-11-02T09:00:03Z", message=None, is_from_me=True)
    read = read_event(event("message.delivered", data, "2025-01-01"))
    assert isinstance(read, MessageEvent)
    assert (read.message_id, read.delivered_at, read.parts) == (MESSAGE_ID, moment(3), [])


def test_a_line_that_keeps_nothing_sends_no_parts() -> None:
    read = read_event(event("message.sent", message_v2(parts=[], zero_retention=True, direction="outbound")))
    assert isinstance(read, MessageEvent)
    assert (read.parts, read.zero_retention) == ([], True)


def test_odd_details_do_not_lose_a_message() -> None:
    data = message_v2(
        sent_at="yesterday", sender_handle=None, parts=None, effect=7, reply_to=[], chat={"id": CHAT_ID, "is_group": 1}
    )
    read = read_event(event("message.received", data))
    assert isinstance(read, MessageEvent)
    assert (read.sent_at, read.sender_handle, read.parts, read.effect, read.reply_to) == (None, None, [], None, None)
    assert (read.is_group, read.owner_handle, read.health_status) == (None, None, None)


def test_a_failure_says_what_happened() -> None:
    data = {
        "message_id": MESSAGE_ID,
        "chat_id": CHAT_ID,
        "code": 4005,
        "reason": "Message delivery failed",
        "failed_at": "2026-11-02T09:00:06Z",
        "service": "iMessage",
    }
    assert read_event(event("message.failed", data)) == FailedEvent(
        message_id=MESSAGE_ID,
        chat_id=CHAT_ID,
        code=4005,
        reason="Message delivery failed",
        sentence="The recipient cannot receive this kind of message.",
        failed_at=moment(6),
        service="iMessage",
        trace_id=TRACE_ID,
    )
    unknown = read_event(event("message.failed", {"message_id": MESSAGE_ID, "code": 4999}))
    assert isinstance(unknown, FailedEvent)
    assert unknown.sentence == "The message could not be delivered."


def test_an_edit() -> None:
    data = {
        "id": MESSAGE_ID,
        "chat": {"id": CHAT_ID, "is_group": False, "owner_handle": LINE, "health_status": HEALTH},
        "direction": "inbound",
        "sender_handle": ANN,
        "part": {"index": 1, "text": "Better"},
        "edited_at": "2026-11-02T09:00:07Z",
    }
    assert read_event(event("message.edited", data)) == EditedEvent(
        message_id=MESSAGE_ID,
        chat_id=CHAT_ID,
        part_index=1,
        text="Better",
        direction="inbound",
        zero_retention=False,
        edited_at=moment(7),
        health_status=HEALTHY,
    )


@pytest.mark.parametrize(("name", "added"), [("reaction.added", True), ("reaction.removed", False)])
def test_a_reaction(name: str, added: bool) -> None:
    data = {
        "chat_id": CHAT_ID,
        "message_id": MESSAGE_ID,
        "part_index": 1,
        "reaction_type": "custom",
        "custom_emoji": "🦊",
        "is_from_me": False,
        "from": "+12025550123",
        "from_handle": ANN,
        "reaction_id": "r1",
        "service": "iMessage",
        "reacted_at": "2026-11-02T09:00:08Z",
        "sticker": None,
    }
    assert read_event(event(name, data)) == ReactionEvent(
        added=added,
        chat_id=CHAT_ID,
        message_id=MESSAGE_ID,
        part_index=1,
        type="custom",
        custom_emoji="🦊",
        sticker=None,
        is_from_me=False,
        handle="+12025550123",
        reaction_id="r1",
        reacted_at=moment(8),
    )


@pytest.mark.parametrize(
    ("name", "field", "added"), [("participant.added", "added_at", True), ("participant.removed", "removed_at", False)]
)
def test_a_participant_who_comes_or_goes(name: str, field: str, added: bool) -> None:
    data = {
        "chat_id": CHAT_ID,
        "handle": "+12025550123",
        "participant": ANN,
        field: "2026-11-02T09:00:08Z",
    }
    assert read_event(event(name, data)) == ParticipantEvent(
        added=added,
        chat_id=CHAT_ID,
        handle="+12025550123",
        participant=ChatHandle.from_json(ANN),
        changed_at=moment(8),
    )
    bare = read_event(event(name, {**data, "participant": None}))
    assert isinstance(bare, ParticipantEvent)
    assert (bare.handle, bare.participant) == ("+12025550123", None)


def test_a_new_chat() -> None:
    read = read_event(event("chat.created", samples.CHAT))
    assert isinstance(read, Chat)
    assert read == Chat.from_json(samples.CHAT)


@pytest.mark.parametrize("field", ["name", "icon"])
def test_a_new_name_or_icon(field: str) -> None:
    data = {
        "chat_id": CHAT_ID,
        "old_value": None,
        "new_value": "Crew",
        "changed_by_handle": ANN,
        "updated_at": "2026-11-02T09:00:08Z",
    }
    assert read_event(event(f"chat.group_{field}_updated", data)) == GroupChangedEvent(
        chat_id=CHAT_ID,
        field=field,
        old_value=None,
        new_value="Crew",
        changed_by="+12025550123",
        updated_at=moment(8),
    )


@pytest.mark.parametrize("field", ["name", "icon"])
def test_a_name_or_icon_that_was_not_changed(field: str) -> None:
    data = {"chat_id": CHAT_ID, "error_code": 4001, "failed_at": "2026-11-02T09:00:08Z"}
    assert read_event(event(f"chat.group_{field}_update_failed", data)) == GroupChangeFailedEvent(
        chat_id=CHAT_ID,
        field=field,
        code=4001,
        sentence=f"The group's {field} was not changed. Delivery failed.",
        failed_at=moment(8),
        trace_id=TRACE_ID,
    )


@pytest.mark.parametrize(("name", "started"), [("started", True), ("stopped", False)])
def test_typing(name: str, started: bool) -> None:
    read = event(f"chat.typing_indicator.{name}", {"chat_id": CHAT_ID, "actor_handle": ANN})
    assert read_event(read) == TypingEvent(started, CHAT_ID, "+12025550123")
    assert read_event(event(f"chat.typing_indicator.{name}", {"chat_id": CHAT_ID})) == TypingEvent(
        started, CHAT_ID, None
    )


def test_a_line_that_changes_its_status() -> None:
    data = {
        "phone_number": "+12025550100",
        "previous_status": "ACTIVE",
        "new_status": "FLAGGED",
        "previous_reputation": "HEALTHY",
        "new_reputation": "CRITICAL",
        "changed_at": "2026-11-02T09:00:08Z",
    }
    assert read_event(event("phone_number.status_updated", data)) == LineStatusEvent(
        phone_number="+12025550100",
        previous_status="ACTIVE",
        new_status="FLAGGED",
        previous_reputation="HEALTHY",
        new_reputation="CRITICAL",
        changed_at=moment(8),
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "chat", "chat_id", "message", "message_id", "parts", "part", "sender_handle", "handle", "effect"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(st.sampled_from(sorted(EVENT_TYPES)), st.dictionaries(st.text(max_size=8), JSON, max_size=4) | JSON)
def test_any_data_is_read_or_unreadable(event_type: str, data: object) -> None:
    envelope = Envelope(EVENT_ID, event_type, "2026-02-03", None, None, data if isinstance(data, dict) else {})
    try:
        read_event(envelope)
    except Unreadable as unreadable:
        told = str(unreadable)
    else:
        told = "Read."
    assert told.endswith(".")
