"""What the API takes in the bodies of requests, as components (linq-v3, section 3)."""

from __future__ import annotations

from typing import Any

from chats.v3.envelope import EVENT_TYPES
from chats.v3.limits import ANIMATIONS, ATTACHMENT_CONTENT_TYPES, STYLES, TAPBACKS
from sandbox.palette import COLORS, CUSTOM
from sandbox.palette import STYLES as BACKGROUNDS
from sandbox.schema.kinds import (
    BOOL,
    COUNT,
    HANDLE,
    PHONE_NUMBER,
    RANGE,
    SERVICE,
    TEXT,
    UUID,
    Schema,
    always,
    given,
    many,
    one_of,
    ref,
    text,
)

HTTPS = text(pattern=r"^https://[^\s]+$", most=2_048)
# a number, an e-mail address, a short code or the name of a sender
SENDER = text(least=1, most=254)
NUMBER: Schema = {"type": "number"}
KEY = text(least=1, most=255)

_decoration = {
    "oneOf": [
        given({"range": RANGE, "style": one_of(*STYLES)}),
        given({"range": RANGE, "animation": one_of(*ANIMATIONS)}),
    ]
}

_parts: list[Schema] = [
    given(
        {"type": always("text"), "value": text(least=1, most=10_000)},
        {
            "text_decorations": many(_decoration, most=100),
            "mention": HANDLE,
            "mention_range": RANGE,
            "inline_stickers": many(given({"range": RANGE}, {"url": TEXT, "attachment_id": TEXT}), most=100),
        },
    ),
    {
        "anyOf": [
            given({"type": always("media"), "url": HTTPS}, {"sticker": BOOL}, attachment_id={"type": "null"}),
            given({"type": always("media"), "attachment_id": UUID}, {"sticker": BOOL}, url={"type": "null"}),
        ]
    },
    given({"type": always("link"), "value": text(least=1, most=2_048)}),
    given(
        {
            "type": always("imessage_app"),
            "app": given(
                {
                    "name": text(least=1),
                    "team_id": text(pattern="^[A-Z0-9]{10}$"),
                    "bundle_id": text(pattern="^[^:]+$"),
                }
            ),
            "layout": given({"caption": text(least=1)}),
        },
    ),
    given({"type": always("app_clip"), "value": HTTPS}),
]


def _background() -> Schema:
    shade = text(pattern="^#[0-9A-Fa-f]{6}$")
    dynamic = [
        given({"type": always("dynamic"), "style": always(style), "variant": one_of(*variants)})
        for style, variants in BACKGROUNDS.items()
    ]
    return {
        "anyOf": [
            given({"type": always("color"), "variant": one_of(*COLORS)}),
            given({"type": always("color"), "shades": many(shade, least=2, most=2)}, {"variant": always(CUSTOM)}),
            *dynamic,
            given({"type": always("photo"), "image_url": HTTPS}),
        ]
    }


_subscription: dict[str, Schema] = {
    "target_url": text(pattern=r"^https?://[^\s]+$", most=2_048),
    "subscribed_events": many(one_of(*sorted(EVENT_TYPES)), least=1),
}
_subscription_options: dict[str, Schema] = {
    "phone_numbers": many(PHONE_NUMBER),
    "routing_key_header": text(pattern="^[A-Za-z0-9!#$%&'*+.^_`|~-]{0,100}$"),
    "routing_id_header": text(pattern="^[A-Za-z0-9!#$%&'*+.^_`|~-]{0,100}$"),
}

COMPONENTS: dict[str, Any] = {
    "MessageContent": given(
        {"parts": many({"anyOf": _parts}, least=1, most=100)},
        {
            "effect": given({"name": text(least=1), "type": one_of("screen", "bubble")}),
            "reply_to": given({"message_id": UUID}, {"part_index": COUNT}),
            "idempotency_key": KEY,
            "preferred_service": SERVICE,
        },
    ),
    "CreateChat": given(
        {"from": PHONE_NUMBER, "to": many(HANDLE, least=1, most=31), "message": ref("MessageContent")},
        override_optout=BOOL,
    ),
    "UpdateChat": given({}, {"display_name": text(most=255), "group_chat_icon": HTTPS}),
    "SendToChat": given({"message": ref("MessageContent")}, override_optout=BOOL),
    "Send": given(
        {"to": many(HANDLE, least=1, most=31), "message": ref("MessageContent")},
        {"continuation_message": given({"text": text(least=1, most=10_000)}), "exclude_from": many(PHONE_NUMBER)},
        override_optout=BOOL,
    ),
    "Edit": given({"text": text(least=1, most=10_000)}, part_index=COUNT),
    "React": given(
        {"operation": one_of("add", "remove"), "type": one_of(*TAPBACKS, "custom", "sticker")},
        {
            "custom_emoji": text(least=1, most=16),
            "emoji": text(least=1, most=16),
            "url": text(least=1, most=2_048),
            "attachment_id": UUID,
            "placement": ref("Placement"),
        },
        part_index=COUNT,
    ),
    "Placement": given(
        {},
        {
            "x": {"type": "number", "minimum": -1, "maximum": 1},
            "y": {"type": "number", "minimum": -1, "maximum": 1},
            "scale": NUMBER,
            "rotation": NUMBER,
        },
    ),
    "PlaceSticker": given({"placement": ref("Placement")}),
    "UpdateCard": given({"layout": {"type": "object"}}, {"url": text(most=16_384), "app": {"type": "object"}}),
    "PollOption": given({"text": text(least=1, most=255)}),
    "CreatePoll": given(
        {"poll": given({"options": many(ref("PollOption"), least=2, most=100)}, {"idempotency_key": KEY})}
    ),
    "AddOptions": given({"options": many(ref("PollOption"), least=1, most=100)}),
    "Vote": given({"operation": one_of("add", "remove"), "option_id": TEXT}),
    "Background": _background(),
    "SendVoiceMemo": {
        "anyOf": [
            given({"voice_memo_url": HTTPS}, attachment_id={"type": "null"}, override_optout=BOOL),
            given({"attachment_id": UUID}, voice_memo_url={"type": "null"}, override_optout=BOOL),
        ]
    },
    "Participant": given({"handle": HANDLE}),
    "Block": given({"handle": SENDER}, {"reason": text(most=500)}),
    "Unblock": given({"handle": SENDER}),
    "CreateAttachment": given(
        {
            "filename": text(least=1, most=255),
            "content_type": one_of(*sorted(ATTACHMENT_CONTENT_TYPES)),
            "size_bytes": {"type": "integer", "minimum": 1, "maximum": 104_857_600},
        }
    ),
    "Forwarding": given({"forwarding_number": {"anyOf": [PHONE_NUMBER, {"type": "null"}, always("")]}}),
    "CheckIMessage": given({"address": HANDLE}, {"from": PHONE_NUMBER}),
    "CheckRcs": given({"address": PHONE_NUMBER}, {"from": PHONE_NUMBER}),
    "CreateCard": given(
        {"phone_number": PHONE_NUMBER, "first_name": text(least=1, most=255)},
        {"last_name": text(most=255), "image_url": {"anyOf": [HTTPS, always("")]}},
    ),
    "UpdateCardOfLine": given(
        {},
        {
            "first_name": text(least=1, most=255),
            "last_name": text(most=255),
            "image_url": {"anyOf": [HTTPS, always("")]},
        },
    ),
    "Subscribe": given(_subscription, _subscription_options),
    "UpdateSubscription": given({}, _subscription_options, is_active=BOOL, **_subscription),
}
