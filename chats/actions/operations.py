"""Making operations, and taking them back or trying them again."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from chats import clock, live
from chats.actions.rules import NotAllowed, Refused, record, require
from chats.engine import files, lanes, wake
from chats.models import Chat, Handle, Lane, Line, Message, Operation
from chats.models.operation import ACCOUNT_WIDE, BEST_EFFORT, NOT_THERE, OPEN, PACE_OF, Kind, Pace, Priority, State
from chats.queries import access

# How long the remote may take to show what it accepted before we go and look.
CONFIRM_WITHIN = timedelta(seconds=20)
BLOCKED = 2026
FILE_UNKNOWN = 2003


def enqueue(
    kind: Kind,
    *,
    line: Line,
    chat: Chat | None,
    by: User | None,
    payload: dict[str, Any] | None = None,
    message: Message | None = None,
    about: Message | None = None,
    key: uuid.UUID | None = None,
    retry_of: Operation | None = None,
    lane: Lane | None = None,
    priority: Priority = Priority.PERSON,
    send_before: datetime | None = None,
) -> Operation:
    """Write the operation and wake its lane on commit: the line's or the account's, unless another one is given.

    Call it inside the transaction of the change. `send_before` is its last useful moment: past it, it fails as
    too late instead of leaving. Raises `Refused` for one that is past already.
    """
    lane = lane or lanes.lane_of(None if kind in ACCOUNT_WIDE else line)
    now = clock.now()
    if send_before is not None and send_before <= now:
        raise Refused("Its last useful moment has passed already.", field="send_before")
    operation = Operation.objects.create(
        key=key or uuid.uuid4(),
        kind=kind,
        lane=lane,
        line=line,
        chat=chat,
        message=message,
        about=about,
        retry_of=retry_of,
        payload=payload or {},
        priority=priority,
        send_before=send_before,
        pace=PACE_OF.get(kind, Pace.FREE),
        requested_by=by,
        created_at=now,
        due_at=now,
    )
    if kind not in BEST_EFFORT:
        _announce(operation)
    wake.wake_lane(lane.pk)
    return operation


def is_pending(kinds: Collection[Kind], **wanted: Any) -> bool:
    """Whether such a change was asked for and is neither confirmed nor refused yet.

    Call it with whatever these changes are about locked, so that of two clicks the second one sees the first.
    """
    rows = Operation.objects.filter(kind__in=kinds, state__in=[*OPEN, State.ACCEPTED], due_at__isnull=False, **wanted)
    return rows.exists()


def cancel_operation(*, operation: Operation, by: User) -> Operation:
    """Take back an operation that the remote surely does not have: see `NOT_THERE`.

    Whoever claims it at the same moment wins or loses as a whole: it is either sent or taken back.

    Raises `NotAllowed` for somebody else's without `retry_operations`, and `Refused` once it may have
    reached the remote: then it can no longer be taken back.
    """
    _require_a_say(operation, by)
    _refuse_upload(operation, "Take back the message that it is for.")
    with transaction.atomic():
        now = clock.now()
        files.lock_uploads(operation.message_id)
        taken_back = Operation.objects.filter(NOT_THERE, pk=operation.pk).update(
            state=Operation.State.CANCELLED, settled_at=now, due_at=None, error=""
        )
        if not taken_back:
            raise Refused("The remote may have it already, so it can no longer be taken back.")
        if operation.message_id:
            Message.objects.filter(pk=operation.message_id).update(
                delivery_status=Message.Status.FAILED, failed_at=now, error="Taken back before it was sent."
            )
            files.take_back(operation.message_id)
        record(by, "operation.cancel", line=operation.line, chat=operation.chat, target=f"operation {operation.pk}")
        _announce(operation)
    operation.refresh_from_db()
    return operation


def retry_operation(*, operation: Operation, by: User) -> Operation:
    """Try a failed operation again.

    One that the remote never accepted keeps its key, so that a try which did arrive unseen is not
    repeated. A message that the remote accepted and then could not deliver leaves as a new message
    with a key of its own: the old key would only replay the old answer.

    Raises `NotAllowed` for somebody else's without `retry_operations`, `Refused` unless it has failed.
    """
    _require_a_say(operation, by)
    _refuse_upload(operation, "Retry the message that it is for; its files go up with it.")
    with transaction.atomic():
        if operation.chat_id is not None:
            # Chat before operation, as everywhere.
            Chat.objects.select_for_update(no_key=True).filter(pk=operation.chat_id).first()
        files.lock_uploads(operation.message_id)
        rows = Operation.objects.select_for_update(of=("self",)).select_related("chat", "line", "message")
        row = rows.get(pk=operation.pk)
        if row.state != Operation.State.FAILED:
            raise Refused("Only what has failed can be tried again.")
        if row.cleared_at is not None or (row.message is not None and row.message.cleared_at is not None):
            raise Refused("What it said is no longer kept here, so it cannot be tried again.")
        record(by, "operation.retry", line=row.line, chat=row.chat, target=f"operation {row.pk}")
        if row.message is not None:
            files.try_again(row.message, lost=row.error_code == FILE_UNKNOWN)
        if row.message is not None and row.message.remote_id is not None:
            return _send_anew(row, by)
        if row.kind in ACCOUNT_WIDE or row.about_id is not None:
            _refuse_when_overtaken(row)
        if row.error_code == BLOCKED and row.chat is not None:
            # Only the remote knows the block list. Whoever tries again says that it has changed: ask it.
            people = Handle.objects.filter(participations__chat=row.chat, participations__is_me=False)
            people.update(blocked_at=None)
        now = clock.now()
        row.state = Operation.State.QUEUED
        row.due_at = now
        row.pace = PACE_OF.get(Kind(row.kind), Pace.FREE)
        row.settled_at = None
        row.attempts = row.lookups = 0
        row.retried_at = now
        row.dismissed_at = row.dismissed_by = None
        row.save(
            update_fields=["state", "due_at", "settled_at", "attempts", "lookups", "retried_at", "pace"]
            + ["dismissed_at", "dismissed_by"]
        )
        if row.message is not None:
            Message.objects.filter(pk=row.message.pk).update(
                delivery_status=Message.Status.PENDING, failed_at=None, error="", error_code=None
            )
        _announce(row)
        wake.wake_lane(row.lane_id)
    return row


def _refuse_when_overtaken(row: Operation) -> None:
    """A change that failed is not put on top of a later one of the same thing."""
    later = Operation.objects.filter(pk__gt=row.pk).exclude(state__in=[State.FAILED, State.CANCELLED])
    if row.about_id is not None:
        later = later.filter(about=row.about_id, payload__part_index=row.payload.get("part_index"))
    elif "handle" in row.payload:
        kinds = {row.kind} if row.kind == Kind.CHECK_CAPABILITY else {Kind.BLOCK_HANDLE, Kind.UNBLOCK_HANDLE}
        later = later.filter(lane=row.lane, kind__in=kinds, payload__handle=row.payload["handle"])
    else:
        later = later.filter(line=row.line, kind=row.kind)
    if later.exists():
        raise Refused("It has been asked for anew since.")


def dismiss_operation(*, operation: Operation, by: User) -> Operation:
    """Stop showing a failed operation in its chat, to the whole team; it stays in the activity.

    Doing so twice is done once. Trying it again shows it again, should it fail once more.

    Raises `NotAllowed` for somebody else's without `retry_operations`, `Refused` unless it has failed.
    """
    _require_a_say(operation, by)
    with transaction.atomic():
        row = Operation.objects.select_for_update(of=("self",)).select_related("line", "chat").get(pk=operation.pk)
        if row.state != Operation.State.FAILED:
            raise Refused("Only what has failed can be dismissed.")
        if row.dismissed_at is None:
            row.dismissed_at, row.dismissed_by = clock.now(), by
            row.save(update_fields=["dismissed_at", "dismissed_by"])
            record(by, "operation.dismiss", line=row.line, chat=row.chat, target=f"operation {row.pk}")
            _announce(row)
    return row


def _send_anew(row: Operation, by: User) -> Operation:
    """A new message with the content of one that was accepted and then failed."""
    assert row.message is not None  # noqa: S101
    if row.chat is None or row.line is None:
        raise Refused("The chat of this message is gone.")
    if Operation.objects.filter(retry_of=row).exists():
        raise Refused("It has already been sent again.")
    key = uuid.uuid4()
    old = row.message
    now = clock.now()
    again = Message.objects.create(
        chat=row.chat,
        key=str(key),
        direction=Message.Direction.OUTBOUND,
        author=by,
        parts=old.parts,
        text=old.text,
        effect=old.effect,
        reply_to_remote_id=old.reply_to_remote_id,
        reply_to_part=old.reply_to_part,
        preferred_service=old.preferred_service,
        happened_at=now,
    )
    old.attachments.update(message=again)
    live.announce("message", line_id=row.line.pk, chat_id=row.chat.pk, message_id=again.pk)
    return enqueue(
        # Whatever began the chat, it is there now.
        Kind.SEND_VOICE_MEMO if row.kind == Kind.SEND_VOICE_MEMO else Kind.SEND_MESSAGE,
        line=row.line,
        chat=row.chat,
        by=by,
        payload=row.payload if row.kind == Kind.SEND_VOICE_MEMO else None,
        message=again,
        key=key,
        retry_of=row,
    )


def _refuse_upload(operation: Operation, sentence: str) -> None:
    """An upload is part of sending a message, and follows it."""
    if operation.kind == Kind.UPLOAD_ATTACHMENT:
        raise Refused(sentence)


def _require_a_say(operation: Operation, by: User) -> None:
    """Whoever asked for it may take it back or retry it; others need the right."""
    if operation.requested_by_id == by.pk and access.operations_for(by).filter(pk=operation.pk).exists():
        if access.has_a_say(by, operation):
            return
        raise NotAllowed("Your role no longer allows this.")
    require(by, "retry_operations", operation.line)


def _announce(operation: Operation) -> None:
    live.announce("operation", line_id=operation.line_id, chat_id=operation.chat_id)
    shown = operation.message_id or operation.about_id
    if shown:
        live.announce("message", line_id=operation.line_id, chat_id=operation.chat_id, message_id=shown)
