"""The `data` of every event that the sandbox sends (linq-v3, 4.5).

`DATA` is for the version 2026-02-03, `DATA_2025` for the few that were different before. What is not here the sandbox
has no reason to send: calls, payments, connections, environments, tokens and members of a team.
"""

from __future__ import annotations

from typing import Any

from chats.v3.envelope import EVENT_TYPES
from chats.v3.limits import TAPBACKS
from sandbox.schema.account_answers import REPUTATION
from sandbox.schema.answers import COMPONENTS, EFFECT, HEALTH_STATUS, REPLY_TO
from sandbox.schema.kinds import (
    BOOL,
    COUNT,
    HANDLE,
    PHONE_NUMBER,
    SERVICE,
    TEXT,
    TIME,
    UUID,
    WEB_ADDRESS,
    Schema,
    always,
    exactly,
    many,
    nullable,
    one_of,
    ref,
    text,
)

NULL: Schema = {"type": "null"}
HANDLE_OF = ref("ChatHandle")
DIRECTION = one_of("inbound", "outbound")
KEY = nullable(text(least=1, most=255))
STAGES = {
    "sent": ("sent_at",),
    "delivered": ("sent_at", "delivered_at"),
    "read": ("sent_at", "delivered_at", "read_at"),
}
MOMENTS = STAGES["read"]


def _without_reactions(part: str) -> Schema:
    schema: Schema = COMPONENTS[part]
    kept = {name: each for name, each in schema["properties"].items() if name != "reactions"}
    return exactly(kept)


_parts = many({"oneOf": [_without_reactions(part) for part in ("TextPart", "MediaPart", "LinkPart")]}, least=1)
_chat = {"id": UUID, "is_group": BOOL, "owner_handle": HANDLE_OF}
_chat_with_health = exactly({**_chat, "health_status": HEALTH_STATUS})
_poll_head = {
    "message_id": UUID,
    "chat": exactly(_chat),
    "direction": DIRECTION,
    "sender_handle": HANDLE_OF,
    "service": SERVICE,
}
_poll: Schema = COMPONENTS["Poll"]["properties"]["poll"]
_poll_body = {**_poll_head, "poll": _poll, "created_at": TIME, "updated_at": TIME}
_one_poll_option = {**_poll_head, "option_id": UUID}


def _moments(stage: str) -> dict[str, Schema]:
    """The moments that a stage names; what comes later is null."""
    return {name: TIME if name in STAGES[stage] else NULL for name in MOMENTS}


def _message(stage: str) -> Schema:
    # What came in is told once: it was sent, and no more is said.
    moments = _moments("sent" if stage == "received" else stage)
    return exactly(
        {
            "id": UUID,
            "chat": _chat_with_health,
            "direction": always("inbound" if stage == "received" else "outbound"),
            "sender_handle": HANDLE_OF,
            "parts": _parts,
            "service": SERVICE,
            "preferred_service": nullable(SERVICE),
            **moments,
            "effect": EFFECT,
            "reply_to": REPLY_TO,
            "idempotency_key": KEY,
        }
    )


def _message_2025(stage: str) -> Schema:
    more = {"message_id": UUID, f"{stage}_at": TIME} if stage in {"delivered", "read"} else {}
    message = {
        "id": UUID,
        "created_at": TIME,
        "updated_at": TIME,
        "parts": _parts,
        "effect": EFFECT,
        "reply_to": REPLY_TO,
        "sent_at": nullable(TIME),
        "delivered_at": nullable(TIME),
        "read_at": nullable(TIME),
        "is_delivered": BOOL,
        "is_read": BOOL,
    }
    return exactly(
        {
            "chat_id": UUID,
            "from": HANDLE,
            "from_handle": HANDLE_OF,
            "is_from_me": always(stage != "received"),
            "is_group": BOOL,
            "idempotency_key": KEY,
            "message": exactly(message),
            "preferred_service": nullable(SERVICE),
            "received_at": nullable(TIME),
            "recipient_handle": nullable(HANDLE),
            "recipient_phone": nullable(HANDLE),
            "service": SERVICE,
            **more,
        }
    )


_reaction: Schema = exactly(
    {
        "chat_id": UUID,
        "message_id": UUID,
        "part_index": COUNT,
        "reaction_type": one_of(*TAPBACKS, "custom", "sticker"),
        "custom_emoji": nullable(text(least=1)),
        "is_from_me": BOOL,
        "from": HANDLE,
        "from_handle": HANDLE_OF,
        "reaction_id": UUID,
        "service": SERVICE,
        "reacted_at": TIME,
        "sticker": COMPONENTS["Reaction"]["properties"]["sticker"],
    }
)
_member = {"chat_id": UUID, "handle": HANDLE, "participant": HANDLE_OF}
_renamed = exactly(
    {
        "chat_id": UUID,
        "old_value": nullable(TEXT),
        "new_value": nullable(TEXT),
        "changed_by_handle": nullable(HANDLE_OF),
        "updated_at": TIME,
    }
)
_typing = exactly({"chat_id": UUID, "actor_handle": HANDLE_OF})
_number = exactly({"phone_number": PHONE_NUMBER, "changed_at": TIME})
_location = {"shared_by": HANDLE, "shared_with": PHONE_NUMBER, "began_at": TIME, "chat_id": nullable(UUID)}
_background = exactly(
    {
        "type": one_of("color", "dynamic", "photo"),
        "variant": nullable(TEXT),
        "style": nullable(TEXT),
        "shades": nullable(many(TEXT, least=2, most=2)),
        "image_url": nullable(WEB_ADDRESS),
    }
)


def _refused(*codes: int) -> Schema:
    return exactly({"chat_id": UUID, "error_code": {"type": "integer", "enum": list(codes)}, "failed_at": TIME})


def _change(value: Schema) -> Schema:
    return exactly({"from": value, "to": value})


def _account(about: dict[str, Schema]) -> Schema:
    """An account event about something (linq-v3, 4.5)."""
    return exactly(
        {
            "summary": text(least=1),
            "occurred_at": TIME,
            "actor": exactly({"type": one_of("team_member", "api", "system", "unknown")}),
            "origin": one_of("dashboard", "api", "linq"),
            **about,
        }
    )


_card = exactly(
    {
        "id": UUID,
        "first_name": text(least=1),
        "last_name": nullable(text(least=1)),
        "image_url": nullable(WEB_ADDRESS),
    }
)
_of_card = {"phone_number": PHONE_NUMBER, "contact_card": _card}
_named_change = _change(nullable(TEXT))
_card_change: Schema = {
    "type": "object",
    "properties": dict.fromkeys(("first_name", "last_name", "image_url"), _named_change),
    "additionalProperties": False,
    "minProperties": 1,
}
_subscription = {"id": UUID, "target_url": WEB_ADDRESS}
_of_subscription = {"webhook_subscription": exactly(_subscription)}
_events = many(one_of(*sorted(EVENT_TYPES)), least=1)
_routing = nullable(exactly({"routing_key_header": text(least=1), "routing_id_header": nullable(text(least=1))}))


def _changed_subscription(value: Schema) -> Schema:
    return _account({**_of_subscription, "change": _change(value)})


DATA: dict[str, Any] = {
    **{f"message.{stage}": _message(stage) for stage in ("sent", "received", "delivered", "read")},
    "message.failed": exactly(
        {
            "message_id": UUID,
            "chat_id": UUID,
            "code": {"type": "integer", "enum": [3007, 4001, 4002, 4005, 4006, 4007, 4008]},
            "reason": text(least=1),
            "failed_at": TIME,
            "service": nullable(SERVICE),
            "preferred_service": nullable(SERVICE),
        }
    ),
    "message.edited": exactly(
        {
            "id": UUID,
            "chat": _chat_with_health,
            "direction": DIRECTION,
            "sender_handle": HANDLE_OF,
            "part": exactly({"index": COUNT, "text": text(least=1, most=10_000)}),
            "edited_at": TIME,
        }
    ),
    "reaction.added": _reaction,
    "reaction.removed": _reaction,
    **{f"poll.{stage}": exactly({**_poll_body, **_moments(stage)}) for stage in STAGES},
    "poll.received": exactly({**_poll_body, "received_at": TIME}),
    "poll.failed": exactly(
        {
            **_poll_head,
            "poll": _poll,
            "error": exactly({"code": {"type": "integer"}, "message": text(least=1)}),
            "failed_at": TIME,
        }
    ),
    "poll.updated": exactly({**_poll_head, "added_options": {**_poll["properties"]["options"], "minItems": 1}}),
    "poll.vote.added": exactly(_one_poll_option),
    "poll.vote.removed": exactly(_one_poll_option),
    "poll.reaction.added": _reaction,
    "participant.added": exactly({**_member, "added_at": TIME}),
    "participant.removed": exactly({**_member, "removed_at": TIME}),
    "chat.created": exactly(
        {
            name: schema
            for name, schema in COMPONENTS["Chat"]["properties"].items()
            if name not in {"is_archived", "group_chat_icon"}
        }
    ),
    "chat.group_name_updated": _renamed,
    "chat.group_icon_updated": _renamed,
    "chat.group_name_update_failed": _refused(3007, 4001),
    "chat.group_icon_update_failed": _refused(3007, 4001),
    "chat.background_updated": exactly(
        {"chat": exactly(_chat), "actor_handle": HANDLE_OF, "background": nullable(_background)}
    ),
    "chat.background_update_failed": _refused(1005, 2011, 4001, 5002),
    "chat.typing_indicator.started": _typing,
    "chat.typing_indicator.stopped": _typing,
    "phone_number.status_updated": exactly(
        {
            "phone_number": PHONE_NUMBER,
            "previous_status": one_of("ACTIVE", "FLAGGED"),
            "new_status": one_of("ACTIVE", "FLAGGED"),
            "previous_reputation": REPUTATION,
            "new_reputation": REPUTATION,
            "changed_at": TIME,
        }
    ),
    "phone_number.assigned": _number,
    "phone_number.released": _number,
    "phone_number.forwarding_updated": _account(
        {"phone_number": PHONE_NUMBER, "change": _change(nullable(PHONE_NUMBER))}
    ),
    "location.sharing.started": exactly({**_location, "ends_at": nullable(TIME)}),
    "location.sharing.stopped": exactly({**_location, "ended_at": TIME}),
    "contact_card.received": exactly(
        {
            "owner_handle": PHONE_NUMBER,
            "sender_handle": HANDLE,
            "first_name": TEXT,
            "last_name": TEXT,
            "media_url": nullable(WEB_ADDRESS),
        }
    ),
    "contact_card.created": _account(_of_card),
    "contact_card.deleted": _account(_of_card),
    "contact_card.updated": _account({**_of_card, "change": _card_change}),
    "webhook_subscription.created": _account({"webhook_subscription": exactly({**_subscription, "events": _events})}),
    "webhook_subscription.deleted": _account(_of_subscription),
    "webhook_subscription.enabled": _account(_of_subscription),
    "webhook_subscription.disabled": _account(_of_subscription),
    "webhook_subscription.target_url_changed": _changed_subscription(WEB_ADDRESS),
    "webhook_subscription.events.updated": _changed_subscription(_events),
    "webhook_subscription.phone_numbers.updated": _changed_subscription(nullable(many(PHONE_NUMBER, least=1))),
    "webhook_subscription.routing_headers_set": _changed_subscription(_routing),
    "webhook_subscription.routing_headers_cleared": _changed_subscription(_routing),
}
DATA_2025: dict[str, Any] = {
    f"message.{stage}": _message_2025(stage) for stage in ("sent", "received", "delivered", "read")
}
# Only ever sent in the newer version (linq-v3, 4.3).
NEWER_ONLY = frozenset({"message.edited"})
