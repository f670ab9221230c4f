"""Sends into chats, taken many at once: whatever came in while the last ones were written shares the next two
statements, one that reads all they need and one that writes all they change.

Two sends into one chat, or with one key, are never taken together, so each sees what the one before it did. Every send
of this kind goes through here, and one at a time (`turn`), which is what makes a key of theirs be used once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from sandbox import clock
from sandbox.api import allowance, answers, base, eligibility, sending, shapes, written
from sandbox.api.answers import Outcome
from sandbox.api.errors import ApiError
from sandbox.api.own_handle import Found, read_chats
from sandbox.models import OptOutOverride, Participant

log = logging.getLogger(__name__)

FAMILY = "messages"
# Where the account may send only so many, each has to be counted before the next is looked at.
MOST = 1 if settings.DAILY_LIMIT or settings.MINUTE_LIMIT else 32
turn = threading.Lock()


@dataclass(frozen=True)
class Send:
    """A request to send into a chat, read and not yet checked against the world."""

    chat_id: UUID
    message: Mapping[str, Any]
    key: str | None
    override_optout: bool
    token: str
    trace_id: str


Answer = Outcome | ApiError


def read(chat_id: str, body: Mapping[str, Any], *, header_key: str, token: str, trace_id: str) -> Send:
    """The send that a request asks for. Raises `ApiError` for what is wrong by itself, whatever the world is like."""
    chat = base.identifier(chat_id, "chatId")
    message = sending.message_of(body)
    override = base.boolean(body, "override_optout")
    return Send(chat, message, answers.key_in(message, header_key), override, token, trace_id)


def take(sends: Sequence[Send]) -> list[Answer]:
    """Take sends of different chats and keys, at most `MOST`. One that fails does not hold up the others."""
    with turn:
        try:
            return _take(sends)
        except Exception:  # noqa: BLE001 - each of them is owed an answer
            log.warning("Sends could not be taken together; trying them one by one", exc_info=True)
            connection.close()
            return [_alone(each) for each in sends]


def _alone(send: Send) -> Answer:
    try:
        return _take([send])[0]
    except Exception:  # noqa: BLE001 - as above
        log.exception("A send could not be taken")
        connection.close()
        return ApiError(3006, "Internal server error")


def _take(sends: Sequence[Send]) -> list[Answer]:
    since = clock.now() - timedelta(seconds=sending.PAIR_SECONDS)
    found = read_chats([(each.chat_id, each.key) for each in sends], FAMILY, since, sending.PAIR_LIMIT)
    handles = _handles_in_groups(found)
    results: list[Answer] = []
    rows: dict[int, written.Accepted] = {}
    overrides: list[OptOutOverride] = []
    for index, (send, known) in enumerate(zip(sends, found, strict=True)):
        try:
            if known.answer is not None:
                results.append(answers.again(*known.answer))
                continue
            me = _checked(send, known, handles.get(send.chat_id), since)
            message = sending.compose(send.trace_id, me.chat, me, send.message, send.key)
        except ApiError as refused:
            results.append(refused)
            continue
        if me.chat.peer and me.chat.peer.opted_out_at:
            overrides.append(eligibility.override(me.chat, token=send.token, trace_id=send.trace_id))
        row = written.counted(message)
        body = {"chat_id": str(me.chat_id), "message": shapes.sent_message(message, me)}
        rows[index] = row if send.key is None else replace(row, status=202, answer=body)
        results.append(Outcome(202, body))
    there = _write(list(rows.values()), overrides)
    for index, row in rows.items():
        if str(row.message.id) not in there:  # the world was replaced in between
            results[index] = ApiError(2001, "Chat not found")
    return results


def _checked(send: Send, known: Found, handles: list[str] | None, since: datetime) -> Participant:
    """Our handle in the chat that a send is for, when it may go there. Raises `ApiError`."""
    if known.me is None:
        raise ApiError(2001, "Chat not found")
    chat = known.me.chat
    sending.check_content(send.message, opens_chat=False, is_group=chat.is_group, participants=handles)
    sending.check_open(chat)
    eligibility.overrides(chat, override_optout=send.override_optout)
    if known.thirtieth is not None:
        raise sending.too_many(known.thirtieth, since)
    allowance.check()
    return known.me


def _handles_in_groups(found: Sequence[Found]) -> dict[UUID, list[str]]:
    """Who is in the groups among these chats now."""
    groups: dict[UUID, list[str]] = {each.me.chat_id: [] for each in found if each.me and each.me.chat.is_group}
    if groups:
        members = Participant.objects.filter(chat_id__in=groups, status="active")
        for chat_id, handle in members.values_list("chat_id", "handle"):
            groups[chat_id].append(handle)
    return groups


def _write(rows: Sequence[written.Accepted], overrides: Sequence[OptOutOverride]) -> set[str]:
    if not rows:
        return set()
    if not overrides:
        return written.write(rows)  # a statement by itself is a transaction by itself
    with transaction.atomic():
        OptOutOverride.objects.bulk_create(overrides)
        return written.write(rows)
