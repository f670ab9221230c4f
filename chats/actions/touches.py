"""What is done with a message that is there: edited, deleted, reacted to. Pending until the remote confirms it."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from chats import clock
from chats.actions.operations import enqueue
from chats.actions.rules import NotAllowed, Refused, record, require
from chats.models import Chat, Message, Operation, Reaction
from chats.models.common import Service
from chats.models.operation import OPEN, Kind, State
from chats.queries import access
from chats.v3.limits import MAX_TEXT_LENGTH, TAPBACKS

EDIT_WITHIN = timedelta(minutes=15)
MOST_EDITS = 5
MAX_EMOJI_LENGTH = 16
"""Ours, in characters: the longest emoji that people are joined into have fewer."""
CUSTOM = "custom"


def edit_message(*, message: Message, text: str, by: User, part_index: int = 0) -> Operation:
    """Ask the remote to put other words into a text of ours. The old ones stand until it confirms the new.

    Raises `NotAllowed` without `reply_to_chats`, or for somebody else's words without `retry_operations`;
    `Refused` for what cannot be edited: others' messages, no iMessage, no text, more than 15 minutes after it
    was sent, a sixth edit (linq-v3, 1.3), or words that are none, too many or the same.
    """
    _require_a_say(message, by)
    text = text.strip()
    if not text:
        raise Refused("Write something first.", field="text")
    if len(text) > MAX_TEXT_LENGTH:
        over = len(text) - MAX_TEXT_LENGTH
        raise Refused(f"This is {over:,} characters too long: {MAX_TEXT_LENGTH:,} is the most.", field="text")
    if "\0" in text:
        raise Refused("The text holds a character that cannot be sent.", field="text")
    with transaction.atomic():
        message = _locked(message)
        reason = why_no_edit(message)
        if reason:
            raise Refused(reason)
        if part_index >= len(message.parts) or message.parts[part_index].get("type") != "text":
            raise Refused("Only a text can be edited.")
        if Operation.objects.filter(about=message, kind=Kind.DELETE_MESSAGE, state__in=OPEN).exists():
            raise Refused("This message is being deleted.")
        edits = Operation.objects.filter(about=message, kind=Kind.EDIT_MESSAGE)
        if edits.exclude(state__in=[State.FAILED, State.CANCELLED]).count() >= MOST_EDITS:
            raise Refused(f"A message can be edited {MOST_EDITS} times at the most.")
        waiting = edits.filter(state__in=[*OPEN, State.ACCEPTED], due_at__isnull=False)
        last = waiting.filter(payload__part_index=part_index).order_by("-pk").first()
        now_says = last.payload.get("text") if last is not None else message.parts[part_index].get("value")
        if text == now_says:
            raise Refused("This is what it says already.", field="text")
        chat = message.chat
        record(by, "message.edit", line=chat.line, chat=chat, target=f"message {message.pk}")
        return enqueue(
            Kind.EDIT_MESSAGE,
            line=chat.line,
            chat=chat,
            by=by,
            about=message,
            payload={"part_index": part_index, "text": text},
            send_before=_sent_at(message) + EDIT_WITHIN,
        )


def why_no_edit(message: Message) -> str:
    """Why nobody can edit this message now, as a sentence; empty when it can be."""
    if not message.is_ours:
        return "Only our own messages can be edited."
    if message.cleared_at is not None or message.remote_id is None:
        return "This message cannot be edited."
    if (message.service or message.chat.service) != Service.IMESSAGE:
        return "Only an iMessage can be edited."
    if message.delivery_status == Message.Status.FAILED:
        return "A message that failed cannot be edited."
    if clock.now() >= _sent_at(message) + EDIT_WITHIN:
        return "A message can be edited for 15 minutes after it was sent."
    if all(part.get("type") != "text" for part in message.parts):
        return "Only a text can be edited."
    return "" if message.chat.left_at is None else "Our line has left this group."


def delete_message(*, message: Message, by: User) -> Operation:
    """Ask the remote to delete a message from its records; what it says goes here too, once that is done.

    It stays on the devices of everybody who got it: this takes nothing back (linq-v3, 1.3).

    Raises `NotAllowed` without `reply_to_chats`, or for somebody else's message without `retry_operations`;
    `Refused` for one that the remote does not have, is deleted already, or is being deleted.
    """
    _require_a_say(message, by)
    if not message.is_ours and not access.has_right(by, "chats.retry_operations"):
        raise NotAllowed("What others wrote is deleted by those who may retry operations.")
    with transaction.atomic():
        message = _locked(message)
        if message.deleted_at is not None:
            raise Refused("This message is deleted already.")
        if message.remote_id is None:
            raise Refused("This message was never sent, so there is nothing to delete.")
        if Operation.objects.filter(about=message, kind=Kind.DELETE_MESSAGE, state__in=OPEN).exists():
            raise Refused("This message is being deleted already.")
        chat = message.chat
        record(by, "message.delete", line=chat.line, chat=chat, target=f"message {message.pk}")
        return enqueue(Kind.DELETE_MESSAGE, line=chat.line, chat=chat, by=by, about=message)


def add_reaction(*, message: Message, type: str, by: User, emoji: str = "", part_index: int = 0) -> Operation:
    """Ask the remote to put a tapback on a message: one of `TAPBACKS`, or "custom" with an emoji.

    It takes the place of the line's earlier one. Raises `NotAllowed` without `reply_to_chats`; `Refused` for
    a message that takes none (SMS, deleted, not sent), a reaction that is none, or that is there already.
    """
    require(by, "reply_to_chats", message.chat.line)
    wanted = _reaction(type, emoji, part_index)
    with transaction.atomic():
        message = _locked(message)
        reason = why_no_reaction(message)
        if reason:
            raise Refused(reason)
        if part_index >= len(message.parts):
            raise Refused("The message has no such part.")
        if _is_given(message, wanted):
            raise Refused("This reaction is there already.")
        record(by, "reaction.add", line=message.chat.line, chat=message.chat, target=f"message {message.pk}")
        return _ask(Kind.ADD_REACTION, message, wanted, by)


def remove_reaction(*, message: Message, type: str, by: User, emoji: str = "", part_index: int = 0) -> Operation:
    """Ask the remote to take our own tapback off a message.

    Raises `NotAllowed` without `reply_to_chats`; `Refused` when it is not there, or is a sticker, which stays
    for ever (linq-v3, 1.3).
    """
    require(by, "reply_to_chats", message.chat.line)
    wanted = _reaction(type, emoji, part_index)
    with transaction.atomic():
        message = _locked(message)
        reason = why_no_reaction(message)
        if reason:
            raise Refused(reason)
        if not _is_given(message, wanted):
            raise Refused("This reaction is not there any more.")
        record(by, "reaction.remove", line=message.chat.line, chat=message.chat, target=f"message {message.pk}")
        return _ask(Kind.REMOVE_REACTION, message, wanted, by)


def why_no_reaction(message: Message) -> str:
    """Why nobody can react to this message, as a sentence; empty when somebody can."""
    if message.remote_id is None or message.deleted_at is not None:
        return "The remote does not have this message, so nobody can react to it."
    if message.delivery_status == Message.Status.FAILED:
        return "Nobody got this message, so nobody can react to it."
    if (message.service or message.chat.service) == Service.SMS:
        return "There are no reactions on SMS."
    return "" if message.chat.left_at is None else "Our line has left this group."


def _ask(kind: Kind, message: Message, wanted: dict[str, Any], by: User) -> Operation:
    chat = message.chat
    return enqueue(kind, line=chat.line, chat=chat, by=by, about=message, payload=wanted)


def _reaction(type: str, emoji: str, part_index: int) -> dict[str, Any]:
    if type == CUSTOM:
        emoji = emoji.strip()
        if not _is_emoji(emoji):
            raise Refused("Choose a single emoji.", field="emoji")
    elif type not in TAPBACKS or emoji:
        raise Refused("There is no such reaction.", field="type")
    return {"part_index": part_index, "type": type, "custom_emoji": emoji}


def _is_emoji(text: str) -> bool:
    """Whether this can be an emoji: short, and drawn. Which ones there are changes every year."""
    if not 1 <= len(text) <= MAX_EMOJI_LENGTH:
        return False
    drawn = [one for one in text if unicodedata.category(one) in {"So", "Sk"} or one == "\u20e3"]
    return bool(drawn) and all(_is_of_an_emoji(one) for one in text)


def _is_of_an_emoji(one: str) -> bool:
    # Beside what is drawn: marks on it, what joins several into one, the letters of a flag's region, keycaps.
    return (
        unicodedata.category(one) in {"So", "Sk", "Mn", "Me"}
        or one in "0123456789#*\u203c\u2049\u200d"
        or "\U000e0020" <= one <= "\U000e007f"
    )


def _is_given(message: Message, wanted: dict[str, Any]) -> bool:
    """Whether our reaction is there, or will be once all that was asked for is done."""
    asked = Operation.objects.filter(
        about=message,
        kind__in=[Kind.ADD_REACTION, Kind.REMOVE_REACTION],
        state__in=[*OPEN, State.ACCEPTED],
        due_at__isnull=False,
        payload__part_index=wanted["part_index"],
    )
    last = asked.order_by("-pk").first()
    if last is not None:
        same = (last.payload["type"], last.payload["custom_emoji"]) == (wanted["type"], wanted["custom_emoji"])
        if same or last.kind == Kind.ADD_REACTION:
            return same and last.kind == Kind.ADD_REACTION
    ours = Reaction.objects.filter(message=message, is_me=True, part_index=wanted["part_index"], type=wanted["type"])
    return ours.filter(custom_emoji=wanted["custom_emoji"]).exists()


def _locked(message: Message) -> Message:
    """The message with its chat locked: two changes of one chat are checked one after the other."""
    Chat.objects.select_for_update(of=("self",)).get(pk=message.chat_id)
    return Message.objects.select_for_update(of=("self",)).select_related("chat__line").get(pk=message.pk)


def _sent_at(message: Message) -> datetime:
    return message.sent_at or message.happened_at


def _require_a_say(message: Message, by: User) -> None:
    """Whoever wrote a message may change it; a colleague's needs the right. What nobody here wrote is everybody's."""
    require(by, "reply_to_chats", message.chat.line)
    if message.author_id not in {None, by.pk} and not access.has_right(by, "chats.retry_operations"):
        raise NotAllowed("A colleague wrote this message.")
