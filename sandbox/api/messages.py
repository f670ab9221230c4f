"""Messages: send into a chat, list, retrieve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q
from rest_framework.request import Request
from rest_framework.response import Response

from sandbox.api import answers, base, sending, shapes
from sandbox.api.chats import find_chat
from sandbox.api.errors import ApiError
from sandbox.api.own_handle import own_handle_with_chat
from sandbox.models import Message, Reaction


class ChatMessages(base.ApiView):
    """GET and POST /v3/chats/{chatId}/messages."""

    def get(self, request: Request, chat_id: str) -> Response:
        """The messages of a chat, newest first (Assumption 8.2 4)."""
        chat = find_chat(chat_id)
        limit = base.whole_number(request, "limit", default=50, most=100)
        rows = Message.objects.filter(chat=chat)
        cursor = base.read_cursor(request)
        if cursor:
            rows = rows.filter(Q(created_at=cursor[0], id__lt=cursor[1]) | Q(created_at__lt=cursor[0]))
        page = list(rows.select_related("sender").order_by("-created_at", "-id")[: limit + 1])
        more, page = len(page) > limit, page[:limit]
        return Response(
            {
                "messages": with_reactions(page),
                "next_cursor": base.write_cursor(page[-1].created_at, page[-1].id) if more else None,
            }
        )

    def post(self, request: Request, chat_id: str) -> Response:
        """Send into a chat: 202, and the message goes on its way."""
        chat_uuid = base.identifier(chat_id, "chatId")
        body = base.json_object(request)
        message = sending.message_of(body)
        override = base.boolean(body, "override_optout")
        key = answers.key_of(request, message)

        def act() -> answers.Outcome:
            me = own_handle_with_chat(chat_uuid)
            chat = me.chat
            handles = None
            if chat.is_group:
                handles = list(chat.participants.filter(status="active").values_list("handle", flat=True))
            sending.check_content(message, opens_chat=False, is_group=chat.is_group, participants=handles)
            sending.check_may_send(request, chat, override_optout=override)
            row = sending.take(request, chat, me, message, key)
            return answers.Outcome(202, {"chat_id": str(chat.id), "message": sending.sent_shape(row, me)})

        return answers.once("messages", key, act)


class OneMessage(base.ApiView):
    """GET /v3/messages/{messageId}."""

    def get(self, request: Request, message_id: str) -> Response:
        """One message."""
        row = Message.objects.select_related("sender").filter(id=base.identifier(message_id, "messageId")).first()
        if row is None:
            raise ApiError(2002, "Message not found")
        return Response(with_reactions([row])[0])


def with_reactions(rows: Sequence[Message]) -> list[dict[str, Any]]:
    """Messages in the API's shape, each part with who reacted to it."""
    found: dict[UUID, list[Reaction]] = {}
    for reaction in Reaction.objects.filter(message__in=rows).select_related("participant").order_by("created_at"):
        found.setdefault(reaction.message_id, []).append(reaction)
    return [shapes.message(row, row.sender, found.get(row.id, [])) for row in rows]
