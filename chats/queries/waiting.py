"""Why an operation has not left, or is not settled yet, as one sentence for the person who waits."""

from __future__ import annotations

from django.db.models import Q

from chats import clock
from chats.engine.claims import CHANGES, TALK
from chats.models import Operation
from chats.models.operation import OPEN, Kind, State


def why(operation: Operation) -> str:
    """One sentence; empty once nothing is left to wait for. Reads the lane, and the chat's earlier operations."""
    now = clock.now()
    if operation.state == State.SENDING:
        return "It is being sent right now."
    if operation.state == State.ACCEPTED:
        return "" if operation.due_at is None else "The remote has it and has not shown the effect yet."
    if operation.state == State.UNKNOWN:
        return (
            "The remote may have it: its reply never came. It is settled by the same key, an event or "
            "a look at the remote, never sent blindly again."
        )
    if operation.state != State.QUEUED:
        return ""
    if operation.lane.rest_until is not None and operation.lane.rest_until > now:
        return "The line rests, because the remote asked us to wait; nothing leaves on it before then."
    if _earlier_is_open(operation):
        return "An earlier operation of the same chat has to be settled first, so that their order is kept."
    if operation.due_at is not None and operation.due_at > now:
        if operation.attempts:
            return "The last try did not go through; it is tried again at the time below."
        return "It is planned for the time below."
    if operation.lane.lease_expires_at is not None and operation.lane.lease_expires_at > now:
        return "A worker is busy on this line; it leaves when its turn comes."
    return "It is due and waits for a worker; if this lasts, check that the workers run."


def rests(operation: Operation) -> bool:
    """Whether the operation's line rests at this moment."""
    return operation.lane.rest_until is not None and operation.lane.rest_until > clock.now()


def _earlier_is_open(operation: Operation) -> bool:
    """Whether the order within a chat holds it back: the rule is that of `chats.engine.claims`."""
    if operation.chat_id is None:
        return False
    alike = Q(kind=Kind.CREATE_CHAT)
    for kinds in (TALK, CHANGES):
        if operation.kind in kinds:
            alike |= Q(kind__in=kinds)
    earlier = Operation.objects.filter(
        alike, chat=operation.chat_id, pk__lt=operation.pk, priority__lte=operation.priority, state__in=OPEN
    )
    return earlier.exists()
