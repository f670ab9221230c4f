"""Our handle in a chat, with everything a send has to know about the chat, in one prepared statement.

Every send starts here. Composing this join anew each time cost as much as the rest of the request, so its text is
made once, from the models' own fields.
"""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from django.db import connection, models

from sandbox.api.errors import ApiError
from sandbox.models import Chat, Line, Participant, Person

M = TypeVar("M", bound=models.Model)


def _columns(alias: str, model: type[models.Model]) -> str:
    return ", ".join(f'{alias}."{field.column}"' for field in model._meta.concrete_fields)


_FIND = f"""
    SELECT {_columns("me", Participant)}, {_columns("chat", Chat)}, {_columns("line", Line)}, {_columns("peer", Person)}
    FROM sandbox_participant AS me
    JOIN sandbox_chat AS chat ON chat.id = me.chat_id
    JOIN sandbox_line AS line ON line.id = chat.line_id
    LEFT JOIN sandbox_person AS peer ON peer.id = chat.peer_id
    WHERE me.chat_id = %s AND me.is_me
"""  # noqa: S608 - made of column names of the models


def own_handle_with_chat(chat_id: UUID) -> Participant:
    """Our handle, with `chat`, its `line` and its `peer` loaded. Raises `ApiError` (2001) for an unknown chat."""
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [chat_id])
        row = cursor.fetchone()
    if row is None:
        raise ApiError(2001, "Chat not found")
    values = list(row)
    me, chat, line = _take(values, Participant), _take(values, Chat), _take(values, Line)
    peer = _take(values, Person) if chat.peer_id else None
    chat.line, chat.peer, me.chat = line, peer, chat
    return me


def _take(values: list[object], model: type[M]) -> M:
    """Make a row of the next values, and take them off the front."""
    fields = model._meta.concrete_fields
    mine = [
        field.from_db_value(value, None, connection) if isinstance(field, models.JSONField) else value  # type: ignore[arg-type]
        for field, value in zip(fields, values, strict=False)
    ]
    del values[: len(fields)]
    return model.from_db("default", [field.attname for field in fields], mine)
