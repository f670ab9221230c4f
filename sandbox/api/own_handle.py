"""Our handle in a chat, with everything a send has to know about the chat, in one prepared statement.

Every send starts here. Composing these joins anew each time cost as much as the rest of the request, so their texts
are made once, from the models' own fields.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, models

from sandbox.api.errors import ApiError
from sandbox.models import Chat, Line, Participant, Person

M = TypeVar("M", bound=models.Model)


def _fields(model: type[models.Model]) -> list[models.Field[Any, Any]]:
    """All but JSON: people's habits are long, and no business of who sends to them. They are read when asked for."""
    return [field for field in model._meta.concrete_fields if not isinstance(field, models.JSONField)]


def _columns(alias: str, model: type[models.Model]) -> str:
    return ", ".join(f'{alias}."{field.column}"' for field in _fields(model))


_ALL = ", ".join(_columns(*each) for each in (("me", Participant), ("chat", Chat), ("line", Line), ("peer", Person)))
_NAMES: dict[type[models.Model], list[str]] = {
    model: [field.attname for field in _fields(model)] for model in (Participant, Chat, Line, Person)
}
_FIND = f"""
    SELECT {_ALL} FROM sandbox_participant AS me
    JOIN sandbox_chat AS chat ON chat.id = me.chat_id
    JOIN sandbox_line AS line ON line.id = chat.line_id
    LEFT JOIN sandbox_person AS peer ON peer.id = chat.peer_id
    WHERE me.chat_id = %s AND me.is_me
"""  # noqa: S608 - made of column names of the models
_FIND_MANY = f"""
    SELECT thirtieth.created_at, answer.status, answer.body, {_ALL}
    FROM unnest(%s::uuid[], %s::text[]) WITH ORDINALITY AS wanted (chat_id, key, place)
    LEFT JOIN sandbox_answer AS answer ON answer.family = %s AND answer.key = wanted.key
    LEFT JOIN sandbox_participant AS me ON me.chat_id = wanted.chat_id AND me.is_me
    LEFT JOIN sandbox_chat AS chat ON chat.id = me.chat_id
    LEFT JOIN sandbox_line AS line ON line.id = chat.line_id
    LEFT JOIN sandbox_person AS peer ON peer.id = chat.peer_id
    LEFT JOIN LATERAL (
        SELECT created_at FROM sandbox_message AS message
        WHERE message.chat_id = wanted.chat_id AND message.created_at > %s AND message.is_from_me AND message.accepted
        ORDER BY created_at DESC OFFSET %s LIMIT 1
    ) AS thirtieth ON true
    ORDER BY wanted.place
"""  # noqa: S608 - made of column names of the models


@dataclass(frozen=True)
class Found:
    """What a send has to know before it is taken."""

    me: Participant | None  # None: there is no such chat
    thirtieth: datetime | None  # when the n-th newest message of the last minute was sent, if there were so many
    answer: tuple[int, dict[str, Any]] | None  # what its key was answered with before


def read_chats(wanted: Sequence[tuple[UUID, str | None]], family: str, since: datetime, limit: int) -> list[Found]:
    """What is known of these chats and keys of a family of answers, in their order."""
    chats, keys = [chat for chat, _ in wanted], [key for _, key in wanted]
    with connection.cursor() as cursor:
        cursor.execute(_FIND_MANY, [chats, keys, family, since, limit - 1])
        rows = cursor.fetchall()
    return [
        Found(_assembled(list(row[3:])) if row[3] else None, row[0], (row[1], json.loads(row[2])) if row[1] else None)
        for row in rows
    ]


def own_handle_with_chat(chat_id: UUID) -> Participant:
    """Our handle, with `chat`, its `line` and its `peer` loaded. Raises `ApiError` (2001) for an unknown chat."""
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [chat_id])
        row = cursor.fetchone()
    if row is None:
        raise ApiError(2001, "Chat not found")
    return _assembled(list(row))


def _assembled(values: list[object]) -> Participant:
    me, chat, line = _take(values, Participant), _take(values, Chat), _take(values, Line)
    peer = _take(values, Person) if chat.peer_id else None
    chat.line, chat.peer, me.chat = line, peer, chat
    return me


def _take(values: list[object], model: type[M]) -> M:
    """Make a row of the next values, and take them off the front."""
    names = _NAMES[model]
    mine = values[: len(names)]
    del values[: len(names)]
    return model.from_db("default", names, mine)
