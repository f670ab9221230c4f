"""Speaking and acting as a simulated person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from sandbox import clock, groups, happenings, ids
from sandbox.api import base, shapes
from sandbox.api.chats import find_chat, make_chat
from sandbox.api.errors import ApiError
from sandbox.api.messages import with_reactions
from sandbox.event_shapes import chat_created_news, typing_news
from sandbox.events import tell
from sandbox.inbound import Said, receive
from sandbox.models import Chat, Line, Message, Participant, Person
from sandbox.models.chat import identity
from sandbox.people import life


class People(APIView):
    """GET /sandbox/people."""

    def get(self, request: Request) -> Response:
        """Everybody, in the order of their handles."""
        return Response({"people": [person_shape(row) for row in Person.objects.order_by("handle")]})


class Say(APIView):
    """POST /sandbox/people/{handle}/say `{chat_id | line, text}`."""

    def post(self, request: Request, handle: str) -> Response:
        """Let a person send a message into a chat, or to a line: 201."""
        body = base.json_object(request)
        text = body.get("text")
        if not isinstance(text, str) or not text:
            raise ApiError(1001, "text is required")
        with transaction.atomic():
            chat, sender = _where(body, base.handle(handle, "handle"))
            if chat.left_at is not None:
                raise ApiError(2013, "The line left this chat and does not hear what is said in it")
            heard = receive([Said(chat, sender, text)], clock.now())
        # Nobody hears a blocked handle.
        message = shapes.message(heard[0], sender) if heard else None
        return Response({"chat_id": str(chat.id), "message": message}, status=201)


class Read(APIView):
    """POST /sandbox/people/{handle}/read `{chat_id}`."""

    def post(self, request: Request, handle: str) -> Response:
        """Let a person read what was delivered to them; what they then do is up to their habits."""
        with transaction.atomic():
            chat, _ = _member(base.json_object(request), base.handle(handle, "handle"))
            if chat.is_group:
                raise ApiError(2016, "There are no receipts in groups")
            rows = Message.objects.filter(chat=chat, is_from_me=True, delivery_status="delivered")
            messages = list(rows.select_related("chat__line", "chat__peer", "sender").order_by("created_at", "id"))
            now = clock.now()
            happenings.plan(life.mark_read(messages, {message.id: now for message in messages}))
        return Response({"read": len(messages)})


class Typing(APIView):
    """POST /sandbox/people/{handle}/typing `{chat_id, started = true}`."""

    def post(self, request: Request, handle: str) -> Response:
        """Let a person start or stop typing."""
        body = base.json_object(request)
        started = base.boolean(body, "started", True)
        with transaction.atomic():
            chat, member = _member(body, base.handle(handle, "handle"))
            tell([typing_news(chat, member, started, ids.trace())])
        return Response({"chat_id": str(chat.id), "typing": started})


class RenameGroup(APIView):
    """POST /sandbox/people/{handle}/rename_group `{chat_id, name}`."""

    def post(self, request: Request, handle: str) -> Response:
        """Let a member give a group another name."""
        body = base.json_object(request)
        name = body.get("name")
        if not isinstance(name, str) or not name:
            raise ApiError(1001, "name is required")
        with transaction.atomic():
            chat, member = _group_member(body, base.handle(handle, "handle"))
            groups.rename(chat, name, ids.trace(), by=member.handle)
        return Response({"chat_id": str(chat.id), "display_name": chat.display_name})


class Leave(APIView):
    """POST /sandbox/people/{handle}/leave `{chat_id}`."""

    def post(self, request: Request, handle: str) -> Response:
        """Let a member leave a group."""
        with transaction.atomic():
            chat, member = _group_member(base.json_object(request), base.handle(handle, "handle"))
            groups.part(chat, member.handle, "left", ids.trace())
        return Response({"chat_id": str(chat.id), "left": member.handle})


class WholeChat(APIView):
    """GET /sandbox/chats/{chatId}."""

    def get(self, request: Request, chat_id: str) -> Response:
        """A chat with its counters and all its messages, oldest first, with their idempotency keys."""
        chat = find_chat(chat_id)
        rows = list(Message.objects.filter(chat=chat).select_related("sender").order_by("created_at", "id"))
        messages = [
            shape | {"idempotency_key": row.idempotency_key, "trace_id": row.trace_id, "accepted": row.accepted}
            for row, shape in zip(rows, with_reactions(rows), strict=True)
        ]
        members = list(chat.participants.order_by("-is_me", "joined_at", "handle"))
        counters = {name: getattr(chat, name) for name in ("outbound", "inbound", "unanswered")}
        return Response(shapes.chat(chat, members) | counters | {"messages": messages})


def person_shape(row: Person) -> dict[str, Any]:
    """A person, with their habits."""
    return {
        "handle": row.handle,
        "first_name": row.first_name,
        "last_name": row.last_name,
        "service": row.service,
        "habits": row.habits,
        "opted_out_at": shapes.when(row.opted_out_at),
    }


def _where(body: Mapping[str, Any], handle: str) -> tuple[Chat, Participant]:
    """The chat a person speaks in: the one named, or their direct chat with the line named, made if need be."""
    if body.get("chat_id") is not None:
        return _member(body, handle)
    number = base.phone(body.get("line"), "chat_id or line")
    line = Line.objects.filter(phone_number=number).first()
    if line is None:
        raise ApiError(2019, f"There is no line {number}")
    key = identity(number, [handle])
    chat = Chat.objects.select_related("line", "peer").filter(reuse_key=key).first()
    if chat is None:
        chat = make_chat(line, [handle], key)
        members = list(chat.participants.order_by("-is_me"))
        tell([chat_created_news(chat, members, ids.trace())])
    return chat, _participant(chat, handle)


def _member(body: Mapping[str, Any], handle: str) -> tuple[Chat, Participant]:
    chat = find_chat(str(body.get("chat_id") or ""))
    return chat, _participant(chat, handle)


def _group_member(body: Mapping[str, Any], handle: str) -> tuple[Chat, Participant]:
    chat, member = _member(body, handle)
    if not chat.is_group:
        raise ApiError(1006, "This is a direct chat")
    return chat, member


def _participant(chat: Chat, handle: str) -> Participant:
    row = chat.participants.select_related("person").filter(handle=handle, status="active", is_me=False).first()
    if row is None:
        raise ApiError(1005, f"{handle} is not in this chat")
    return row
