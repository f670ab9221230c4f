"""Messages: send into a chat, list, retrieve, edit, delete, and follow a thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from rest_framework.request import Request
from rest_framework.response import Response

from sandbox import clock
from sandbox.api import answers, base, edits, intake, parts, shapes
from sandbox.api.chats import find_chat
from sandbox.api.errors import ApiError
from sandbox.api.threads import thread_of
from sandbox.models import Message, Reaction


class ChatMessages(base.ApiView):
    """GET and POST /v3/chats/{chatId}/messages."""

    def get(self, request: Request, chat_id: str) -> Response:
        """The messages of a chat, newest first (Assumption 8.2 4)."""
        chat = find_chat(chat_id)
        limit = base.whole_number(request, "limit", default=50, most=100)
        rows = Message.objects.filter(chat=chat, deleted_at=None)
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
        send = intake.read(
            chat_id,
            base.json_object(request),
            header_key=request.META.get("HTTP_IDEMPOTENCY_KEY", ""),
            token=base.token_of(request),
            trace_id=base.trace_id(request),
        )
        # The intake takes one batch after the other and waits for nobody, so what has to be fetched is fetched before.
        if parts.has_files_to_fetch(send.message) and not answers.is_known(intake.FAMILY, send.key):
            send = replace(send, message=parts.with_files_fetched(send.message))
        answer = intake.take([send])[0]
        if isinstance(answer, ApiError):
            raise answer
        return Response(answer.body, status=answer.status)


class OneMessage(base.ApiView):
    """GET, PATCH and DELETE /v3/messages/{messageId}."""

    def get(self, request: Request, message_id: str) -> Response:
        """One message."""
        return Response(with_reactions([find_message(message_id)])[0])

    def patch(self, request: Request, message_id: str) -> Response:
        """Change the text of a part; `message.edited` tells of it."""
        message = find_message(message_id, deleted=2015)
        text, index = edits.read(base.json_object(request))
        with transaction.atomic():
            row = edits.edit(message, text, index, base.trace_id(request))
        return Response(with_reactions([row])[0])

    def delete(self, request: Request, message_id: str) -> Response:
        """Take a message out of the API's records. The people still have it, and nobody is told."""
        row = find_message(message_id)
        Message.objects.filter(id=row.id).update(deleted_at=clock.now())
        return Response(status=204)


class Thread(base.ApiView):
    """GET /v3/messages/{messageId}/thread."""

    def get(self, request: Request, message_id: str) -> Response:
        """The message a thread began with and all replies, oldest first unless `order` is desc."""
        order = request.query_params.get("order", "asc")
        if order not in ("asc", "desc"):
            raise ApiError(1005, "order must be asc or desc")
        limit = base.whole_number(request, "limit", default=50, most=100)
        rows = Message.objects.filter(id__in=thread_of(find_message(message_id)), deleted_at=None)
        cursor = base.read_cursor(request)
        side, sign = ("gt", "") if order == "asc" else ("lt", "-")
        if cursor:
            later = {f"created_at__{side}": cursor[0]}
            rows = rows.filter(Q(created_at=cursor[0], **{f"id__{side}": cursor[1]}) | Q(**later))
        page = list(rows.select_related("sender").order_by(f"{sign}created_at", f"{sign}id")[: limit + 1])
        more, page = len(page) > limit, page[:limit]
        return Response(
            {
                "messages": with_reactions(page),
                "next_cursor": base.write_cursor(page[-1].created_at, page[-1].id) if more else None,
            }
        )


def find_message(message_id: str, *, deleted: int = 2002) -> Message:
    """The message with this id, with its sender. A deleted one answers with the code `deleted`."""
    row = Message.objects.select_related("sender").filter(id=base.identifier(message_id, "messageId")).first()
    if row is None or (row.deleted_at is not None and deleted == 2002):
        raise ApiError(2002, "Message not found")
    if row.deleted_at is not None:
        raise ApiError(deleted, "This message was deleted")
    return row


def with_reactions(rows: Sequence[Message]) -> list[dict[str, Any]]:
    """Messages in the API's shape, each part with who reacted to it."""
    found: dict[UUID, list[Reaction]] = {}
    for reaction in Reaction.objects.filter(message__in=rows).select_related("participant").order_by("created_at"):
        found.setdefault(reaction.message_id, []).append(reaction)
    return [shapes.message(row, row.sender, found.get(row.id, [])) for row in rows]
