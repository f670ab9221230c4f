"""What accepting messages writes: one statement for any number of them, because this is the busiest path there is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from sandbox import alarms, health
from sandbox.models import Happening, Message
from sandbox.people import life

# The chat comes first: inserting the message share-locks it, and two of those could not both go on to change it.
# Whatever is written hangs on the chat still being there, since the world may be replaced at any time.
_WRITE = """
    WITH given AS (
        SELECT * FROM json_to_recordset(%s::json) AS given(
            id uuid, chat uuid, sender uuid, now timestamptz, health text, health_at timestamptz, parts jsonb,
            effect jsonb, reply_to jsonb, key text, preferred text, trace_id text, kind text, due_at timestamptz,
            due_kind text, due jsonb, status smallint, answer jsonb)
    ), counted AS (
        UPDATE sandbox_chat AS chat SET outbound = outbound + 1, unanswered = unanswered + 1, updated_at = given.now,
            health = given.health, health_at = given.health_at,
            first_outbound_at = coalesce(first_outbound_at, given.now)
        FROM given WHERE chat.id = given.chat RETURNING given.*
    ), messages AS (
        INSERT INTO sandbox_message (id, chat_id, sender_id, is_from_me, parts, effect, reply_to, idempotency_key,
            preferred_service, delivery_status, created_at, updated_at, trace_id, accepted, kind)
        SELECT id, chat, sender, true, parts, effect, reply_to, key, preferred, 'pending', now, now, trace_id, true,
            kind FROM counted
    ), happenings AS (
        INSERT INTO sandbox_happening (at, kind, payload) SELECT due_at, due_kind, due FROM counted
    ), answers AS (
        INSERT INTO sandbox_answer (family, key, status, body, created_at)
        SELECT 'messages', key, status, answer, now FROM counted WHERE answer IS NOT NULL
    )
    SELECT id::text FROM counted
"""


@dataclass(frozen=True)
class Accepted:
    """A message to write, counted in its chat, with what it leads to."""

    message: Message
    next_step: Happening
    # what is kept to be answered again under the message's key; None: nothing is
    status: int | None = None
    answer: dict[str, Any] | None = None


def counted(message: Message) -> Accepted:
    """The message as it is to be written, once its chat object has counted it."""
    next_step = life.accepted(message)
    chat, now = message.chat, message.created_at
    chat.outbound += 1
    chat.unanswered += 1
    chat.updated_at = now
    chat.first_outbound_at = chat.first_outbound_at or now
    health.note(chat, now)
    return Accepted(message, next_step)


def write(rows: Sequence[Accepted]) -> set[str]:
    """Write messages, each into a chat of its own. Returns the ids of those whose chats were still there."""
    given = json.dumps([_values(each) for each in rows])
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [given])
        found = {row[0] for row in cursor.fetchall()}
    transaction.on_commit(alarms.happenings.ring)
    return found


def _values(row: Accepted) -> dict[str, Any]:
    message, chat, due = row.message, row.message.chat, row.next_step
    return {
        "id": str(message.id),
        "chat": str(chat.id),
        "sender": str(message.sender_id),
        "now": message.created_at.isoformat(),
        "health": chat.health,
        "health_at": chat.health_at.isoformat(),
        "parts": message.parts,
        "effect": message.effect,
        "reply_to": message.reply_to,
        "key": message.idempotency_key,
        "preferred": message.preferred_service,
        "trace_id": message.trace_id,
        "kind": message.kind,
        "due_at": due.at.isoformat(),
        "due_kind": due.kind,
        "due": due.payload,
        "status": row.status,
        "answer": row.answer,
    }
