"""Changing groups. None of these has an idempotency key; each has the same effect asked once or twice."""

from __future__ import annotations

from abc import abstractmethod

from chats.engine import store
from chats.engine.kinds.base import Answer, Handler, Look, Sight
from chats.engine.kinds.messages import chat_id_of
from chats.models import Operation, Participant
from chats.v3 import resources
from chats.v3.client import Client


class _Change(Handler):
    def look(self, client: Client, operation: Operation) -> Look:
        chat = client.chats.retrieve(chat_id_of(operation))
        sight = Sight.THERE if self.shows(operation, chat) else Sight.NOT_YET
        return Look(sight, lambda: _keep(chat))

    @abstractmethod
    def shows(self, operation: Operation, chat: resources.Chat) -> bool:
        """Whether the remote's chat shows the effect."""


def _keep(chat: resources.Chat) -> None:
    store.save_chats([chat])


def _is_in(chat: resources.Chat, handle: str) -> bool:
    return any(one.handle == handle and (one.status or "active") == Participant.Status.ACTIVE for one in chat.handles)


class RenameGroup(_Change):
    """PUT /v3/chats/{id} display_name. Confirmed by chat.group_name_updated."""

    def call(self, client: Client, operation: Operation) -> Answer:
        answer = client.chats.update(chat_id_of(operation), display_name=operation.payload["display_name"])
        return Answer(answer.trace_id)

    def shows(self, operation: Operation, chat: resources.Chat) -> bool:
        return bool(chat.display_name == operation.payload["display_name"])


class SetGroupIcon(_Change):
    """PUT /v3/chats/{id} group_chat_icon. Confirmed by chat.group_icon_updated."""

    def call(self, client: Client, operation: Operation) -> Answer:
        answer = client.chats.update(chat_id_of(operation), group_chat_icon=operation.payload["group_chat_icon"])
        return Answer(answer.trace_id)

    def shows(self, operation: Operation, chat: resources.Chat) -> bool:
        # The remote may keep a copy under an address of its own; another picture than before is the sign then.
        wanted, before = operation.payload["group_chat_icon"], operation.payload.get("before", "")
        return chat.group_chat_icon == wanted or chat.group_chat_icon not in {None, "", before}


class AddParticipant(_Change):
    """POST /v3/chats/{id}/participants. Confirmed by participant.added; no event tells of a failure."""

    def call(self, client: Client, operation: Operation) -> Answer:
        return Answer(client.participants.add(chat_id_of(operation), operation.payload["handle"]).trace_id)

    def shows(self, operation: Operation, chat: resources.Chat) -> bool:
        return _is_in(chat, operation.payload["handle"])


class RemoveParticipant(_Change):
    """DELETE /v3/chats/{id}/participants. Confirmed by participant.removed."""

    def call(self, client: Client, operation: Operation) -> Answer:
        return Answer(client.participants.remove(chat_id_of(operation), operation.payload["handle"]).trace_id)

    def shows(self, operation: Operation, chat: resources.Chat) -> bool:
        return not _is_in(chat, operation.payload["handle"])


class LeaveGroup(_Change):
    """POST /v3/chats/{id}/leave. Confirmed by participant.removed for our own line."""

    def call(self, client: Client, operation: Operation) -> Answer:
        return Answer(client.chats.leave(chat_id_of(operation)).trace_id)

    def shows(self, operation: Operation, chat: resources.Chat) -> bool:
        ours = next((one for one in chat.handles if one.is_me), None)
        return ours is None or (ours.status or "active") != Participant.Status.ACTIVE
