"""What the account knows of a person: blocked or not, and what reaches them. It holds for every line."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction

from chats import clock
from chats.actions.operations import enqueue, is_pending
from chats.actions.rules import Refused, record, require
from chats.models import Chat, Handle, Operation
from chats.models.operation import Kind
from chats.v3.handles import is_email

MAX_REASON_LENGTH = 200
BLOCKS = [Kind.BLOCK_HANDLE, Kind.UNBLOCK_HANDLE]
# Answers are good for minutes, not for days (linq-v3, 1.9).
CHECK_IS_GOOD_FOR = timedelta(minutes=10)
SERVICES = {"iMessage": "has_imessage_at", "RCS": "has_rcs_at"}


def block_person(*, chat: Chat, handle: Handle, reason: str, by: User) -> Operation:
    """Ask the remote to put somebody of this chat on the account's block list, for the reason that is given.

    From then on the remote drops what they write, on every line and without a word, and direct messages to them
    are refused (linq-v3, 1.11). Raises `NotAllowed` without `reply_to_chats`; `Refused` without a reason, for
    our own line, or while they are blocked or their block is being changed.
    """
    require(by, "reply_to_chats", chat.line)
    reason = " ".join(reason.replace("\0", "").split())
    if not reason:
        raise Refused("Say why: whoever wants to unblock them later has to know.", field="reason")
    if len(reason) > MAX_REASON_LENGTH:
        raise Refused(f"A reason can have {MAX_REASON_LENGTH} characters at the most.", field="reason")
    with transaction.atomic():
        handle = _of_chat(chat, handle)
        if handle.blocked_at is not None:
            raise Refused("They are blocked already.")
        record(by, "person.block", line=chat.line, chat=chat, target=handle.value, after=reason)
        payload = {"handle": handle.value, "reason": reason}
        return enqueue(Kind.BLOCK_HANDLE, line=chat.line, chat=chat, by=by, payload=payload)


def unblock_person(*, chat: Chat, handle: Handle, by: User) -> Operation:
    """Ask the remote to take somebody of this chat off the account's block list.

    Raises `NotAllowed` without `reply_to_chats`; `Refused` while they are not on it or that is being changed.
    """
    require(by, "reply_to_chats", chat.line)
    with transaction.atomic():
        handle = _of_chat(chat, handle)
        if handle.blocked_at is None:
            raise Refused("They are not blocked.")
        record(by, "person.unblock", line=chat.line, chat=chat, target=handle.value, before=handle.block_reason)
        return enqueue(Kind.UNBLOCK_HANDLE, line=chat.line, chat=chat, by=by, payload={"handle": handle.value})


def check_capability(*, chat: Chat, handle: Handle, service: str, by: User) -> Operation | None:
    """Ask the remote whether somebody of this chat can be reached by iMessage or RCS; the answer is kept with them.

    None when the last answer is still good: the account may ask once in ten seconds. Raises `NotAllowed` without
    `reply_to_chats`; `Refused` for another service, an e-mail address on RCS, or while it is being asked.
    """
    require(by, "reply_to_chats", chat.line)
    if service not in SERVICES:
        raise Refused("Only iMessage and RCS can be checked.", field="service")
    with transaction.atomic():
        handle = _of_chat(chat, handle, but=[Kind.CHECK_CAPABILITY], service=service)
        if service == "RCS" and is_email(handle.value):
            raise Refused("RCS reaches phone numbers only.", field="service")
        asked_at = getattr(handle, SERVICES[service])
        if asked_at is not None and clock.now() < asked_at + CHECK_IS_GOOD_FOR:
            return None
        record(by, "person.check", line=chat.line, chat=chat, target=handle.value, after=service)
        payload = {"handle": handle.value, "service": service}
        return enqueue(Kind.CHECK_CAPABILITY, line=chat.line, chat=chat, by=by, payload=payload)


def _of_chat(chat: Chat, handle: Handle, *, but: list[Kind] | None = None, service: str = "") -> Handle:
    """Somebody else than ourselves in this chat, locked, about whom nothing of the kind is under way."""
    if not chat.participants.filter(handle=handle, is_me=False).exists():
        raise Refused("This person is not in the chat.")
    handle = Handle.objects.select_for_update(no_key=True).get(pk=handle.pk)
    same = {"payload__service": service} if service else {}
    if is_pending(but or BLOCKS, payload__handle=handle.value, **same):
        raise Refused("This is being changed already." if but is None else "This is being asked already.")
    return handle
