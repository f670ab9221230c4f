"""Sending messages, starting chats, and marking as read."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef

from chats import clock, live
from chats.actions import attachments
from chats.actions.operations import enqueue
from chats.actions.rules import Refused, record, require
from chats.engine import adopt, opening, titles
from chats.models import Chat, Handle, Line, Message, Operation, Participant
from chats.models.common import Service
from chats.models.operation import OPEN, Priority
from chats.v3 import content
from chats.v3.handles import InvalidHandle, clean_handle

PREVIEW_LENGTH = 160


def send_message(
    *,
    chat: Chat,
    text: str,
    by: User,
    key: uuid.UUID,
    files: Sequence[int] = (),
    reply_to: Message | None = None,
    priority: Priority = Priority.PERSON,
    send_before: datetime | None = None,
) -> Message:
    """Send a text into a chat, or files, or both. It shows as pending at once and leaves with its line's lane.

    `files` are attachments that the same person has stored for the line; they follow the text as parts, in order,
    and the message waits until the remote has all of them.

    `key` is made by whoever asks, once for each intent: asking again with the same key, a double
    click say, gives back the message that is already there.

    `reply_to` is the message that it answers. `priority` lets people's own words overtake automatic ones.
    Past `send_before`, its last useful moment, it fails as too late instead of leaving.

    Raises `NotAllowed` without `reply_to_chats` on the chat's line, and `Refused` for a text that is
    empty or too long (the remote's content rules), a file that is not there, a group that our line has left, an
    answer to a message of another chat, or a last useful moment that has passed.
    """
    require(by, "reply_to_chats", chat.line)
    parts = _checked_text(text, key=key, chat=chat) if text.strip() or not files else []
    with transaction.atomic():
        chat = Chat.objects.select_for_update(no_key=True, of=("self",)).select_related("line").get(pk=chat.pk)
        already = Message.objects.filter(key=str(key)).first()
        if already is not None:
            if already.chat_id != chat.pk:
                raise Refused("This message was already sent in another chat.")
            return already
        if chat.left_at is not None:
            raise Refused("Our line has left this group, so nothing can be sent.")
        if chat.remote_id is None and not _is_being_started(chat):
            raise Refused("This chat was never started. Try its first message again, or start a new chat.")
        if reply_to is not None and (reply_to.chat_id != chat.pk or reply_to.remote_id is None):
            raise Refused("The message that this answers is not there any more.", field="reply_to")
        taken = attachments.take(files, line=chat.line, by=by)
        parts = [*parts, *(one.as_part for one in taken)]
        message = write_message(chat, parts, by=by, key=key, reply_to=reply_to)
        attachments.upload_with(message, taken, chat=chat, by=by, first_part=len(parts) - len(taken))
        enqueue(
            Operation.Kind.SEND_MESSAGE,
            line=chat.line,
            chat=chat,
            by=by,
            message=message,
            key=key,
            priority=priority,
            send_before=send_before,
        )
        record(by, "message.send", line=chat.line, chat=chat, target=f"message {message.pk}")
    return message


def start_chat(
    *,
    line: Line,
    to: Sequence[str],
    text: str,
    by: User,
    key: uuid.UUID,
    priority: Priority = Priority.PERSON,
    send_before: datetime | None = None,
) -> Chat:
    """Start a chat with one person, or a group with several, by sending its first message.

    A person we already have a direct chat with on this line is written to there. `priority` and `send_before`
    are those of `send_message`.

    Raises `NotAllowed` without `reply_to_chats` on the line; `Refused` for a handle that is none, no
    handle at all, more than 31, or a text that a first message may not hold (a link, for one).
    """
    require(by, "reply_to_chats", line)
    handles = _checked_handles(to, line)
    with transaction.atomic():
        # One start at a time on a line: the second of two finds the chat that the first has made.
        adopt.hold_starts(line.pk)
        already = Message.objects.filter(key=str(key), chat__line=line).select_related("chat").first()
        if already is not None:
            return already.chat
        while (existing := _chat_with(line, handles)) is not None:
            with suppress(Chat.DoesNotExist):
                send_message(chat=existing, text=text, by=by, key=key, priority=priority, send_before=send_before)
                return existing
            # It was joined just now with the one that we were starting (see `adopt`): look again.
        parts = _checked_text(text, key=key, chat=None)
        now = clock.now()
        chat = Chat.objects.create(line=line, is_group=len(handles) > 1, sort_at=now, messages_synced_at=now)
        ours = Handle.objects.get_or_create(value=line.phone_number)[0]
        Participant.objects.create(chat=chat, handle=ours, is_me=True, joined_at=now)
        for value in handles:
            theirs = Handle.objects.get_or_create(value=value)[0]
            Participant.objects.create(chat=chat, handle=theirs, joined_at=now)
        message = write_message(chat, parts, by=by, key=key)
        enqueue(
            Operation.Kind.CREATE_CHAT,
            line=line,
            chat=chat,
            by=by,
            message=message,
            key=key,
            payload={"to": handles},
            priority=priority,
            send_before=send_before,
        )
        titles.refresh([chat.pk])
        record(by, "chat.start", line=line, chat=chat, target=", ".join(handles))
    chat.refresh_from_db()
    return chat


def mark_read(*, chat: Chat, by: User) -> None:
    """Nothing is unread in this chat any more; the other side sees a read receipt where such exist.

    Receipts exist in direct iMessage and RCS chats only (linq-v3, section 5).
    Raises `NotAllowed` without `reply_to_chats` on the chat's line.
    """
    require(by, "reply_to_chats", chat.line)
    with transaction.atomic():
        cleared = Chat.objects.filter(pk=chat.pk, unread_count__gt=0).update(unread_count=0)
        if not cleared:
            return
        live.announce("chat", line_id=chat.line_id, chat_id=chat.pk)
        gives_receipts = not chat.is_group and chat.service != Service.SMS and chat.remote_id is not None
        waiting = Operation.objects.filter(chat=chat, kind=Operation.Kind.MARK_READ, state=Operation.State.QUEUED)
        if gives_receipts and not waiting.exists():
            enqueue(Operation.Kind.MARK_READ, line=chat.line, chat=chat, by=by)


def mark_unread(*, chat: Chat, by: User) -> None:
    """Put the chat back among the unread, for somebody to come back to it. Stays within the console."""
    require(by, "reply_to_chats", chat.line)
    with transaction.atomic():
        if Chat.objects.filter(pk=chat.pk, unread_count=0).update(unread_count=1):
            live.announce("chat", line_id=chat.line_id, chat_id=chat.pk)


def write_message(
    chat: Chat, parts: list[dict[str, object]], *, by: User, key: uuid.UUID, reply_to: Message | None = None
) -> Message:
    now = clock.now()
    text = content.plain_text(parts)
    message = Message.objects.create(
        chat=chat,
        key=str(key),
        direction=Message.Direction.OUTBOUND,
        author=by,
        parts=parts,
        text=text,
        reply_to_remote_id=reply_to.remote_id if reply_to is not None else None,
        happened_at=now,
    )
    chat.sort_at = now
    chat.last_message_text = text[:PREVIEW_LENGTH]
    chat.last_message_is_ours = True
    chat.save(update_fields=["sort_at", "last_message_text", "last_message_is_ours"])
    live.announce("message", line_id=chat.line_id, chat_id=chat.pk, message_id=message.pk)
    return message


def _checked_text(text: str, *, key: uuid.UUID, chat: Chat | None) -> list[dict[str, object]]:
    """The parts of a text message, or `Refused` with the sentence of the first rule it breaks."""
    text = text.strip()
    if not text:
        raise Refused("Write something first.", field="text")
    if len(text) > content.MAX_TEXT_LENGTH:
        over = len(text) - content.MAX_TEXT_LENGTH
        raise Refused(f"This is {over:,} characters too long: {content.MAX_TEXT_LENGTH:,} is the most.", field="text")
    parts: list[dict[str, object]] = [{"type": "text", "value": text}]
    message = {"parts": parts, "idempotency_key": str(key)}
    violations = content.check_message(message, opens_chat=chat is None)
    if violations:
        raise Refused(violations[0].message, field="text")
    return parts


def _checked_handles(to: Sequence[str], line: Line) -> list[str]:
    try:
        handles = list(dict.fromkeys(clean_handle(value) for value in to if value.strip()))
    except InvalidHandle as problem:
        raise Refused(str(problem), field="to") from None
    if not handles:
        raise Refused("Say who it is for: a phone number such as +14155550123, or an e-mail address.", field="to")
    if len(handles) > 31:
        raise Refused("A group can have 31 people at the most.", field="to")
    if line.phone_number in handles:
        raise Refused("That is the line's own number.", field="to")
    return handles


def _is_being_started(chat: Chat) -> bool:
    return Operation.objects.filter(chat=chat, kind=Operation.Kind.CREATE_CHAT, state__in=OPEN).exists()


def _chat_with(line: Line, handles: Sequence[str]) -> Chat | None:
    return _direct_chat(line, handles[0]) if len(handles) == 1 else _same_group(line, handles)


def _direct_chat(line: Line, handle: str) -> Chat | None:
    return (
        opening.started(line)
        .filter(is_group=False, participants__handle__value=handle, participants__is_me=False)
        .order_by("-sort_at")
        .first()
    )


def _same_group(line: Line, handles: Sequence[str]) -> Chat | None:
    """The group of exactly these people that the remote would reuse: one that nobody named (linq-v3, 1.2)."""
    ours = opening.started(line).filter(is_group=True, left_at__isnull=True)
    for value in handles:
        ours = ours.filter(
            Exists(
                Participant.objects.filter(
                    chat=OuterRef("pk"), handle__value=value, status=Participant.Status.ACTIVE, is_me=False
                )
            )
        )
    wanted = set(handles)
    for chat in ours.order_by("-sort_at")[:20]:
        people = Participant.objects.filter(chat=chat, is_me=False).select_related("handle__contact")
        unnamed = not chat.display_name or titles.is_list_of_handles(chat.display_name)
        if unnamed and {one.handle.value for one in people} == wanted:
            return chat
    return None
