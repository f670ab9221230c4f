"""Reactions to messages: tapbacks, emoji of one's own, stickers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from chats.v3.limits import TAPBACKS
from sandbox import files, reactions
from sandbox.api import base, placement, sending
from sandbox.api.errors import ApiError
from sandbox.api.messages import find_message
from sandbox.api.own_handle import own_handle_with_chat
from sandbox.api.parts import sticker_image
from sandbox.models import Chat, Message, Reaction

TYPES = (*TAPBACKS, "custom", "sticker")
STICKER_FIELDS = ("emoji", "url", "attachment_id")
LONGEST_EMOJI = 16


class Reactions(base.ApiView):
    """POST /v3/messages/{messageId}/reactions."""

    def post(self, request: Request, message_id: str) -> Response:
        """Add or remove a reaction of ours: 202, and it happens a moment later."""
        message = find_message(message_id, deleted=2015)
        body = base.json_object(request)
        operation, kind = _one_of(body, "operation", ("add", "remove")), _one_of(body, "type", TYPES)
        part_index = _part_index(body, message)
        what = _sticker(body, operation) if kind == "sticker" else _tapback(body, kind)
        me = own_handle_with_chat(message.chat_id)
        sending.check_open(me.chat)
        _check_service(me.chat, message, kind)
        if kind == "sticker":
            what["sticker"] = _with_file(what["sticker"])
        reactions.ask_for(operation, message, me, base.trace_id(request), part_index=part_index, type=kind, **what)
        return Response(base.accepted(request, "Reaction processed"), status=202)


class OneReaction(base.ApiView):
    """PATCH /v3/messages/{messageId}/reactions/{reactionId}."""

    def patch(self, request: Request, message_id: str, reaction_id: str) -> Response:
        """Move, resize or turn a sticker of ours. Assumption (8.2 1): 202."""
        message = find_message(message_id, deleted=2015)
        body = base.json_object(request)
        if body.get("placement") is None:
            raise ApiError(1001, "placement is required")
        found = Reaction.objects.select_related("participant").filter(message=message)
        row = found.filter(id=base.identifier(reaction_id, "reactionId")).first()
        if row is None:
            raise ApiError(2002, "Reaction not found")
        if row.placement is None:
            # Assumption (8.2 3): of the two codes a reaction that is no sticker may get, the one for a wrong value.
            raise ApiError(1005, "Only a sticker can be moved")
        if not row.participant.is_me:
            raise ApiError(2005, "Only your own stickers can be moved")
        row.placement = placement.read(body["placement"], row.placement)
        sending.check_open(own_handle_with_chat(message.chat_id).chat)
        row.save(update_fields=["placement"])
        return Response({"status": "accepted", "success": True, "trace_id": base.trace_id(request)}, status=202)


def _one_of(body: Mapping[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    value = body.get(name)
    if value is None:
        raise ApiError(1001, f"{name} is required")
    if value not in allowed:
        raise ApiError(1005, f"{name} must be one of {', '.join(allowed)}")
    return str(value)


def _part_index(body: Mapping[str, Any], message: Message) -> int:
    index = body.get("part_index", 0)
    if not isinstance(index, int) or isinstance(index, bool) or index < 0:
        raise ApiError(1005, "part_index must be a whole number from 0")
    if index >= len(message.parts):
        raise ApiError(1005, "The message has no such part")
    return index


def _tapback(body: Mapping[str, Any], kind: str) -> dict[str, Any]:
    alien = [name for name in (*STICKER_FIELDS, "placement") if body.get(name) is not None]
    if alien:
        raise ApiError(1004, f"{alien[0]} is for stickers only")
    emoji = body.get("custom_emoji")
    if kind != "custom":
        if emoji is not None:
            raise ApiError(1004, "custom_emoji is for the type custom only")
        return {"custom_emoji": None}
    if emoji is None:
        raise ApiError(1001, "custom_emoji is required")
    return {"custom_emoji": _emoji(emoji, "custom_emoji")}


def _sticker(body: Mapping[str, Any], operation: str) -> dict[str, Any]:
    if operation == "remove":
        raise ApiError(1004, "A sticker cannot be removed")
    if body.get("custom_emoji") is not None:
        raise ApiError(1004, "custom_emoji is for the type custom only")
    given = [name for name in STICKER_FIELDS if body.get(name) is not None]
    if len(given) != 1:
        raise ApiError(1004 if given else 1001, f"A sticker needs exactly one of {', '.join(STICKER_FIELDS)}")
    is_emoji = given == ["emoji"]
    where = placement.default(is_emoji=is_emoji)
    if body.get("placement") is not None:
        where = placement.read(body["placement"], where)
    if is_emoji:
        return {"sticker": {"emoji": _emoji(body["emoji"], "emoji")}, "placement": where}
    image = sticker_image(url=body.get("url"), attachment_id=body.get("attachment_id"))
    return {"sticker": {"attachment": image}, "placement": where}


def _with_file(sticker: Mapping[str, Any]) -> dict[str, Any]:
    """The sticker as it is kept. Raises `ApiError` for a picture that cannot be used."""
    if "emoji" in sticker:
        return {"url": None, "file_name": f"{sticker['emoji']}.png", "mime_type": "image/png"}
    row = files.complete(sticker["attachment"])
    if not row.content_type.startswith("image/"):
        raise ApiError(5004, "A sticker must be an image")
    return {"url": files.path_of(row), "file_name": row.filename, "mime_type": row.content_type}


def _emoji(value: object, name: str) -> str:
    """Assumption (8.2): an emoji is short, and at least one character of it is beyond the letters and signs."""
    if not isinstance(value, str) or not 1 <= len(value) <= LONGEST_EMOJI:
        raise ApiError(1005, f"{name} must be a single emoji")
    is_drawn = any(character > "\u203b" or character in "©®" for character in value)
    if not is_drawn or not base.is_clean(value) or any(each.isalpha() or each.isspace() for each in value):
        raise ApiError(1005, f"{name} must be a single emoji")
    return value


def _check_service(chat: Chat, message: Message, kind: str) -> None:
    """Tapbacks are on iMessage and RCS, stickers on iMessage only (linq-v3, 1.3)."""
    service = message.service or chat.service
    if service == "SMS" or (kind == "sticker" and service != "iMessage"):
        raise ApiError(2017, f"Reactions like this are not supported on {service}")
