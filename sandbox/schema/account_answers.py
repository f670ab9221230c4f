"""What the API answers about files, lines, cards, checks, the blocklist and webhooks (linq-v3, 1.4, 1.8 to 1.12)."""

from __future__ import annotations

from typing import Any

from chats.v3.envelope import EVENT_TYPES
from chats.v3.limits import ATTACHMENT_CONTENT_TYPES
from sandbox.schema.kinds import (
    BOOL,
    COUNT,
    HANDLE,
    LINE_TYPE,
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
    text,
)

REPUTATION_DOC = (
    r"^https://docs\.linqapp\.com/channel/imessage/guides/phone-numbers/phone-reputation#(healthy|at-risk|critical)$"
)
DRIVER = one_of(
    "low_engagement",
    "overall_conversation_health",
    "volume_spike",
    "new_conversation_rate",
    "opt_out_handling",
    "flagged",
    "other",
)
REPUTATION = one_of("HEALTHY", "AT_RISK", "CRITICAL")

_subscription: dict[str, Schema] = {
    "id": UUID,
    "target_url": WEB_ADDRESS,
    "subscribed_events": many(one_of(*sorted(EVENT_TYPES)), least=1),
    "phone_numbers": nullable(many(PHONE_NUMBER, least=1)),
    "is_active": BOOL,
    "created_at": TIME,
    "updated_at": TIME,
    "routing_key_header": nullable(text(least=1)),
    "routing_id_header": nullable(text(least=1)),
}

_report = exactly(
    {
        "severity": REPUTATION,
        "primary_driver": {"anyOf": [DRIVER, always("")]},
        "drivers": many(exactly({"key": DRIVER, "summary": text(least=1), "metric": TEXT})),
        "action_items": many(
            exactly(
                {
                    "priority": {"type": "integer", "minimum": 1},
                    "title": text(least=1),
                    "detail": text(least=1),
                    "expected_impact": one_of("high", "medium", "low"),
                }
            )
        ),
        "evidence": exactly(
            {
                "opt_out_chats": many(exactly({"chat_id": UUID, "messages_after_stop": COUNT}), most=15),
                "unhealthy_chats": many(
                    exactly(
                        {
                            "chat_id": UUID,
                            "status": one_of("AT_RISK", "CRITICAL", "OPTED_OUT"),
                            "driver_keys": many(DRIVER, least=1),
                        }
                    ),
                    most=15,
                ),
            }
        ),
        "summary_markdown": TEXT,
    }
)

COMPONENTS: dict[str, Any] = {
    "Attachment": exactly(
        {
            "id": UUID,
            "filename": text(least=1, most=255),
            "content_type": one_of(*sorted(ATTACHMENT_CONTENT_TYPES)),
            "size_bytes": {"type": "integer", "minimum": 1, "maximum": 104_857_600},
            "status": one_of("pending", "complete", "failed"),
            "created_at": TIME,
            "download_url": WEB_ADDRESS,
        }
    ),
    "UploadSlot": exactly(
        {
            "attachment_id": UUID,
            "upload_url": WEB_ADDRESS,
            "expires_at": TIME,
            "http_method": always("PUT"),
            "required_headers": {"type": "object", "additionalProperties": TEXT, "minProperties": 1},
            "download_url": WEB_ADDRESS,
        }
    ),
    "Line": exactly(
        {
            "id": UUID,
            "phone_number": PHONE_NUMBER,
            "reputation": exactly({"status": REPUTATION, "doc_url": text(pattern=REPUTATION_DOC)}),
            "forwarding_number": nullable(PHONE_NUMBER),
            "line_type": LINE_TYPE,
        }
    ),
    "Audit": {
        "oneOf": [
            exactly({"audit_id": UUID, "status": always("pending"), "phone": PHONE_NUMBER}),
            exactly(
                {
                    "audit_id": UUID,
                    "status": always("complete"),
                    "phone": PHONE_NUMBER,
                    "generated_at": TIME,
                    "report": _report,
                }
            ),
        ]
    },
    "ContactCard": exactly(
        {
            "phone_number": PHONE_NUMBER,
            "first_name": text(least=1),
            "last_name": nullable(text(least=1)),
            "image_url": nullable(WEB_ADDRESS),
            "is_active": BOOL,
        }
    ),
    "BlockedHandle": exactly({"handle": text(least=1), "blocked_at": TIME, "reason": nullable(text(least=1))}),
    "Capability": exactly(
        {"address": HANDLE, "available": BOOL},
        {"reason": always("not_supported"), "selected_service": SERVICE},
    ),
    "Subscription": exactly(_subscription),
    "NewSubscription": exactly({**_subscription, "signing_secret": text(pattern="^whsec_[A-Za-z0-9+/]{43}=$")}),
}
