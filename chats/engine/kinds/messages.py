"""Sending a message, starting a chat with one, and the read receipt."""

from __future__ import annotations

from functools import partial
from typing import Any

from chats.engine import adopt, files, inflow, search
from chats.engine.kinds.base import Answer, Handler, Look, Sight
from chats.models import Chat, Message, Operation
from chats.v3 import resources
from chats.v3.client import Client
from chats.v3.errors import Refused


def _content(operation: Operation) -> dict[str, Any]:
    """The message as the remote wants it, with the operation's key."""
    message = message_of(operation)
    wanted: dict[str, Any] = {"parts": files.outward(message.parts), "idempotency_key": str(operation.key)}
    if message.effect:
        wanted["effect"] = message.effect
    if message.reply_to_remote_id:
        wanted["reply_to"] = {"message_id": str(message.reply_to_remote_id), "part_index": message.reply_to_part}
    if message.preferred_service:
        wanted["preferred_service"] = message.preferred_service
    return wanted


def message_of(operation: Operation) -> Message:
    if operation.message is None:
        raise ValueError("an operation that sends has a message")
    return operation.message


def chat_id_of(operation: Operation) -> str:
    """The remote's id of the operation's chat: an operation is bound to a chat, never to participants (law 7)."""
    chat = chat_of(operation)
    if chat.remote_id is None:
        raise ValueError("the chat has no id at the remote yet")
    return str(chat.remote_id)


def chat_of(operation: Operation) -> Chat:
    """The operation's chat."""
    if operation.chat is None:
        raise ValueError("an operation within a chat says which")
    return operation.chat


def _accept(message_id: int, sent: resources.SentMessage, trace_id: str | None) -> None:
    row = Message.objects.select_for_update(no_key=True).get(pk=message_id)
    inflow.attach(row, sent.id)
    inflow.progress(row, sent)
    if trace_id:
        row.trace_id = trace_id[:64]
        row.save(update_fields=["trace_id"])


def _found(message_id: int, theirs: resources.Message) -> None:
    row = Message.objects.select_for_update(no_key=True).get(pk=message_id)
    inflow.attach(row, theirs.id)
    inflow.progress(row, theirs)


def _found_start(chat: Chat, remote_chat: resources.Chat, message_id: int, theirs: resources.Message) -> None:
    adopt.take_remote_chat(chat, remote_chat)
    _found(message_id, theirs)


class Sends(Handler):
    has_key = True

    def look(self, client: Client, operation: Operation) -> Look:
        message = message_of(operation)
        if message.remote_id is None:
            return Look(Sight.GONE)
        try:
            theirs = client.messages.retrieve(str(message.remote_id))
        except Refused as problem:
            if problem.status == 404:
                # Messages vanish at the remote after a while (linq-v3, 3.6). That says nothing against ours.
                return Look(Sight.GONE)
            raise

        def write() -> None:
            row = Message.objects.select_for_update(no_key=True).get(pk=message.pk)
            inflow.progress(row, theirs)

        if theirs.delivery_status == "failed":
            return Look(Sight.NOT_YET, write, failure="The remote could not deliver this message.")
        there = theirs.delivery_status in {"sent", "delivered", "read"}
        return Look(Sight.THERE if there else Sight.NOT_YET, write)


class SendMessage(Sends):
    """POST /v3/chats/{id}/messages. Confirmed by message.sent and what follows it."""

    def call(self, client: Client, operation: Operation) -> Answer:
        result = client.messages.send(chat_id_of(operation), _content(operation))
        message_id = message_of(operation).pk
        return Answer(result.trace_id, lambda: _accept(message_id, result.message, result.trace_id), sent=result)

    def find(self, client: Client, operation: Operation) -> Answer | None:
        if operation.chat is None or operation.chat.remote_id is None:
            return None
        message = message_of(operation)
        theirs = search.in_chat(client, chat_id_of(operation), message, operation)
        return None if theirs is None else Answer(None, lambda: _found(message.pk, theirs))


class CreateChat(Sends):
    """POST /v3/chats: the chat comes to be with its first message."""

    def call(self, client: Client, operation: Operation) -> Answer:
        if operation.line is None or operation.chat is None:
            raise ValueError("a chat is started on a line")
        result = client.chats.create(
            from_=operation.line.phone_number, to=operation.payload["to"], message=_content(operation)
        )
        chat, message_id = operation.chat, message_of(operation).pk

        def write() -> None:
            adopt.take_remote_chat(chat, result.chat)
            _accept(message_id, result.message, result.trace_id)

        return Answer(result.trace_id, write)

    def find(self, client: Client, operation: Operation) -> Answer | None:
        if operation.line is None or operation.chat is None:
            return None
        chat, message = operation.chat, message_of(operation)
        wanted = set(operation.payload["to"])
        for remote_chat in search.chats_with(client, operation.line.phone_number, wanted):
            theirs = search.in_chat(client, remote_chat.id, message, operation)
            if theirs is not None:
                return Answer(None, partial(_found_start, chat, remote_chat, message.pk, theirs))
        return None


class MarkRead(Handler):
    """POST /v3/chats/{id}/read. A receipt that comes late is worth little, so it is tried a few times only."""

    is_confirmed = False
    most_attempts = 4

    def call(self, client: Client, operation: Operation) -> Answer:
        return Answer(client.chats.mark_as_read(chat_id_of(operation)).trace_id)

    def look(self, client: Client, operation: Operation) -> Look:
        return Look(Sight.NOT_YET)
