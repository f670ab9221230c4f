"""Voice memos."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response

from chats.v3.card_rules import is_url
from chats.v3.content import MAX_URL_MEDIA_BYTES
from chats.v3.times import format_time
from sandbox import file_types, files
from sandbox.api import base, parts, sending, shapes
from sandbox.api.errors import ApiError
from sandbox.api.own_handle import own_handle_with_chat
from sandbox.models import Message, Participant


class VoiceMemos(base.ApiView):
    """POST /v3/chats/{chatId}/voicememo."""

    def post(self, request: Request, chat_id: str) -> Response:
        """Send a sound file to be played in place: 202. What becomes of it is told by the usual message events."""
        chat_uuid = base.identifier(chat_id, "chatId")
        body = base.json_object(request)
        override = base.boolean(body, "override_optout")
        given = [name for name in ("voice_memo_url", "attachment_id") if body.get(name) is not None]
        if len(given) != 1:
            raise ApiError(1004 if given else 1001, "Exactly one of voice_memo_url and attachment_id is required")
        with transaction.atomic():
            me = own_handle_with_chat(chat_uuid)
            part = _part(body)
            sending.check_may_send(request, me.chat, override_optout=override)
            row = sending.accept(request, me.chat, me, [part], kind="memo")
        return Response({"voice_memo": _shape(row, me, part)}, status=202)


def _part(body: Mapping[str, Any]) -> dict[str, Any]:
    """The media part of a memo; its type is an audio type, also where a bare address does not say so."""
    url, attachment_id = body.get("voice_memo_url"), body.get("attachment_id")
    own = files.identifier_in(url) if isinstance(url, str) else None
    if own is not None:
        return _sound(files.part_of(files.complete(own)))
    if url is not None:
        if not isinstance(url, str) or not is_url(url, "https"):
            raise ApiError(1005, "voice_memo_url must be a public https address")
        part = parts.media(url=url, attachment_id=None, too_large=_too_large())
        if part["mime_type"] == "application/octet-stream":
            part["mime_type"] = "audio/x-m4a"  # Assumption (8.2): taken at its word, as every address is
        return _sound(part)
    if not isinstance(attachment_id, str):
        raise ApiError(1003, "attachment_id must be a string")
    return _sound(files.part_of(files.complete(base.identifier(attachment_id, "attachment_id"))))


def _sound(part: dict[str, Any]) -> dict[str, Any]:
    if part["mime_type"] not in file_types.VOICE_MEMO_TYPES:
        raise ApiError(5004, "A voice memo must be MP3, M4A, AAC, CAF, WAV, AIFF or AMR")
    # Assumption (8.2): the bound that is documented for a URL holds for an attachment as well.
    if part["size_bytes"] > MAX_URL_MEDIA_BYTES:
        raise _too_large()
    return part


def _too_large() -> ApiError:
    return ApiError(5001, "Voice memo file too large - maximum size is 10MB", status=413)


def _shape(row: Message, me: Participant, part: Mapping[str, Any]) -> dict[str, Any]:
    chat = me.chat
    members = list(chat.participants.order_by("-is_me", "joined_at", "handle"))
    return {
        "id": str(row.id),
        "chat": {
            "id": str(chat.id),
            "handles": [shapes.handle(each, chat.line.line_type) for each in members],
            "is_active": chat.left_at is None,
            "is_group": chat.is_group,
            "service": chat.service,
        },
        "created_at": format_time(row.created_at),
        "from": me.handle,
        "to": [each.handle for each in members if not each.is_me and each.status == "active"],
        "status": row.delivery_status,
        "service": row.service,
        "voice_memo": {
            "id": part["id"],
            "filename": part["filename"],
            "mime_type": part["mime_type"],
            "size_bytes": part["size_bytes"],
            "url": files.absolute(part["url"]),
            # Nobody listens to it here.
            "duration_ms": None,
        },
    }
