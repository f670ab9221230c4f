"""What is done with a message that is there: edited, deleted, reacted to. None has a key; twice is as once."""

from __future__ import annotations

from abc import abstractmethod
from functools import partial
from typing import Literal

from chats import clock, live
from chats.engine import inflow
from chats.engine.kinds.base import Answer, Handler, Look, Sight
from chats.models import Message, Operation, Reaction
from chats.models.operation import Kind
from chats.v3 import resources
from chats.v3.client import Client
from chats.v3.errors import Refused


def _about(operation: Operation) -> Message:
    if operation.about is None:
        raise ValueError("an operation that touches a message says which")
    return operation.about


def _remote_id(operation: Operation) -> str:
    message = _about(operation)
    if message.remote_id is None:
        raise ValueError("the message has no id at the remote yet")
    return str(message.remote_id)


class _Touch(Handler):
    def look(self, client: Client, operation: Operation) -> Look:
        try:
            theirs = client.messages.retrieve(_remote_id(operation))
        except Refused as problem:
            if problem.status == 404:
                return Look(Sight.GONE)
            raise
        there = self.shows(operation, theirs)
        return Look(Sight.THERE if there else Sight.NOT_YET, partial(self.keep, operation, theirs) if there else None)

    @abstractmethod
    def shows(self, operation: Operation, theirs: resources.Message) -> bool:
        """Whether the remote's message shows the effect."""

    @abstractmethod
    def keep(self, operation: Operation, theirs: resources.Message) -> None:
        """Write what was seen into our rows."""


class EditMessage(_Touch):
    """PATCH /v3/messages/{id}. Confirmed by message.edited; until then the old words stand."""

    def call(self, client: Client, operation: Operation) -> Answer:
        wanted = operation.payload
        client.messages.edit(_remote_id(operation), wanted["text"], part_index=wanted["part_index"])
        return Answer(None)

    def shows(self, operation: Operation, theirs: resources.Message) -> bool:
        index = operation.payload["part_index"]
        return index < len(theirs.parts) and bool(theirs.parts[index].get("value") == operation.payload["text"])

    def keep(self, operation: Operation, theirs: resources.Message) -> None:
        inflow.progress(Message.objects.select_for_update(no_key=True).get(pk=_about(operation).pk), theirs)


class DeleteMessage(Handler):
    """DELETE /v3/messages/{id}: out of the remote's records, and out of ours. No event tells of it.

    It is no taking back: on people's devices it stays (linq-v3, 1.3).
    """

    is_confirmed = False

    def call(self, client: Client, operation: Operation) -> Answer:
        trace_id = None
        try:
            trace_id = client.messages.delete(_remote_id(operation)).trace_id
        except Refused as problem:
            if problem.status != 404:
                raise
            # It is not there any more, which is what was asked for.
        return Answer(trace_id, partial(_forget, _about(operation).pk))

    def look(self, client: Client, operation: Operation) -> Look:
        try:
            client.messages.retrieve(_remote_id(operation))
        except Refused as problem:
            if problem.status == 404:
                return Look(Sight.THERE, partial(_forget, _about(operation).pk))
            raise
        return Look(Sight.NOT_YET)


def _forget(message_id: int) -> None:
    """Delete what a message says here too. Its row stays: when, between whom, and what became of it."""
    row = Message.objects.select_for_update(of=("self",)).select_related("chat").get(pk=message_id)
    now = clock.now()
    row.parts, row.text, row.effect = [], "", None
    row.deleted_at, row.cleared_at = row.deleted_at or now, row.cleared_at or now
    row.save(update_fields=["parts", "text", "effect", "deleted_at", "cleared_at"])
    edits = Operation.objects.filter(about=row, kind=Kind.EDIT_MESSAGE, settled_at__isnull=False)
    edits.update(payload={}, cleared_at=now)
    inflow.show_as_latest(row.chat, row)
    live.announce("chat", line_id=row.chat.line_id, chat_id=row.chat_id)


class _React(_Touch):
    operation: Literal["add", "remove"]

    def call(self, client: Client, operation: Operation) -> Answer:
        wanted = operation.payload
        answer = client.messages.react(
            _remote_id(operation),
            operation=self.operation,
            type=wanted["type"],
            custom_emoji=wanted.get("custom_emoji") or None,
            part_index=wanted["part_index"],
        )
        return Answer(answer.trace_id)

    def is_given(self, operation: Operation, theirs: resources.Message) -> bool:
        wanted = operation.payload
        return any(
            (index, one.type, one.custom_emoji or "")
            == (wanted["part_index"], wanted["type"], wanted.get("custom_emoji", ""))
            for index, one in theirs.reactions
            if one.is_me
        )

    def keep(self, operation: Operation, theirs: resources.Message) -> None:
        # Of ours there is one to a part: whatever else stood there has been replaced.
        Reaction.objects.filter(
            message=_about(operation), part_index=operation.payload["part_index"], is_me=True
        ).exclude(type="sticker").delete()
        inflow.save_reactions([theirs])


class AddReaction(_React):
    """POST /v3/messages/{id}/reactions. Confirmed by reaction.added of our own."""

    operation = "add"

    def shows(self, operation: Operation, theirs: resources.Message) -> bool:
        return self.is_given(operation, theirs)


class RemoveReaction(_React):
    """POST /v3/messages/{id}/reactions with `remove`. Confirmed by reaction.removed of our own."""

    operation = "remove"

    def shows(self, operation: Operation, theirs: resources.Message) -> bool:
        return not self.is_given(operation, theirs)
