"""What the remote answers, in the shapes of its documentation."""

from __future__ import annotations

CHAT_ID = "550e8400-e29b-41d4-a716-446655440000"
MESSAGE_ID = "69a37c7d-af4f-4b5e-af42-e28e98ce873a"
FILE_ID = "abc12345-1234-5678-9abc-def012345678"
SUBSCRIPTION_ID = "b2c3d4e5-f6a7-8901-bcde-f23456789012"
LINE_ID = "0d2b6a44-8e0c-4c65-9b35-6b6a0f3e7a11"
AUDIT_ID = "4b8c1f0e-52d7-4c2e-9a54-0ad0a5f4b001"
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"

LINE = {
    "id": "6f1c2a34-0000-4000-8000-000000000001",
    "handle": "+12025550100",
    "joined_at": "2026-10-01T08:00:00Z",
    "service": "iMessage",
    "is_me": True,
    "left_at": None,
    "status": "active",
    "line_type": "iMessage",
}
ANN = {
    "id": "6f1c2a34-0000-4000-8000-000000000002",
    "handle": "+12025550123",
    "joined_at": "2026-10-01T08:00:00.123456789Z",
    "service": "iMessage",
    "is_me": False,
    "left_at": None,
    "status": "active",
}
HEALTH = {
    "status": "HEALTHY",
    "doc_url": "https://docs.linqapp.com/channel/imessage/guides/chats/chat-health#healthy",
    "updated_at": "2026-10-02T09:00:00.5Z",
}
CHAT = {
    "id": CHAT_ID,
    "created_at": "2026-10-01T08:00:00Z",
    "updated_at": "2026-10-02T09:00:00.250Z",
    "display_name": "+12025550123",
    "handles": [LINE, ANN],
    "health_status": HEALTH,
    "is_archived": False,
    "is_group": False,
    "group_chat_icon": None,
    "service": "iMessage",
}
SENT = {
    "id": MESSAGE_ID,
    "created_at": "2026-10-02T09:00:00Z",
    "delivery_status": "pending",
    "is_read": False,
    "parts": [{"type": "text", "value": "Hello", "text_decorations": None, "reactions": None}],
    "sent_at": None,
    "delivered_at": None,
    "effect": None,
    "from_handle": LINE,
    "preferred_service": None,
    "reply_to": None,
    "service": None,
}
MESSAGE = {
    **SENT,
    "chat_id": CHAT_ID,
    "updated_at": "2026-10-02T09:00:05Z",
    "delivery_status": "delivered",
    "is_delivered": True,
    "is_from_me": True,
    "sent_at": "2026-10-02T09:00:01Z",
    "delivered_at": "2026-10-02T09:00:02.5Z",
    "read_at": None,
    "service": "iMessage",
    "effect": {"name": "confetti", "type": "screen"},
    "reply_to": {"message_id": MESSAGE_ID, "part_index": 1},
    "parts": [
        {
            "type": "text",
            "value": "Hello",
            "text_decorations": None,
            "reactions": [{"id": "r1", "type": "love", "handle": ANN, "is_me": False, "custom_emoji": None}],
        }
    ],
}
ACCEPTED = {"message": "Reaction processed", "status": "accepted", "trace_id": TRACE_ID}
SUBSCRIPTION = {
    "id": SUBSCRIPTION_ID,
    "target_url": "https://console.example.com/hook?version=2026-02-03",
    "subscribed_events": ["message.sent", "message.received"],
    "phone_numbers": None,
    "is_active": True,
    "created_at": "2026-10-01T08:00:00Z",
    "updated_at": "2026-10-01T08:00:00Z",
    "routing_key_header": None,
    "routing_id_header": None,
}
CARD = {
    "phone_number": "+12025550100",
    "first_name": "Harbor",
    "last_name": "Desk",
    "image_url": None,
    "is_active": True,
}
VOICE_MEMO = {
    "voice_memo": {
        "id": MESSAGE_ID,
        "chat": {"id": CHAT_ID, "handles": [LINE, ANN], "is_active": True, "is_group": False, "service": "iMessage"},
        "created_at": "2026-10-02T09:00:00Z",
        "from": "+12025550100",
        "to": ["+12025550123"],
        "status": "queued",
        "service": None,
        "voice_memo": {
            "id": FILE_ID,
            "filename": "memo.m4a",
            "mime_type": "audio/x-m4a",
            "size_bytes": 1024,
            "url": "https://cdn.linqapp.com/memo.m4a",
            "duration_ms": 900,
        },
    }
}
ROUTED = {
    "chat_id": CHAT_ID,
    "created_new_chat": False,
    "from": "+12025550100",
    "from_selection": {"reason": "reused_active_chat", "reused_existing_chat": True},
    "handles": [LINE, ANN],
    "is_group": False,
    "message": SENT,
    "service": "iMessage",
    "previous_chat_id": None,
}
SLOT = {
    "attachment_id": FILE_ID,
    "upload_url": "https://storage.example.com/put?signature=abc",
    "expires_at": "2026-10-02T09:15:00Z",
    "http_method": "PUT",
    "required_headers": {"Content-Type": "image/png"},
    "download_url": "https://cdn.linqapp.com/attachments/partners/p/a/cat.png",
}
ATTACHMENT = {
    "id": FILE_ID,
    "filename": "cat.png",
    "content_type": "image/png",
    "size_bytes": 4,
    "status": "complete",
    "created_at": "2026-10-02T09:00:00Z",
    "download_url": "https://cdn.linqapp.com/attachments/partners/p/a/cat.png",
}
