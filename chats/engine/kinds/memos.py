"""Voice memos: messages that the remote takes without a key (linq-v3, 1.2)."""

from __future__ import annotations

from functools import partial

from chats.engine import inflow, search
from chats.engine.kinds.base import Answer, Look, Sight
from chats.engine.kinds.messages import Sends, chat_id_of, message_of
from chats.models import Message, Operation
from chats.v3 import content, resources
from chats.v3.client import Client


class SendVoiceMemo(Sends):
    """POST /v3/chats/{id}/voicememo. Confirmed by message.sent and what follows it.

    It takes no key, so one without an answer is looked for among the chat's messages and never sent again by itself.
    """

    has_key = False
    may_be_repeated = False

    def call(self, client: Client, operation: Operation) -> Answer:
        given = operation.payload
        memo = client.chats.send_voice_memo(
            chat_id_of(operation), voice_memo_url=given.get("url"), attachment_id=given.get("attachment_id")
        )
        return Answer(memo.trace_id, partial(_accept, message_of(operation).pk, memo))

    def look(self, client: Client, operation: Operation) -> Look:
        message = message_of(operation)
        if message.remote_id is not None:
            return super().look(client, operation)
        theirs = search.memo_in_chat(client, chat_id_of(operation), operation)
        if theirs is None:
            return Look(Sight.NOT_YET)
        return Look(Sight.THERE, partial(_found, message.pk, theirs))


def _accept(message_id: int, memo: resources.VoiceMemo) -> None:
    row = Message.objects.select_for_update(no_key=True).get(pk=message_id)
    inflow.attach(row, memo.id)
    if memo.file:
        row.parts = [{"type": "media", **memo.file}]
        row.text = content.plain_text(row.parts)
    if memo.trace_id:
        row.trace_id = memo.trace_id[:64]
    row.save(update_fields=["parts", "text", "trace_id"])


def _found(message_id: int, theirs: resources.Message) -> None:
    row = Message.objects.select_for_update(no_key=True).get(pk=message_id)
    inflow.attach(row, theirs.id)
    row.parts, row.text = list(theirs.parts), content.plain_text(theirs.parts)
    row.save(update_fields=["parts", "text"])
    inflow.progress(row, theirs)
