"""Comparing what the sandbox has with what the console's tables say, to the row."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from tests.chaos.installation import Installation

_THEIRS = """
    SELECT message.id::text, message.idempotency_key, chat.id::text, line.phone_number, message.is_from_me,
        message.delivery_status, message.sent_at, message.delivered_at, message.read_at
    FROM sandbox_message message JOIN sandbox_chat chat ON chat.id = message.chat_id
    JOIN sandbox_line line ON line.id = chat.line_id
    ORDER BY message.created_at, message.id
"""
_OURS = """
    SELECT message.remote_id::text, message.key, chat.remote_id::text, line.phone_number,
        message.direction = 'outbound', message.delivery_status, message.sent_at, message.delivered_at, message.read_at
    FROM chats_message message JOIN chats_chat chat ON chat.id = message.chat_id
    JOIN chats_line line ON line.id = chat.line_id
"""
_OPERATIONS = """
    SELECT operation.key::text, operation.state, operation.due_at, operation.lease_expires_at, operation.error,
        message.key, line.phone_number
    FROM chats_operation operation JOIN chats_message message ON message.id = operation.message_id
    JOIN chats_line line ON line.id = operation.line_id
    WHERE operation.kind IN ('send_message', 'create_chat') ORDER BY operation.id
"""


@dataclass(frozen=True)
class Row:
    """A message, as either side has it."""

    id: str | None
    key: str | None
    chat: str | None
    line: str
    is_ours: bool
    status: str
    times: tuple[datetime | None, ...]

    @classmethod
    def read(cls, row: tuple[Any, ...]) -> Row:
        message_id, key, chat, line, is_ours, status, *times = row
        if not is_ours:
            # Of what people write the two sides keep no state that could differ.
            return cls(message_id, key, chat, line, False, "", ())
        return cls(message_id, key, chat, line, True, status, tuple(_milliseconds(at) for at in times))


def _milliseconds(at: datetime | None) -> datetime | None:
    """As exact as the remote tells times."""
    return at and at.replace(microsecond=at.microsecond // 1000 * 1000)


def differences(installation: Installation, intents: list[dict[str, Any]]) -> list[str]:
    """All that is not yet as it must be once everything is calm; nothing when the bar is met."""
    with psycopg.connect(installation.sandbox.database_url, autocommit=True) as sandbox:
        theirs = [Row.read(row) for row in sandbox.execute(_THEIRS)]
    with installation.console() as console:
        ours = [Row.read(row) for row in console.execute(_OURS)]
        operations = list(console.execute(_OPERATIONS))
        events = Counter(dict(console.execute("SELECT state, count(*) FROM chats_webhookevent GROUP BY state")))
        paused = [row[0] for row in console.execute("SELECT phone_number FROM chats_line WHERE paused_at IS NOT NULL")]
    found = _of_intents(intents, operations, theirs)
    found += _of_rows(theirs, ours)
    found += _of_stats(installation.sandbox.stats(), intents, len(ours))
    found += _of_order(intents, theirs)
    found += [f"{events[state]} events are {state}" for state in ("pending", "parked") if events[state]]
    found += [f"line {number} is paused" for number in paused]
    return found


def _of_intents(intents: list[dict[str, Any]], operations: list[tuple[Any, ...]], theirs: list[Row]) -> list[str]:
    """Every intent is one operation, and none of them is stuck."""
    wanted = {one["key"]: one["line"] for one in intents}
    had = {key: line for key, *_, line in operations}
    found = [f"intent {key} has no operation" for key in wanted.keys() - had.keys()]
    found += [f"operation {key} was never intended" for key in had.keys() - wanted.keys()]
    found += [f"intent {key} is on another line" for key in wanted.keys() & had.keys() if wanted[key] != had[key]]
    found += [f"operation {key} is not its message's" for key, *_, message, _ in operations if key != message]
    failed = {row.key for row in theirs if row.status == "failed"}
    for key, state, due_at, lease, error, *_ in operations:
        end = "failed" if key in failed else "confirmed"
        if (state, due_at, lease) != (end, None, None):
            found.append(f"operation {key} is {state}, due at {due_at}, leased until {lease}: {error or 'no error'}")
    return found


def _of_rows(theirs: list[Row], ours: list[Row]) -> list[str]:
    """The same messages on both sides, in the same chats, with the same states and times."""
    keys = Counter(row.key for row in theirs if row.key)
    found = [f"key {key} was accepted {count} times" for key, count in keys.items() if count > 1]
    by_id = {row.id: row for row in ours}
    if len(by_id) < len(ours):
        found.append(f"{len(ours) - len(by_id)} messages have no id of the remote's")
    for row in theirs:
        here = by_id.pop(row.id, None)
        if here is None:
            found.append(f"message {row.id} is not here: {row}")
        elif here != row:
            found.append(f"message {row.id} is {here} and should be {row}")
    return found + [f"message {row.id} is not there: {row}" for row in by_id.values() if row.id is not None]


def _of_stats(stats: dict[str, Any], intents: list[dict[str, Any]], rows: int) -> list[str]:
    expected = {
        "total": len(intents),
        "distinct_idempotency_keys": len(intents),
        "largest_count_for_one_key": 1,
        "duplicates_by_content_and_recipient": 0,
    }
    found = [] if stats["accepted"] == expected else [f"accepted {stats['accepted']} and should have {expected}"]
    sends = {one["phone_number"]: one["sends"] for one in stats["lines"]}
    wanted = Counter(one["line"] for one in intents)
    if sends != {number: wanted[number] for number in sends}:
        found.append(f"lines sent {sends} and should have {dict(wanted)}")
    if stats["messages"] != rows:
        found.append(f"the sandbox has {stats['messages']} messages, the console {rows}")
    return found


def _of_order(intents: list[dict[str, Any]], theirs: list[Row]) -> list[str]:
    """What was said in a chat arrived in the order it was said."""
    place = {one["key"]: number for number, one in enumerate(intents)}
    last: dict[str | None, int] = {}
    found = []
    for row in theirs:
        number = place.get(row.key or "")
        if number is not None:
            if number < last.get(row.chat, -1):
                found.append(f"message {row.key} overtook another in chat {row.chat}")
            last[row.chat] = number
    return found
