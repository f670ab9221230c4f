"""Writing the remote's messages into our rows: one row each, whichever word of it comes first."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from chats import clock
from chats.engine import bulk, delivery, files, media, reading_sql, store
from chats.models import Chat, Handle, Message, Operation, Reaction
from chats.models.common import Service
from chats.v3 import content, resources


@dataclass(frozen=True)
class Saved:
    """What a reading of a chat's messages changed."""

    new: list[Message]
    moved: list[Message]
    """Known before, and brought forward: sent, delivered, read, failed, edited."""


def save_messages(chat: Chat, messages: Sequence[resources.Message]) -> Saved:
    """Add and update messages read from a chat. See `save_messages_of`."""
    return save_messages_of([(chat, messages)])[0]


def save_messages_of(readings: Sequence[tuple[Chat, Sequence[resources.Message]]]) -> list[Saved]:
    """Add and update messages read from several chats, in a fixed number of queries for all that are new.

    Nothing here counts as unread; see `chats.engine.news` for what is more than history. A message of ours that
    has not learnt its remote id yet may get a second row for a moment; `attach` joins the two when the answer comes.
    """
    messages = [message for _, several in readings for message in several]
    with transaction.atomic():
        # Chats are locked before anything else, and in one order.
        chats = Chat.objects.select_for_update(no_key=True).filter(pk__in=[chat.pk for chat, _ in readings])
        list(chats.order_by("pk").values_list("pk"))
        senders = {message.from_handle.handle[:320] for message in messages if message.from_handle is not None}
        handles = store.handles_of(dict.fromkeys(senders, ""))
        ids = [uuid.UUID(message.id) for message in messages]
        rows = {row.remote_id: row for row in Message.objects.select_for_update(no_key=True).filter(remote_id__in=ids)}
        saved = [Saved([], []) for _ in readings]
        for (chat, several), one in zip(readings, saved, strict=True):
            for message in several:
                row = rows.get(uuid.UUID(message.id))
                if row is None:
                    row = _row(chat, message, handles)
                    rows[row.remote_id] = row
                    one.new.append(row)
                elif row.pk is not None and progress(row, message):
                    one.moved.append(row)
        new = [row for one in saved for row in one.new]
        added = {row.pk: row for row in bulk.add(new, unique="remote_id")}
        save_reactions(messages)
        reading_sql.show_as_latest(
            [
                (chat, max(one.new, key=lambda row: row.happened_at))
                for (chat, _), one in zip(readings, saved, strict=True)
                if one.new
            ]
        )
        # A copy of this running beside us may have been first; its rows are the ones that count then.
        beside = [row.remote_id for row in new if row.pk not in added]
        theirs = {row.remote_id: row for row in Message.objects.filter(remote_id__in=beside)} if beside else {}
        for (chat, _), one in zip(readings, saved, strict=True):
            rows_there = [row if row.pk in added else theirs.get(row.remote_id) for row in one.new]
            one.new[:] = [row for row in rows_there if row is not None and row.chat_id == chat.pk]
        media.expect([row for one in saved for row in one.new])
        return saved


def progress(row: Message, message: resources.Message | resources.SentMessage) -> bool:
    """Bring a row forward to what the remote says of its message, and save what changed. False when nothing did."""
    changed = _edit(row, message) if isinstance(message, resources.Message) else []
    if message.service and row.service != message.service:
        row.service = store.known(message.service, Service)
        changed.append("service")
    for status, at in (
        (Message.Status.SENT, message.sent_at),
        (Message.Status.DELIVERED, message.delivered_at),
        (Message.Status.READ, getattr(message, "read_at", None)),
    ):
        if at is not None and row.is_ours:
            changed += delivery.advance(row, status, at=at)
    word = store.known(message.delivery_status, Message.Status)
    if word == Message.Status.FAILED:
        at = row.failed_at or row.happened_at
        changed += delivery.fail(row, sentence="The remote could not deliver this message.", code=None, at=at)
    elif word and row.is_ours:
        changed += delivery.advance(row, word)
    if changed:
        row.save(update_fields=sorted(set(changed)))
    return bool(changed)


def _edit(row: Message, message: resources.Message) -> list[str]:
    """Take over other words, unless we know of a later edit or have deleted the content. Returns the changed fields."""
    theirs, ours = _words(message.parts), _words(row.parts)
    if theirs == ours or len(theirs) != len(ours) or row.cleared_at is not None:
        return []
    at = message.updated_at or row.edited_at or clock.now()
    if row.edited_at is not None and at <= row.edited_at:
        return []
    row.parts, row.text, row.edited_at = _parts(message), content.plain_text(message.parts), at
    return ["parts", "text", "edited_at"]


def _parts(message: resources.Message) -> list[dict[str, object]]:
    """The parts without the reactions to them, which are rows of their own: events tell the ones without the others."""
    return [{key: value for key, value in part.items() if key != "reactions"} for part in message.parts]


def _words(parts: Sequence[dict[str, object]]) -> list[str]:
    """What the text parts say, whatever their spaces. Files and links cannot be edited."""
    return [" ".join(str(part.get("value") or "").split()) for part in parts if part.get("type") == "text"]


def attach(row: Message, remote_id: str) -> None:
    """Give a message of ours its remote id; a second row that came with that id is joined into it."""
    wanted = uuid.UUID(remote_id)
    if row.remote_id == wanted:
        return
    files.note_sent(row)
    if row.remote_id is None and row.delivery_status == Message.Status.FAILED:
        # We had given it up without a word of the remote's. Now there is one: the remote has it.
        row.delivery_status = Message.Status.PENDING
        row.error, row.error_code, row.failed_at = "", None, None
        row.save(update_fields=["delivery_status", "error", "error_code", "failed_at"])
    twin = Message.objects.select_for_update(no_key=True).filter(remote_id=wanted).exclude(pk=row.pk).first()
    if twin is not None:
        changed = [
            field
            for status, at in (("sent", twin.sent_at), ("delivered", twin.delivered_at), ("read", twin.read_at))
            if at is not None
            for field in delivery.advance(row, status, at=at)
        ]
        if twin.delivery_status == Message.Status.FAILED:
            at = twin.failed_at or twin.happened_at
            changed += delivery.fail(row, sentence=twin.error, code=twin.error_code, at=at)
        else:
            changed += delivery.advance(row, twin.delivery_status)
        if twin.edited_at is not None:
            row.parts, row.text, row.edited_at = twin.parts, twin.text, twin.edited_at
            changed += ["parts", "text", "edited_at"]
        Reaction.objects.filter(message=twin).update(message=row)
        Operation.objects.filter(about=twin).update(about=row)
        twin.delete()
        if changed:
            row.save(update_fields=sorted(set(changed)))
    row.remote_id = wanted
    row.save(update_fields=["remote_id"])


def show_as_latest(chat: Chat, message: Message) -> None:
    """Let the inbox show this message as the chat's last one, unless the chat holds a later one.

    A chat's place may be later than all its messages: it was renamed since, or made before it was read.
    """
    reading_sql.show_as_latest([(chat, message)])


def reaction_id(kind: str, remote_id: str | None) -> str:
    """The id by which a reaction is told from others of its kind by the same person.

    Only stickers stack. There is one tapback of a kind per person and part, whether or not its id is told.
    """
    return (remote_id or "")[:64] if kind == "sticker" else ""


def _row(chat: Chat, message: resources.Message, handles: dict[str, Handle]) -> Message:
    ours = bool(message.is_from_me)
    sender = handles.get(message.from_handle.handle[:320]) if message.from_handle is not None else None
    status = store.known(message.delivery_status, Message.Status)
    if not ours:
        status = Message.Status.RECEIVED
    happened_at = message.sent_at or message.created_at or clock.now()
    failed = status == Message.Status.FAILED
    return Message(
        chat=chat,
        remote_id=uuid.UUID(message.id),
        direction=Message.Direction.OUTBOUND if ours else Message.Direction.INBOUND,
        sender=sender,
        parts=_parts(message),
        text=content.plain_text(message.parts),
        effect={"name": message.effect.name, "type": message.effect.type} if message.effect else None,
        reply_to_remote_id=store.uuid_of(message.reply_to.message_id) if message.reply_to else None,
        reply_to_part=message.reply_to.part_index if message.reply_to else 0,
        service=store.known(message.service, Service),
        preferred_service=str(message.preferred_service or "")[:10],
        delivery_status=status or Message.Status.SENT,
        happened_at=happened_at,
        sent_at=message.sent_at,
        delivered_at=message.delivered_at,
        read_at=message.read_at,
        failed_at=happened_at if failed else None,
        error="The remote could not deliver this message." if failed else "",
        reconciled_at=message.reconciled_at,
    )


def save_reactions(messages: Sequence[resources.Message]) -> None:
    """Tapbacks ride inside the parts of a message that was read; they get rows of their own."""
    found = [(uuid.UUID(message.id), *reaction) for message in messages for reaction in message.reactions]
    if not found:
        return
    rows = {row.remote_id: row for row in Message.objects.filter(remote_id__in={one[0] for one in found})}
    Reaction.objects.bulk_create(
        [
            Reaction(
                message=rows[remote_id],
                part_index=index,
                handle=store.handle_of(reaction.handle.handle) if reaction.handle else None,
                is_me=reaction.is_me,
                type=reaction.type[:20],
                custom_emoji=(reaction.custom_emoji or "")[:40],
                remote_id=reaction_id(reaction.type, reaction.id),
            )
            for remote_id, index, reaction in found
            if remote_id in rows
        ],
        ignore_conflicts=True,
    )
