"""Adding many rows at once: what `bulk_create` would have written, and only what is not there yet."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest

from chats.engine import bulk
from chats.models import Chat, Message

pytestmark = pytest.mark.django_db
AT = datetime(2026, 7, 3, 12, 0, 0, 123456, tzinfo=UTC)


def a_message(chat: Chat, remote_id: uuid.UUID, **more: object) -> Message:
    fields = {"direction": "inbound", "happened_at": AT, "text": 'A "quote", \\ and 😀'}
    return Message(chat=chat, remote_id=remote_id, **{**fields, **more})


def test_rows_are_what_bulk_create_writes(chat: Chat) -> None:
    same = {"parts": [{"type": "text", "value": "ä\n"}], "effect": None, "sent_at": AT, "error_code": 4001}
    first, second = (a_message(chat, uuid.uuid4(), **same) for _ in range(2))
    assert bulk.add([first], unique="remote_id") == [first]
    Message.objects.bulk_create([second])
    rows = Message.objects.order_by("pk").values()
    ours, theirs = ({k: v for k, v in row.items() if k not in {"id", "remote_id", "created_at"}} for row in rows)
    assert ours == theirs
    assert (first.pk, first._state.adding) == (rows[0]["id"], False)
    assert rows[0]["created_at"] <= rows[1]["created_at"]


def test_a_row_that_is_there_is_left_alone(chat: Chat) -> None:
    known, new = uuid.uuid4(), uuid.uuid4()
    Message.objects.create(chat=chat, remote_id=known, direction="outbound", happened_at=AT, text="ours")
    again, other = a_message(chat, known), a_message(chat, new)
    assert bulk.add([again, other], unique="remote_id") == [other]
    assert again.pk is None
    assert dict(Message.objects.values_list("remote_id", "text")) == {known: "ours", new: other.text}


def test_no_rows_ask_nothing(django_assert_num_queries: object) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator]
        assert bulk.add(list[Message](), unique="remote_id") == []
