"""Threads: what a message replies to, and who replied to it, all the way."""

from __future__ import annotations

from uuid import UUID

from django.db import connection

from sandbox.models import Message

# Up from reply to reply until a message that is none, then down through everything that replies to it.
_THREAD = """
    WITH RECURSIVE up AS (
        SELECT id, reply_to FROM sandbox_message WHERE id = %s
        UNION
        SELECT parent.id, parent.reply_to FROM sandbox_message AS parent
        JOIN up ON parent.id = (up.reply_to ->> 'message_id')::uuid
    ), down AS (
        SELECT id FROM up WHERE reply_to IS NULL
        UNION
        SELECT reply.id FROM sandbox_message AS reply
        JOIN down ON (reply.reply_to ->> 'message_id') = down.id::text AND reply.reply_to IS NOT NULL
    )
    SELECT id FROM down
"""


def thread_of(message: Message) -> list[UUID]:
    """The ids of the whole thread that a message is in; just its own when nobody replied to anybody."""
    with connection.cursor() as cursor:
        cursor.execute(_THREAD, [message.id])
        return [row[0] for row in cursor.fetchall()]
