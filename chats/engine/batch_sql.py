"""The statements of `batches` that say for many rows at once what `claims`, `inflow` and `settle` say for one.

In SQL by hand, because each row gets values of its own: what is to be written comes as arrays of the same length.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from chats.engine import pacing, store
from chats.models import Line, Message, Operation
from chats.models.common import Service
from chats.models.operation import Pace
from chats.v3 import resources

Recipient = tuple[str, int]
"""Whom a message goes to: ("person", a handle's id) or ("group", a chat's id)."""

TRACE_LENGTH = 64

# One statement for a person and one for a group: the limit-th latest departure to each is one entry of an index.
_FULL = """
SELECT recipient FROM unnest(%(recipients)s::bigint[]) AS recipient
WHERE (
    SELECT at FROM chats_departure
    WHERE {belongs} ORDER BY number DESC OFFSET %(limit)s - 1 LIMIT 1
) > %(since)s
"""
_FULL_PEOPLE = _FULL.format(belongs="handle_id = recipient AND line_id = %(line)s")
_FULL_GROUPS = _FULL.format(belongs="chat_id = recipient")

# As `pacing.spend`, for those whom the line has written to before.
_DEPART = """
INSERT INTO chats_departure (line_id, number, at, operation_id, handle_id, chat_id)
SELECT %(line)s, %(after)s + told.place, %(now)s, told.operation, told.person, told.grp
FROM unnest(%(operations)s::bigint[], %(people)s::bigint[], %(groups)s::bigint[]) WITH ORDINALITY
    AS told (operation, person, grp, place)
"""

# As `settle.accept`, for rows whose claim is still ours.
_ACCEPT = """
UPDATE chats_operation AS operation
SET state = 'accepted', accepted_at = coalesce(operation.accepted_at, %(now)s), settled_at = NULL,
    due_at = %(look_at)s, lease_expires_at = NULL, error = '', error_code = NULL, error_status = NULL,
    trace_id = coalesce(nullif(told.trace_id, ''), operation.trace_id)
FROM unnest(%(ids)s::bigint[], %(fences)s::bigint[], %(traces)s::text[]) AS told (id, fence, trace_id)
WHERE operation.id = told.id AND operation.fence = told.fence AND operation.state = 'sending'
RETURNING operation.id
"""

# As `inflow.attach` and `inflow.progress`, for messages of which nothing is known yet but that they should be sent,
# and whose answer says no more than that the remote has them.
_ATTACH = """
UPDATE chats_message AS message
SET remote_id = told.remote_id, delivery_status = told.status,
    service = coalesce(nullif(told.service, ''), message.service),
    trace_id = coalesce(nullif(told.trace_id, ''), message.trace_id)
FROM unnest(%(ids)s::bigint[], %(remote_ids)s::uuid[], %(statuses)s::text[], %(services)s::text[], %(traces)s::text[])
    AS told (id, remote_id, status, service, trace_id)
WHERE message.id = told.id AND message.remote_id IS NULL AND message.delivery_status = 'pending'
    AND NOT EXISTS (SELECT 1 FROM chats_message AS twin WHERE twin.remote_id = told.remote_id)
RETURNING message.id
"""

# As if they had never been claimed; the number of the claim stays used.
_GIVE_BACK = """
UPDATE chats_operation AS operation
SET state = 'queued', lease_expires_at = NULL, attempts = 0, first_sent_at = NULL, pace = %(pace)s,
    fence = operation.fence + 1
FROM unnest(%(ids)s::bigint[], %(fences)s::bigint[]) AS told (id, fence)
WHERE operation.id = told.id AND operation.fence = told.fence AND operation.state = 'sending'
"""


def full_recipients(line: Line, *, people: Sequence[int], groups: Sequence[int], now: datetime) -> set[Recipient]:
    """Those to whom the line has sent as much in a minute as it may: handles of people, chats of groups."""
    limit = line.messages_a_minute_to_one
    if limit is None:
        return set()
    told: dict[str, Any] = {"limit": limit, "since": now - pacing.MINUTE, "line": line.pk}
    found: set[Recipient] = set()
    with connection.cursor() as cursor:
        if people:
            cursor.execute(_FULL_PEOPLE, {**told, "recipients": list(people)})
            found |= {("person", recipient) for (recipient,) in cursor.fetchall()}
        if groups:
            cursor.execute(_FULL_GROUPS, {**told, "recipients": list(groups)})
            found |= {("group", recipient) for (recipient,) in cursor.fetchall()}
    return found


def depart(
    line: Line, operations: Sequence[Operation], people: Mapping[int, int], *, after: int, now: datetime
) -> None:
    """Number these operations as the next departures of the line. `people` has the handle of each that goes to one."""
    told: dict[str, Any] = {
        "line": line.pk,
        "after": after,
        "now": now,
        "operations": [operation.pk for operation in operations],
        "people": [people.get(operation.pk) for operation in operations],
        "groups": [None if operation.pk in people else operation.chat_id for operation in operations],
    }
    with connection.cursor() as cursor:
        cursor.execute(_DEPART, told)


def accept(rows: Sequence[tuple[int, int, str | None]], *, now: datetime, look_at: datetime) -> set[int]:
    """The remote has these operations: their ids, the fences of their claims, and traces. Returns whose were ours."""
    ids, fences, traces = zip(*rows, strict=True)
    told: dict[str, Any] = {
        "ids": list(ids),
        "fences": list(fences),
        "traces": [_trace(trace) for trace in traces],
        "now": now,
        "look_at": look_at,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ACCEPT, told)
        return {operation_id for (operation_id,) in cursor.fetchall()}


def attach(rows: Sequence[tuple[int, resources.Sent]]) -> set[int]:
    """Give messages of ours what their answers say. Returns the ids of those for which that was all there is to do."""
    plain = [(message_id, sent) for message_id, sent in rows if _says_little(sent.message)]
    if not plain:
        return set()
    told: dict[str, Any] = {
        "ids": [message_id for message_id, _ in plain],
        "remote_ids": [uuid.UUID(sent.message.id) for _, sent in plain],
        "statuses": [sent.message.delivery_status for _, sent in plain],
        "services": [store.known(sent.message.service, Service) for _, sent in plain],
        "traces": [_trace(sent.trace_id) for _, sent in plain],
    }
    with connection.cursor() as cursor:
        cursor.execute(_ATTACH, told)
        return {message_id for (message_id,) in cursor.fetchall()}


def give_back(rows: Sequence[tuple[int, int]]) -> int:
    """Queue claimed operations again, by their ids and the fences of their claims. Returns how many were ours."""
    ids, fences = zip(*rows, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_GIVE_BACK, {"ids": list(ids), "fences": list(fences), "pace": Pace.TALK})
        return int(cursor.rowcount)


def _says_little(sent: resources.SentMessage) -> bool:
    """Whether an answer says no more than that the remote has the message."""
    return (
        sent.delivery_status in {Message.Status.PENDING, Message.Status.QUEUED}
        and sent.sent_at is None
        and sent.delivered_at is None
        and store.uuid_of(sent.id) is not None
    )


def _trace(trace_id: str | None) -> str:
    return (trace_id or "")[:TRACE_LENGTH]
