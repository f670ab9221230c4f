"""Gates: what is checked when a message is about to leave, not only when it was planned (law 5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from chats.engine import files
from chats.models import Handle, Operation, Participant
from chats.models.operation import TALK, Kind

TOO_LATE = "It was too late to be useful, so it was not sent."
LOOK_FOR_FILES_AGAIN = timedelta(minutes=1)


@dataclass(frozen=True)
class Closed:
    """A gate that will not open for this operation: it fails with this sentence, nothing leaves."""

    sentence: str
    code: int | None = None


def check(operation: Operation, *, now: datetime) -> Closed | None:
    """The gate that holds this operation back for good, or None when it may leave."""
    if operation.send_before is not None and now >= operation.send_before:
        return Closed(TOO_LATE)
    if operation.line is not None and not operation.line.is_active:
        return Closed("The line is no longer part of the account, so nothing can leave by it.")
    chat = operation.chat
    if chat is None:
        return None
    if chat.remote_id is None and operation.kind != Kind.CREATE_CHAT:
        return Closed("This chat was never started. Try its first message again, then this.")
    if chat.left_at is not None and operation.kind != Kind.MARK_READ:
        return Closed("Our line has left this group, so nothing can be sent.", code=2013)
    if operation.kind in TALK and not chat.is_group:
        return _person_gate(chat.pk)
    return None


def check_files(operation: Operation, *, now: datetime) -> Closed | datetime | None:
    """Whether a message's files are with the remote: None when they are, else when to look again.

    That is only a safeguard: the last file that goes up wakes its message at once.
    """
    missing = files.missing(operation)
    if missing is None:
        return None
    if missing.state == missing.State.FAILED:
        return Closed(files.failure(missing))
    if missing.state in files.THERE and operation.message is not None:
        # The message has waited for so long that its files may have ended at the remote.
        files.try_again(operation.message, lost=False)
    return now + LOOK_FOR_FILES_AGAIN


def _person_gate(chat_id: int) -> Closed | None:
    """Opt-out and block stop direct messages only; groups are neither marked nor blocked (linq-v3, 6.2)."""
    person = Handle.objects.filter(
        participations__chat=chat_id, participations__is_me=False, participations__status=Participant.Status.ACTIVE
    ).first()
    if person is None:
        return None
    if person.opted_out_at is not None:
        return Closed("This person has opted out, so nothing can be sent until they write again.", code=2024)
    if person.blocked_at is not None:
        return Closed("This person is on the block list. Unblock them first.", code=2026)
    return None
