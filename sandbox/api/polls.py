"""Polls: create, read, add options, vote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response

from sandbox import clock, polls
from sandbox.api import answers, base, sending
from sandbox.api.errors import ApiError
from sandbox.api.messages import find_message
from sandbox.api.own_handle import own_handle_with_chat
from sandbox.models import Message, Participant, PollOption
from sandbox.poll_shapes import envelope

LEAST_OPTIONS = 2
# Assumption (8.2 10): nobody says how many options and how long ones there may be.
MOST_OPTIONS = 100
LONGEST_OPTION = 255


class ChatPolls(base.ApiView):
    """POST /v3/chats/{chatId}/polls."""

    def post(self, request: Request, chat_id: str) -> Response:
        """Send a poll into a chat. Assumption (8.2 1): 201."""
        chat_uuid = base.identifier(chat_id, "chatId")
        poll = base.json_object(request).get("poll")
        if poll is None:
            raise ApiError(1001, "poll is required")
        if not isinstance(poll, dict):
            raise ApiError(1003, "poll must be an object")
        texts = texts_of(poll.get("options"), least=LEAST_OPTIONS)
        key = answers.key_of(request, poll)

        def act() -> answers.Outcome:
            me = own_handle_with_chat(chat_uuid)
            if me.chat.service != "iMessage":
                raise ApiError(2017, f"Polls are not supported on {me.chat.service}")
            sending.check_may_send(request, me.chat, override_optout=False)
            row = sending.accept(request, me.chat, me, [polls.poll_part(texts)], kind="poll", key=key)
            polls.put_options(row, me, texts)
            return answers.Outcome(201, envelope(me.chat, row))

        return answers.once("polls", key, act)


class OnePoll(base.ApiView):
    """GET /v3/messages/{messageId}/poll."""

    def get(self, request: Request, message_id: str) -> Response:
        """A poll with its options and votes."""
        message = _find_poll(message_id)
        return Response(envelope(own_handle_with_chat(message.chat_id).chat, message))


class PollOptions(base.ApiView):
    """POST /v3/messages/{messageId}/poll/options."""

    def post(self, request: Request, message_id: str) -> Response:
        """Add options to those a poll has. Assumption (8.2 1): 200."""
        message = _find_poll(message_id)
        texts = texts_of(base.json_object(request).get("options"), least=1)
        with transaction.atomic():
            message, me = _locked(message)
            check_room(message, texts)
            polls.add_options(me.chat, me, message, me, texts, base.trace_id(request))
            return Response(envelope(me.chat, message))


class PollVotes(base.ApiView):
    """POST /v3/messages/{messageId}/poll/votes."""

    def post(self, request: Request, message_id: str) -> Response:
        """Add or remove the vote of our line for one option. Assumption (8.2 1): 200."""
        message = _find_poll(message_id)
        body = base.json_object(request)
        operation, option_id = body.get("operation"), body.get("option_id")
        if operation is None or option_id is None:
            raise ApiError(1001, "operation and option_id are required")
        if operation not in ("add", "remove"):
            raise ApiError(1005, "operation must be add or remove")
        if not isinstance(option_id, str):
            raise ApiError(1003, "option_id must be a string")
        chosen = base.identifier(option_id, "option_id")
        with transaction.atomic():
            message, me = _locked(message)
            option = option_of(message, chosen)
            polls.vote(me.chat, me, option, me, clock.now(), base.trace_id(request), add=operation == "add")
            return Response(envelope(me.chat, option.message))


def _find_poll(message_id: str) -> Message:
    message = find_message(message_id)
    if message.kind != "poll":
        raise ApiError(2002, "This message is not a poll")
    return message


def _locked(message: Message) -> tuple[Message, Participant]:
    """The poll, held against others who change it now, and our handle in its chat, which must be open to us."""
    me = own_handle_with_chat(message.chat_id)
    sending.check_open(me.chat)
    return Message.objects.select_for_update().get(id=message.id), me


def check_room(message: Message, texts: Sequence[str]) -> None:
    """Raise `ApiError` when a poll cannot take so many more options."""
    if message.poll_options.count() + len(texts) > MOST_OPTIONS:
        raise ApiError(1005, f"A poll may have at most {MOST_OPTIONS} options")


def option_of(message: Message, option_id: UUID) -> PollOption:
    """The option of this poll with this id. Raises `ApiError`."""
    option = PollOption.objects.select_related("message__sender").filter(id=option_id, message=message).first()
    if option is None:
        raise ApiError(1005, "The poll has no such option")
    return option


def texts_of(given: object, *, least: int) -> list[str]:
    """The texts of the options in a request, at least so many. Raises `ApiError`."""
    if given is None:
        raise ApiError(1001, "options is required")
    if not isinstance(given, list):
        raise ApiError(1003, "options must be a list")
    if not least <= len(given) <= MOST_OPTIONS:
        raise ApiError(1005, f"There must be from {least} to {MOST_OPTIONS} options")
    return [_text(each) for each in given]


def _text(option: object) -> str:
    if not isinstance(option, Mapping):
        raise ApiError(1003, "An option must be an object")
    text: Any = option.get("text")
    if text is None:
        raise ApiError(1001, "An option needs a text")
    if not isinstance(text, str):
        raise ApiError(1003, "The text of an option must be a string")
    if not 1 <= len(text) <= LONGEST_OPTION or not base.is_clean(text):
        raise ApiError(1005, f"The text of an option must have from 1 to {LONGEST_OPTION} characters")
    return text
