"""Writing what became of an operation, and of the message or change behind it.

Everything here runs inside the caller's transaction, on a row the caller has locked.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from chats import clock, live
from chats.engine import breaker, delivery, files, pacing
from chats.models import Attachment, Message, Operation
from chats.models.operation import BEST_EFFORT, PACE_OF, Kind, Pace, State
from chats.v3.errors import RemoteError

# When to look at the remote for something accepted whose event has not come: seconds after each other.
LOOK_AFTER = [20, 20, 40, 60, 120]
# How long a refusal that may pass is tried again before we give up.
PATIENCE = timedelta(hours=24)
_FIELDS = [
    "state",
    "fence",
    "due_at",
    "lease_expires_at",
    "accepted_at",
    "settled_at",
    "first_sent_at",
    "error",
    "error_code",
    "error_status",
    "trace_id",
    "pace",
]


def backoff(attempts: int) -> timedelta:
    """One second, doubled with each attempt up to five minutes, with up to half of it as jitter."""
    seconds = min(2.0 ** min(attempts - 1, 10), 300.0)
    return timedelta(seconds=seconds * random.uniform(1.0, 1.5))  # noqa: S311


def accept(operation: Operation, *, trace_id: str | None, look_again: bool) -> None:
    """The remote has it. `look_again` is False for effects that no event confirms: accepted is their end."""
    now = clock.now()
    operation.state = State.ACCEPTED
    operation.accepted_at = operation.accepted_at or now
    operation.settled_at = None if look_again else now
    operation.due_at = now + timedelta(seconds=LOOK_AFTER[0]) if look_again else None
    operation.lease_expires_at = None
    operation.error, operation.error_code, operation.error_status = "", None, None
    operation.trace_id = trace_id or operation.trace_id
    _save(operation)
    if look_again:
        breaker.answered(operation, operation.line)
    else:
        breaker.worked(operation)


def confirm(operation: Operation) -> None:
    """The remote showed the effect. Also right for one that we had given up."""
    now = clock.now()
    operation.state = State.CONFIRMED
    operation.accepted_at = operation.accepted_at or now
    operation.settled_at = now
    operation.due_at = operation.lease_expires_at = None
    operation.error, operation.error_code, operation.error_status = "", None, None
    _save(operation)
    breaker.worked(operation)


def fail(
    operation: Operation,
    *,
    sentence: str,
    code: int | None = None,
    status: int | None = None,
    trace_id: str | None = None,
    untouched: bool = False,
) -> None:
    """It will not happen, for the reason in `sentence`; a message of it is failed too.

    `untouched` says that the remote refused its first try, so whom it was to speak to has not been spoken to.
    """
    now = clock.now()
    operation.state = State.FAILED
    operation.settled_at = now
    operation.due_at = operation.lease_expires_at = None
    operation.error = sentence[:500]
    operation.error_code = code
    operation.error_status = status
    operation.trace_id = trace_id or operation.trace_id
    _save(operation)
    breaker.tells_nothing(operation, again_at=now)
    if untouched:
        pacing.give_back(operation, never_left=False)
    if operation.kind == Kind.UPLOAD_ATTACHMENT:
        _fail_what_waits(operation)
    if operation.message_id:
        message = Message.objects.get(pk=operation.message_id)
        changed = delivery.fail(message, sentence=sentence, code=code, at=now)
        if changed:
            message.trace_id = operation.trace_id or message.trace_id
            message.save(update_fields=[*changed, "trace_id"])


def _fail_what_waits(upload: Operation) -> None:
    """A file that cannot be uploaded fails the message that it is for, which has not left."""
    for attachment in Attachment.objects.select_for_update().filter(upload=upload):
        attachment.state, attachment.error = Attachment.State.FAILED, upload.error
        attachment.upload_url, attachment.upload_headers, attachment.upload_expires_at = "", {}, None
        attachment.save(update_fields=["state", "error", "upload_url", "upload_headers", "upload_expires_at"])
        sends = Operation.objects.select_for_update(of=("self",)).filter(message=attachment.message_id)
        for send in sends.filter(state=State.QUEUED, message__isnull=False):
            fail(send, sentence=files.failure(attachment), code=upload.error_code, trace_id=upload.trace_id)


def wait(
    operation: Operation, *, until: datetime, problem: RemoteError, untouched: bool, never_left: bool = False
) -> None:
    """The remote answered that it has not done it: try again at `until`.

    `untouched` says that neither this nor an earlier try can have had an effect there, so it can still be taken back;
    `never_left` that not even this one can.
    """
    operation.state = State.QUEUED
    operation.due_at = until
    operation.lease_expires_at = None
    operation.pace = PACE_OF.get(Kind(operation.kind), Pace.FREE)
    if untouched:
        operation.first_sent_at = None
        pacing.give_back(operation, never_left=never_left)
    breaker.tells_nothing(operation, again_at=until)
    _note(operation, problem)
    _save(operation)


def leave_unknown(operation: Operation, *, until: datetime, problem: RemoteError | None) -> None:
    """No answer came: look or ask again at `until`, with the same key."""
    operation.state = State.UNKNOWN
    operation.due_at = until
    operation.lease_expires_at = None
    if problem is not None:
        _note(operation, problem)
    _save(operation)


def look_later(operation: Operation, *, at_least: timedelta = timedelta(0)) -> bool:
    """Plan the next look at something accepted, `at_least` so far away. False when all looks are used up."""
    if operation.lookups >= len(LOOK_AFTER):
        return False
    operation.due_at = clock.now() + max(timedelta(seconds=LOOK_AFTER[operation.lookups]), at_least)
    operation.save(update_fields=["due_at"])
    return True


def stop_looking(operation: Operation) -> None:
    """Accepted stays the last that we know."""
    operation.due_at = None
    operation.settled_at = clock.now()
    operation.save(update_fields=["due_at", "settled_at"])


def _note(operation: Operation, problem: RemoteError) -> None:
    operation.error = problem.sentence[:500]
    operation.error_code = problem.code
    operation.error_status = problem.status
    operation.trace_id = problem.trace_id or operation.trace_id


def _save(operation: Operation) -> None:
    operation.save(update_fields=_FIELDS)
    announce(operation)


def announce(operation: Operation) -> None:
    """Tell open pages that the operation has moved, and with it the message or the chat that it is for."""
    if operation.kind in BEST_EFFORT:
        return  # nothing shows these
    live.announce("operation", line_id=operation.line_id, chat_id=operation.chat_id)
    shown = operation.message_id or operation.about_id
    if shown:
        live.announce("message", line_id=operation.line_id, chat_id=operation.chat_id, message_id=shown)
    elif operation.chat_id:
        live.announce("chat", line_id=operation.line_id, chat_id=operation.chat_id)
