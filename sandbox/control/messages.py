"""What a simulated person does with messages: reacts, edits their own, makes polls and votes."""

from __future__ import annotations

from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chats.v3.limits import TAPBACKS
from sandbox import clock, ids, polls
from sandbox.api import base, edits, shapes
from sandbox.api.chats import own_handle
from sandbox.api.errors import ApiError
from sandbox.api.polls import LEAST_OPTIONS, check_room, option_of, texts_of
from sandbox.control import who
from sandbox.inbound import Said, receive
from sandbox.models import Message, Participant
from sandbox.people import answers
from sandbox.poll_shapes import envelope


class React(APIView):
    """POST /sandbox/people/{handle}/react `{message_id, type = "love", custom_emoji, remove = false}`."""

    def post(self, request: Request, handle: str) -> Response:
        """Let a person put a tapback on a message of ours: 201. Or take theirs back: 200."""
        body = base.json_object(request)
        if base.boolean(body, "remove"):
            return self._remove(who.message(body), base.handle(handle, "handle"))
        kind, emoji = body.get("type", "love"), body.get("custom_emoji")
        if kind not in (*TAPBACKS, "custom"):
            raise ApiError(1005, f"type must be one of {', '.join(TAPBACKS)}, custom")
        if (kind == "custom") != isinstance(emoji, str) or (emoji is not None and not 0 < len(str(emoji)) <= 16):
            raise ApiError(1005, "custom_emoji goes with the type custom, and is a short text")
        with transaction.atomic():
            message = who.message(body)
            if not message.is_from_me or (message.service or message.chat.service) == "SMS":
                raise ApiError(2017, "People react to messages that we sent by iMessage or RCS")
            member = who.participant(message.chat, base.handle(handle, "handle"))
            made = answers.react([answers.Tapback(message, member, kind, clock.now(), emoji)])
        if not made:
            raise ApiError(2015, f"{handle} has reacted to this message already")
        return Response({"message_id": str(message.id), "reaction_id": str(made[0].id), "type": kind}, status=201)

    def _remove(self, message: Message, handle: str) -> Response:
        with transaction.atomic():
            if not answers.take_back(message, who.participant(message.chat, handle)):
                raise ApiError(2015, f"{handle} has not reacted to this message")
        return Response({"message_id": str(message.id)})


class Edit(APIView):
    """POST /sandbox/people/{handle}/edit `{message_id, text, part_index = 0}`."""

    def post(self, request: Request, handle: str) -> Response:
        """Let a person change what they said by iMessage, within the same bounds as ours."""
        body = base.json_object(request)
        text, index = edits.read(body)
        with transaction.atomic():
            message = who.message(body)
            sender = who.participant(message.chat, base.handle(handle, "handle"))
            if message.sender_id != sender.id or message.service != "iMessage":
                raise ApiError(2005, "People edit what they said themselves, by iMessage")
            edits.check(message, index)
            edits.change(message.chat, own_handle(message.chat), message, text, index, ids.trace())
        return Response(shapes.message(message, sender))


class Poll(APIView):
    """POST /sandbox/people/{handle}/poll `{chat_id | line, options}`."""

    def post(self, request: Request, handle: str) -> Response:
        """Let a person make a poll with these options, which are texts: 201. Null: they are blocked, nobody heard."""
        body = base.json_object(request)
        texts = _texts(body.get("options"), least=LEAST_OPTIONS)
        with transaction.atomic():
            chat, sender = who.where(body, base.handle(handle, "handle"))
            if chat.left_at is not None:
                raise ApiError(2013, "The line left this chat and does not hear what is said in it")
            if chat.service != "iMessage":
                raise ApiError(2017, f"Polls are not supported on {chat.service}")
            heard = receive([Said(chat, sender, "", poll=tuple(texts))], clock.now())
        return Response({"chat_id": str(chat.id), "poll": envelope(chat, heard[0]) if heard else None}, status=201)


class PollOptions(APIView):
    """POST /sandbox/people/{handle}/poll_options `{message_id, options}`."""

    def post(self, request: Request, handle: str) -> Response:
        """Let a person add options to a poll in a chat they are in."""
        body = base.json_object(request)
        texts = _texts(body.get("options"), least=1)
        with transaction.atomic():
            message, member = _poll(body.get("message_id"), handle)
            check_room(message, texts)
            polls.add_options(message.chat, own_handle(message.chat), message, member, texts, ids.trace())
        return Response(envelope(message.chat, message))


class Vote(APIView):
    """POST /sandbox/people/{handle}/vote `{message_id, option_id | option, operation = "add"}`."""

    def post(self, request: Request, handle: str) -> Response:
        """Let a person vote in a poll for an option, by its id or its text, or take their vote back."""
        body = base.json_object(request)
        operation = body.get("operation", "add")
        if operation not in ("add", "remove"):
            raise ApiError(1005, "operation must be add or remove")
        with transaction.atomic():
            message, voter = _poll(body.get("message_id"), handle)
            if body.get("option_id") is not None:
                option = option_of(message, base.identifier(str(body["option_id"]), "option_id"))
            else:
                named = message.poll_options.filter(text=str(body.get("option") or "")).order_by("position").first()
                if named is None:
                    raise ApiError(1005, "option_id, or an option that the poll has, is required")
                option = option_of(message, named.id)
            me, add = own_handle(message.chat), operation == "add"
            if not polls.vote(message.chat, me, option, voter, clock.now(), ids.trace(), add=add):
                raise ApiError(2015, f"{handle} has voted so already")
        return Response(envelope(message.chat, option.message))


def _texts(given: object, *, least: int) -> list[str]:
    """Options may be given as texts, or as in the API."""
    rows = [{"text": each} if isinstance(each, str) else each for each in given] if isinstance(given, list) else given
    return texts_of(rows, least=least)


def _poll(message_id: object, handle: str) -> tuple[Message, Participant]:
    """A poll, held against others who change it now, and somebody in its chat."""
    message = who.message({"message_id": message_id})
    if message.kind != "poll":
        raise ApiError(2002, "This message is not a poll")
    Message.objects.select_for_update(no_key=True).get(id=message.id)
    return message, who.participant(message.chat, base.handle(handle, "handle"))
