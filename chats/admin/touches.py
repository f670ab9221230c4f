"""What was asked to be done with a message and is not done: below its bubble, until the remote confirms it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from chats import clock
from chats.models import Message, Operation
from chats.models.operation import OPEN, Kind, State
from chats.queries import access
from chats.queries.access import Person

# A failure is told of for so long; afterwards the activity page still knows it.
TOLD_FOR = timedelta(hours=24)
TEXT_LENGTH = 120

# The remote's tapbacks, as people know them.
TAPBACKS = {"love": "❤️", "like": "👍", "dislike": "👎", "laugh": "😂", "emphasize": "‼️", "question": "❓"}


@dataclass(frozen=True)
class Touch:
    """A change of a message that is pending or has failed."""

    pk: int
    kind: str
    words: str
    error: str
    """Why it failed; empty while it is pending."""
    trace_id: str
    can_retry: bool
    can_cancel: bool


def touches_of(message: Message, user: Person) -> list[Touch]:
    """Those of a message read by `chats.queries.inbox.thread_rows`, with what this person may do about each."""
    found = []
    last: dict[str, Operation] = {}
    for operation in getattr(message, "touches", []):
        last["reaction" if "reaction" in operation.kind else operation.kind] = operation
        if operation.state in {*OPEN, State.ACCEPTED} and operation.due_at is not None:
            found.append(_touch(operation, user))
    since = clock.now() - TOLD_FOR
    for operation in last.values():
        if operation.state != State.FAILED or operation.dismissed_at is not None:
            continue
        if operation.settled_at is not None and operation.settled_at > since:
            found.append(_touch(operation, user))
    return found


def sign_of(payload: dict[str, str]) -> str:
    """The sign of a reaction, from what asks for it."""
    return payload.get("custom_emoji") or TAPBACKS.get(payload.get("type", ""), "a reaction")


def _touch(operation: Operation, user: Person) -> Touch:
    failed = operation.state == State.FAILED
    has_a_say = access.has_a_say(user, operation)
    return Touch(
        pk=operation.pk,
        kind=operation.kind,
        words=_words(operation),
        error=operation.error if failed else "",
        trace_id=operation.trace_id if failed else "",
        can_retry=failed and has_a_say,
        can_cancel=operation.can_be_taken_back and has_a_say,
    )


def _words(operation: Operation) -> str:
    """What is being done, for "… pending" and "… failed"."""
    if operation.kind == Kind.EDIT_MESSAGE:
        text = str(operation.payload.get("text", ""))
        return f"Edit to “{text[:TEXT_LENGTH]}{'…' if len(text) > TEXT_LENGTH else ''}”"
    if operation.kind == Kind.ADD_REACTION:
        return f"Reaction {sign_of(operation.payload)}"
    if operation.kind == Kind.REMOVE_REACTION:
        return f"Taking {sign_of(operation.payload)} back"
    return "Deletion"
