"""What the API answers about chats and messages, as components (linq-v3, 1.1 to 1.7).

Every object is closed: a property that is not named here is a mistake, and so is one that is missing.
"""

from __future__ import annotations

from typing import Any

from chats.v3.limits import ANIMATIONS, STYLES, TAPBACKS
from sandbox.schema.kinds import (
    BOOL,
    COUNT,
    HANDLE,
    LINE_TYPE,
    PHONE_NUMBER,
    RANGE,
    SERVICE,
    TEXT,
    TIME,
    TRACE,
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

HEALTH_DOC = (
    r"^https://docs\.linqapp\.com/channel/imessage/guides/chats/chat-health#(healthy|at-risk|critical|opted-out)$"
)
DELIVERY = one_of("pending", "queued", "sent", "delivered", "received", "read", "failed")


def page(name: str, item: Schema) -> Schema:
    """One page of a list, with the cursor of the next; null at the end."""
    return exactly({name: many(item), "next_cursor": nullable(text(least=1))})


def accepted(message: str) -> Schema:
    """The answer that only says that something will be done."""
    return exactly({"message": always(message), "status": always("accepted"), "trace_id": TRACE})


_handle = exactly(
    {
        "id": UUID,
        "handle": HANDLE,
        "joined_at": TIME,
        "service": SERVICE,
        "is_me": BOOL,
        "left_at": nullable(TIME),
        "status": one_of("active", "left", "removed"),
    },
    {"line_type": LINE_TYPE},
) | {
    # only our own lines have a type
    "if": {"properties": {"is_me": {"const": True}}},
    "then": {"required": ["line_type"]},
    "else": {"properties": {"line_type": False}},
}

HEALTH_STATUS = exactly(
    {
        "status": one_of("HEALTHY", "AT_RISK", "CRITICAL", "OPTED_OUT"),
        "doc_url": text(pattern=HEALTH_DOC),
        "updated_at": TIME,
    }
)
_health_score = exactly(
    {"score": {"type": "integer", "minimum": 0, "maximum": 100}, "reason": TEXT, "updated_at": TIME}
)

_chat_head: dict[str, Schema] = {
    "id": UUID,
    "display_name": nullable(TEXT),
    "handles": many(ref("ChatHandle"), least=2),
    "health_status": HEALTH_STATUS,
    "health_score": _health_score,
    "is_group": BOOL,
}

EFFECT = nullable(exactly({"name": text(least=1), "type": one_of("screen", "bubble")}))
REPLY_TO = nullable(exactly({"message_id": UUID, "part_index": COUNT}))

_message_middle: dict[str, Schema] = {
    "id": UUID,
    "created_at": TIME,
    "delivery_status": DELIVERY,
    "is_read": BOOL,
    "from_handle": ref("ChatHandle"),
    "parts": many(ref("Part"), most=100),
    "sent_at": nullable(TIME),
    "delivered_at": nullable(TIME),
    "effect": EFFECT,
    "reply_to": REPLY_TO,
    "preferred_service": nullable(SERVICE),
    "service": nullable(SERVICE),
}

_reactions = nullable(many(ref("Reaction"), least=1))
_decoration = exactly(
    {"range": RANGE}, {"style": nullable(one_of(*STYLES)), "animation": nullable(one_of(*ANIMATIONS))}
)

COMPONENTS: dict[str, Any] = {
    "ChatHandle": _handle,
    "Chat": exactly(
        {
            **_chat_head,
            "created_at": TIME,
            "updated_at": TIME,
            "is_archived": always(False),
            "group_chat_icon": nullable(WEB_ADDRESS),
            "service": nullable(SERVICE),
        }
    ),
    "CreatedChat": exactly({**_chat_head, "service": nullable(SERVICE), "message": ref("SentMessage")}),
    "SentMessage": exactly(_message_middle),
    "Message": exactly(
        {
            **_message_middle,
            "chat_id": UUID,
            "updated_at": TIME,
            "is_from_me": BOOL,
            "is_delivered": BOOL,
            "from": HANDLE,
            "read_at": nullable(TIME),
        },
        {"reconciled_at": TIME},
    ),
    "Part": {"oneOf": [ref("TextPart"), ref("MediaPart"), ref("LinkPart")]},
    "TextPart": exactly(
        {
            "type": always("text"),
            "value": text(least=1, most=10_000),
            "text_decorations": nullable(many(_decoration, most=100)),
            "inline_stickers": nullable(
                many(exactly({"range": RANGE, "id": TEXT, "file_name": TEXT, "mime_type": TEXT, "url": TEXT}), most=100)
            ),
            "mentions": nullable(many(exactly({"handle": HANDLE, "is_me": BOOL, "range": RANGE}), least=1)),
            "mention": nullable(HANDLE),
            "mention_range": nullable(RANGE),
            "reactions": _reactions,
        }
    ),
    "MediaPart": exactly(
        {
            "type": always("media"),
            # empty after the attachment was deleted
            "id": {"anyOf": [UUID, always("")]},
            "filename": text(least=1),
            "mime_type": text(pattern="^[a-z]+/[a-z0-9.+-]+$"),
            "size_bytes": COUNT,
            "url": {"anyOf": [WEB_ADDRESS, always("")]},
            "reactions": _reactions,
        }
    ),
    "LinkPart": exactly({"type": always("link"), "value": text(least=1, most=2_048), "reactions": _reactions}),
    "Reaction": exactly(
        {
            "id": UUID,
            "handle": ref("ChatHandle"),
            "is_me": BOOL,
            "type": one_of(*TAPBACKS, "custom", "sticker"),
            "custom_emoji": nullable(text(least=1)),
            "sticker": nullable(
                exactly(
                    {
                        "url": nullable(WEB_ADDRESS),
                        "file_name": text(least=1),
                        "mime_type": text(least=1),
                        "width": nullable(COUNT),
                        "height": nullable(COUNT),
                    }
                )
            ),
        }
    ),
    "Poll": exactly(
        {
            "chat_id": UUID,
            "message_id": UUID,
            "created_at": TIME,
            "updated_at": TIME,
            "poll": exactly(
                {
                    "options": many(
                        exactly(
                            {
                                "option_id": UUID,
                                "text": text(least=1),
                                "can_be_edited": BOOL,
                                "creator_handle": ref("ChatHandle"),
                                "voters": many(exactly({"handle": HANDLE, "voted_at": TIME})),
                            }
                        ),
                        least=2,
                    ),
                    "total_voters": COUNT,
                }
            ),
            "reactions": many(ref("Reaction")),
        }
    ),
    "VoiceMemo": exactly(
        {
            "id": UUID,
            "chat": exactly(
                {
                    "id": UUID,
                    "handles": many(ref("ChatHandle"), least=2),
                    "is_active": BOOL,
                    "is_group": BOOL,
                    "service": SERVICE,
                }
            ),
            "created_at": TIME,
            "from": PHONE_NUMBER,
            "to": many(HANDLE, least=1),
            "status": DELIVERY,
            "service": nullable(SERVICE),
            "voice_memo": exactly(
                {
                    "id": UUID,
                    "filename": text(least=1),
                    "mime_type": text(pattern="^audio/"),
                    "size_bytes": COUNT,
                    "url": WEB_ADDRESS,
                    "duration_ms": nullable(COUNT),
                }
            ),
        }
    ),
    "Feature": exactly(
        {
            "type": always("Feature"),
            "geometry": exactly({"type": always("Point"), "coordinates": many({"type": "number"}, least=2, most=3)}),
            "properties": exactly(
                {"handle": HANDLE},
                {"address": nullable(TEXT), "locality": nullable(TEXT), "updated_at": nullable(TIME)},
            ),
        }
    ),
}
