"""What the account knows of a person: blocked or not, and what reaches them. By the account's lane."""

from __future__ import annotations

from functools import partial

from chats import clock, live
from chats.engine.kinds.base import Answer, Handler, Look, Sight
from chats.models import Chat, Operation
from chats.models import Handle as Person
from chats.v3 import resources
from chats.v3.client import Client

MOST_CHATS = 50


def _handle(operation: Operation) -> str:
    return str(operation.payload["handle"])


def _put(value: str, blocked: resources.BlockedHandle | None) -> None:
    """Write whether somebody is on the block list, and tell the pages of their chats."""
    people = Person.objects.filter(value=value)
    if blocked is None:
        people.update(blocked_at=None, block_reason="")
    else:
        people.update(blocked_at=blocked.blocked_at or clock.now(), block_reason=(blocked.reason or "")[:500])
    chats = Chat.objects.filter(participants__handle__value=value).order_by("-sort_at")
    for pk, line_id in chats.values_list("pk", "line_id")[:MOST_CHATS]:
        live.announce("chat", line_id=line_id, chat_id=pk)


def _put_capability(value: str, column: str, available: bool) -> None:
    Person.objects.filter(value=value).update(**{column: available, f"{column}_at": clock.now()})


def _on_the_list(client: Client, value: str) -> resources.BlockedHandle | None:
    return next((one for one in client.blocked_handles.list() if one.handle == value), None)


class BlockHandle(Handler):
    """POST /v3/blocked_handles. The answer is the entry itself; no event tells of it. Twice is as once."""

    is_confirmed = False

    def call(self, client: Client, operation: Operation) -> Answer:
        value = _handle(operation)
        blocked = client.blocked_handles.block(value, reason=operation.payload.get("reason") or None)
        return Answer(None, partial(_put, value, blocked))

    def look(self, client: Client, operation: Operation) -> Look:
        blocked = _on_the_list(client, _handle(operation))
        if blocked is None:
            return Look(Sight.NOT_YET)
        return Look(Sight.THERE, partial(_put, _handle(operation), blocked))


class UnblockHandle(Handler):
    """DELETE /v3/blocked_handles. Answered with nothing, whether or not they were on the list."""

    is_confirmed = False

    def call(self, client: Client, operation: Operation) -> Answer:
        answer = client.blocked_handles.unblock(_handle(operation))
        return Answer(answer.trace_id, partial(_put, _handle(operation), None))

    def look(self, client: Client, operation: Operation) -> Look:
        if _on_the_list(client, _handle(operation)) is not None:
            return Look(Sight.NOT_YET)
        return Look(Sight.THERE, partial(_put, _handle(operation), None))


class CheckCapability(Handler):
    """POST /v3/capability/check_imessage and check_rcs: one of the account in ten seconds; changes nothing there."""

    is_confirmed = False
    most_attempts = 5

    def call(self, client: Client, operation: Operation) -> Answer:
        service, value = operation.payload["service"], _handle(operation)
        from_ = operation.line.phone_number if operation.line is not None else None
        check = client.capability.check_imessage if service == "iMessage" else client.capability.check_rcs
        told = check(value, from_=from_)
        column = "has_imessage" if service == "iMessage" else "has_rcs"
        return Answer(None, partial(_put_capability, value, column, told.available))

    def look(self, client: Client, operation: Operation) -> Look:
        return Look(Sight.NOT_YET)
