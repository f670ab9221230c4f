"""How far a message came: a state that never moves backwards (law 6).

pending < queued < sent < delivered < read. `failed` ends it, but the remote says that a failed
delivery may still be followed by a delivered or read event, and then that is the truth.
"""

from __future__ import annotations

from datetime import datetime

from chats.models import Message

Status = Message.Status

_RANK = {
    Status.PENDING: 0,
    Status.QUEUED: 1,
    Status.SENT: 2,
    Status.FAILED: 3,
    Status.DELIVERED: 4,
    Status.RECEIVED: 4,
    Status.READ: 5,
}
_TIME_FIELD = {Status.SENT: "sent_at", Status.DELIVERED: "delivered_at", Status.READ: "read_at"}


def advance(message: Message, status: str, *, at: datetime | None = None) -> list[str]:
    """Move a message forward to `status`, and note when each stage was reached.

    Returns the names of the fields it changed: none for an event that says less than we know, in
    whatever order events come. The row is not saved here.
    """
    changed = []
    target = Status(status)
    time_field = _TIME_FIELD.get(target)
    if time_field and at is not None and getattr(message, time_field) is None:
        setattr(message, time_field, at)
        changed.append(time_field)
        if time_field == "sent_at" and message.is_ours:
            # Its place in the thread is where the other side has it.
            message.happened_at = at
            changed.append("happened_at")
    if _RANK[target] > _RANK[Status(message.delivery_status)]:
        message.delivery_status = target
        changed.append("delivery_status")
        if message.error and target != Status.FAILED:
            message.error, message.error_code, message.failed_at = "", None, None
            changed += ["error", "error_code", "failed_at"]
    return changed


def fail(message: Message, *, sentence: str, code: int | None, at: datetime) -> list[str]:
    """Mark a message as failed, unless it is known to have arrived. Returns the names of the changed fields.

    The first word of a failure stays, but a later one that names a code says more and takes its place: a reading
    of the chat tells neither the code nor the time.
    """
    if _RANK[Status(message.delivery_status)] > _RANK[Status.FAILED]:
        return []
    if message.delivery_status == Status.FAILED:
        if code is None or message.error_code is not None:
            return []
        message.error, message.error_code, message.failed_at = sentence[:500], code, at
        return ["error", "error_code", "failed_at"]
    message.delivery_status = Status.FAILED
    message.error = sentence[:500]
    message.error_code = code
    message.failed_at = at
    return ["delivery_status", "error", "error_code", "failed_at"]
