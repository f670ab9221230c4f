"""Chats: create or reuse, list, retrieve, change, mark read, leave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Prefetch, Q
from rest_framework.request import Request
from rest_framework.response import Response

from chats.v3.content import MAX_RECIPIENTS
from sandbox import clock, groups, ids, world
from sandbox.api import answers, base, pictures, sending, shapes
from sandbox.api.errors import ApiError
from sandbox.event_shapes import chat_created_news
from sandbox.events import tell
from sandbox.models import Chat, Line, Message, Participant, Person
from sandbox.models.chat import identity
from sandbox.people import habits

MEMBERS = Prefetch("participants", Participant.objects.order_by("-is_me", "joined_at", "handle"))


class Chats(base.ApiView):
    """GET and POST /v3/chats."""

    def get(self, request: Request) -> Response:
        """The chats, newest first (Assumption 8.2 4)."""
        query = request.query_params
        limit = base.whole_number(request, "limit", default=20, most=100)
        rows = Chat.objects.select_related("line").prefetch_related(MEMBERS)
        if "from" in query:
            rows = rows.filter(line__phone_number=base.phone(query["from"], "from"))
        if "to" in query:
            handle = base.handle(query["to"], "to")
            rows = rows.filter(id__in=Participant.objects.filter(handle=handle, is_me=False).values("chat_id"))
        cursor = base.read_cursor(request)
        if cursor:
            rows = rows.filter(Q(updated_at=cursor[0], id__lt=cursor[1]) | Q(updated_at__lt=cursor[0]))
        page = list(rows.order_by("-updated_at", "-id")[: limit + 1])
        more, page = len(page) > limit, page[:limit]
        return Response(
            {
                "chats": [shapes.chat(row, list(row.participants.all())) for row in page],
                "next_cursor": base.write_cursor(page[-1].updated_at, page[-1].id) if more else None,
            }
        )

    def post(self, request: Request) -> Response:
        """Send to a set of people from a line, in their chat or in a new one: 201."""
        body = base.json_object(request)
        message = sending.message_of(body)
        line_number = base.phone(body.get("from"), "from")
        handles = recipients(body)
        if line_number in handles:
            raise ApiError(1005, "to must not contain the sending line")
        override = base.boolean(body, "override_optout")
        key = answers.key_of(request, message)

        def act() -> answers.Outcome:
            line = Line.objects.filter(phone_number=line_number).first()
            if line is None:
                raise ApiError(2006, "You cannot send from this number")
            is_group = len(handles) > 1
            reuse_key = identity(line_number, handles)
            chat = Chat.objects.select_related("line", "peer").filter(reuse_key=reuse_key).first()
            sending.check_content(
                message, opens_chat=chat is None, is_group=is_group, participants=[line_number, *handles]
            )
            made = chat is None
            if chat is None:
                chat = make_chat(line, handles, reuse_key)
            sending.check_may_send(request, chat, override_optout=override)
            me = own_handle(chat)
            row = sending.take(request, chat, me, message, key)
            members = list(chat.participants.order_by("-is_me", "joined_at", "handle"))
            if made:
                tell([chat_created_news(chat, members, base.trace_id(request))])
            return answers.Outcome(201, {"chat": shapes.created_chat(chat, members, sending.sent_shape(row, me))})

        return answers.once("chats", key, act)


class OneChat(base.ApiView):
    """GET and PUT /v3/chats/{chatId}."""

    def get(self, request: Request, chat_id: str) -> Response:
        """One chat."""
        chat = find_chat(chat_id)
        return Response(shapes.chat(chat, list(chat.participants.order_by("-is_me", "joined_at", "handle"))))

    def put(self, request: Request, chat_id: str) -> Response:
        """Ask for a new name or icon of a group. Assumption (8.2 1): 200."""
        chat = find_chat(chat_id)
        body = base.json_object(request)
        if not chat.is_group:
            raise ApiError(1006, "A direct chat cannot be updated")
        sending.check_open(chat)
        name, icon = _name(body), _icon(body)
        if name is None and icon is None:
            raise ApiError(1001, "display_name or group_chat_icon is required")
        with transaction.atomic():
            if name is not None:
                groups.ask_for("group.name", chat, base.trace_id(request), value=name)
            if icon is not None:
                groups.ask_for("group.icon", chat, base.trace_id(request), value=icon)
        return Response({"chat_id": str(chat.id), "status": "pending"})


class ReadChat(base.ApiView):
    """POST /v3/chats/{chatId}/read."""

    def post(self, request: Request, chat_id: str) -> Response:
        """Mark everything that came in as read; without effect in groups and on SMS, but 204 all the same.

        Assumption (8.2 2): a flagged line refuses (2027), as a receipt would have to go out from it.
        """
        chat = find_chat(chat_id)
        sending.check_open(chat)
        if not chat.is_group and chat.service != "SMS":
            now = clock.now()
            Message.objects.filter(chat=chat, is_from_me=False, read_at=None).update(
                read_at=now, delivery_status="read", updated_at=now
            )
        return Response(status=204)


class LeaveChat(base.ApiView):
    """POST /v3/chats/{chatId}/leave."""

    def post(self, request: Request, chat_id: str) -> Response:
        """Take our line out of a group. Assumption (8.2 1): 202."""
        chat = find_chat(chat_id)
        sending.check_open(chat)
        groups.check_leave(chat)
        groups.ask_for("group.leave", chat, base.trace_id(request))
        return Response(base.accepted(request, "Leave group chat queued"), status=202)


def find_chat(chat_id: str) -> Chat:
    """The chat with this id, with its line and peer."""
    chat = Chat.objects.select_related("line", "peer").filter(id=base.identifier(chat_id, "chatId")).first()
    if chat is None:
        raise ApiError(2001, "Chat not found")
    return chat


def own_handle(chat: Chat) -> Participant:
    """Our line's handle in a chat."""
    return chat.participants.get(is_me=True)


def recipients(body: Mapping[str, Any]) -> list[str]:
    """The handles of `to`, each once."""
    to = body.get("to")
    if to is None:
        raise ApiError(1001, "to is required")
    if not isinstance(to, list):
        raise ApiError(1003, "to must be a list of handles")
    if not 1 <= len(to) <= MAX_RECIPIENTS:
        raise ApiError(1005, f"to must have from 1 to {MAX_RECIPIENTS} handles")
    return list(dict.fromkeys(base.handle(each, "to") for each in to))


def make_chat(line: Line, handles: list[str], reuse_key: str) -> Chat:
    """A new chat of a line with these people."""
    now = clock.now()
    people = habits.meet(handles, world.current().seed)
    chat = Chat(
        id=ids.new(),
        line=line,
        is_group=len(handles) > 1,
        peer=people[handles[0]] if len(handles) == 1 else None,
        service=_service(line, [people[handle] for handle in handles]),
        reuse_key=reuse_key,
        created_at=now,
        updated_at=now,
        health_at=now,
    )
    try:
        with transaction.atomic():
            chat.save(force_insert=True)
    except IntegrityError:
        raise ApiError(2009, "This chat is still being created") from None
    Participant.objects.bulk_create(
        [
            Participant(chat=chat, handle=line.phone_number, is_me=True, service=chat.service, joined_at=now),
            *(
                Participant(
                    chat=chat,
                    person=people[handle],
                    handle=handle,
                    service=_handle_service(chat, people[handle]),
                    joined_at=now,
                )
                for handle in handles
            ),
        ]
    )
    return chat


def _handle_service(chat: Chat, person: Person) -> str:
    """In a group everybody uses the group's service, and on a line of the type RCS nobody iMessage."""
    return chat.service if chat.is_group or person.service == "iMessage" else person.service


def _service(line: Line, people: list[Person]) -> str:
    """The best service that the line and all of these people have."""
    best = groups.service_of([person.service for person in people])
    # Whoever has iMessage has a phone that also knows RCS, unless the handle is an e-mail address.
    return "RCS" if best == "iMessage" and line.line_type == "RCS" else best


def _name(body: Mapping[str, Any]) -> str | None:
    name = body.get("display_name")
    if name is None:
        return None
    if not isinstance(name, str):
        raise ApiError(1003, "display_name must be a string")
    # Assumption (8.2 10): a name has at most 255 characters. An empty one takes the name away.
    if len(name) > 255:
        raise ApiError(1005, "display_name must have at most 255 characters")
    return name.strip()


def _icon(body: Mapping[str, Any]) -> str | None:
    icon = body.get("group_chat_icon")
    if icon is None:
        return None
    return pictures.address(icon, "group_chat_icon")
