"""Speaking and acting as a simulated person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chats.v3.opt_out import is_opt_out
from sandbox import bulk, clock, happenings, ids, location, world
from sandbox.api import base, parts, sending, shapes
from sandbox.api.chats import find_chat
from sandbox.api.errors import ApiError
from sandbox.api.messages import with_reactions
from sandbox.control import who
from sandbox.event_shapes import card_news, typing_news
from sandbox.events import tell
from sandbox.inbound import Said, receive
from sandbox.models import CardShare, Chat, Message, Participant, Person, World
from sandbox.people import answers, habits, life

MOST_SHARING = 30 * 86_400


class People(APIView):
    """GET /sandbox/people."""

    def get(self, request: Request) -> Response:
        """Everybody, in the order of their handles."""
        return Response({"people": [person_shape(row) for row in Person.objects.order_by("handle")]})


class Say(APIView):
    """POST /sandbox/people/{handle}/say `{chat_id | line, text | parts}`."""

    def post(self, request: Request, handle: str) -> Response:
        """Let a person send a message into a chat, or to a line: 201."""
        chat, sender, heard = say(base.json_object(request), base.handle(handle, "handle"))
        # Nobody hears a blocked handle.
        message = shapes.message(heard, sender) if heard else None
        return Response({"chat_id": str(chat.id), "message": message}, status=201)


class Read(APIView):
    """POST /sandbox/people/{handle}/read `{chat_id}`."""

    def post(self, request: Request, handle: str) -> Response:
        """Let a person read what was delivered to them; what they then do is up to their habits."""
        with transaction.atomic():
            chat, _ = who.member(base.json_object(request), base.handle(handle, "handle"))
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
            chat, member = who.member(body, base.handle(handle, "handle"))
            tell([typing_news(chat, member, started, ids.trace())])
        return Response({"chat_id": str(chat.id), "typing": started})


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


class OptOut(APIView):
    """POST /sandbox/people/{handle}/opt_out `{chat_id | line, keyword = true}`."""

    def post(self, request: Request, handle: str) -> Response:
        """Let a person ask to be left alone, by a keyword or in words that are none: 201."""
        body = base.json_object(request)
        keyword = base.boolean(body, "keyword", True)
        with transaction.atomic():
            chat, sender = who.where(body, base.handle(handle, "handle"))
            heard = answers.opt_out(chat, sender, clock.now(), keyword=keyword)
        message = shapes.message(heard, sender) if heard else None
        return Response({"chat_id": str(chat.id), "message": message}, status=201)


class Report(APIView):
    """POST /sandbox/people/{handle}/report `{chat_id}`."""

    def post(self, request: Request, handle: str) -> Response:
        """Let a person report our line as junk and block it. Who wrote in the chat has no such choice."""
        with transaction.atomic():
            chat, _ = who.member(base.json_object(request), base.handle(handle, "handle"))
            if chat.is_group or chat.inbound:
                raise ApiError(2015, "Only somebody who never wrote in a direct chat can report it")
            answers.report(chat, clock.now())
        return Response({"chat_id": str(chat.id), "reported": chat.line.phone_number})


class ShareLocation(APIView):
    """POST /sandbox/people/{handle}/share_location `{chat_id | line, seconds, stop = false}`."""

    def post(self, request: Request, handle: str) -> Response:
        """Let a person share their location with a line, for some time or until they end it; or end it."""
        body = base.json_object(request)
        stop, seconds = base.boolean(body, "stop"), body.get("seconds")
        if seconds is not None and (
            not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 < seconds <= MOST_SHARING
        ):
            raise ApiError(1005, f"seconds must be a number above 0 and up to {MOST_SHARING}")
        with transaction.atomic():
            chat, member = who.where(body, base.handle(handle, "handle"))
            if member.person is None or member.person.service != "iMessage":
                raise ApiError(2017, "Only people on iMessage share their location")
            if stop:
                rows = location.LocationShare.objects.filter(person=member.person, line=chat.line)
                for share in rows.select_related("person", "line"):
                    location.stop_sharing(share, clock.now())
            else:
                location.start_sharing(member.person, chat.line, chat, seconds=seconds)
        return Response({"chat_id": str(chat.id), "sharing": not stop})


class ShareCard(APIView):
    """POST /sandbox/people/{handle}/share_card `{line | chat_id, first_name, last_name}`."""

    def post(self, request: Request, handle: str) -> Response:
        """Let a person share their contact card with a line, under another name if one is given."""
        body = base.json_object(request)
        names = {name: body[name] for name in ("first_name", "last_name") if name in body}
        if not all(isinstance(each, str) and len(each) <= 40 and base.is_clean(each) for each in names.values()):
            raise ApiError(1005, "first_name and last_name must be texts of at most 40 characters")
        with transaction.atomic():
            chat, member = who.where(body, base.handle(handle, "handle"))
            person = member.person
            assert person is not None  # noqa: S101 - only our own line is nobody
            for name, value in names.items():
                setattr(person, name, value)
            person.save(update_fields=list(names))
            CardShare.objects.get_or_create(person=person, line=chat.line, defaults={"shared_at": clock.now()})
            tell([card_news(person, chat.line.phone_number, ids.trace())])
        return Response(person_shape(person))


class HabitsOfOne(APIView):
    """POST /sandbox/people/{handle}/habits: any habit and its value."""

    def post(self, request: Request, handle: str) -> Response:
        """Change a person's habits; what is not named stays."""
        changes = _habits(base.json_object(request))
        person = Person.objects.filter(handle=base.handle(handle, "handle")).first()
        if person is None:
            raise ApiError(1005, f"There is nobody with the handle {handle}")
        person.habits = {**person.habits, **changes}
        person.save(update_fields=["habits"])
        return Response(person_shape(person))


class HabitsOfAll(APIView):
    """POST /sandbox/habits: any habit and its value."""

    def post(self, request: Request) -> Response:
        """Give everybody these habits, whatever their own are, people met later too. An empty object ends it."""
        changes = _habits(base.json_object(request))
        World.objects.filter(id=1).update(habits=changes)
        world.refresh()
        return Response({"habits": changes})


def _habits(body: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return habits.checked(body)
    except habits.BadHabits as wrong:
        raise ApiError(1005, str(wrong)) from None


def say(body: Mapping[str, Any], handle: str) -> tuple[Chat, Participant, Message | None]:
    """Let a person say something: a text, or parts as in a message of ours. Somebody blocked is not heard."""
    given = body.get("parts")
    if given is None:
        text = body.get("text")
        if not isinstance(text, str) or not text:
            raise ApiError(1001, "text or parts is required")
        given = [{"type": "text", "value": text}]
    content = parts.with_own_files_named({"parts": given})
    with transaction.atomic():
        chat, sender = who.where(body, handle)
        if chat.left_at is not None:
            raise ApiError(2013, "The line left this chat and does not hear what is said in it")
        sending.check_content(content, opens_chat=False, is_group=chat.is_group)
        stored = tuple(parts.stored(content, chat.line.phone_number))
        text = " ".join(part["value"] for part in stored if part["type"] == "text")
        if chat.stance == "stopped" and not is_opt_out(text):
            chat.stance = "open"  # they are talking again
            bulk.save([chat], ["stance"])
        heard = receive([Said(chat, sender, text, parts=stored)], clock.now())
    return chat, sender, heard[0] if heard else None


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
