"""Lines, chats and queued messages in numbers, written straight into the tables."""

from __future__ import annotations

import uuid

from django.db import connection

from chats import clock
from chats.engine import lanes
from chats.models import Chat, Departure, FirstContact, Handle, Lane, Line, Message, Operation, Participant
from chats.models.operation import Kind, Pace, Priority


def make_lines(count: int, *, chats: int) -> list[Line]:
    """Unpaced lines, each with so many direct chats with people it has written to before."""
    now = clock.now()
    start = Line.objects.count()
    lines = Line.objects.bulk_create(
        Line(
            remote_id=uuid.uuid4(),
            phone_number=f"+1415555{start + number:04}",
            gap_seconds=0,
            messages_a_minute=None,
            messages_a_day=None,
            new_conversations_a_day=None,
            messages_a_minute_to_one=None,
        )
        for number in range(count)
    )
    for line in lines:
        lanes.lane_of(line)
        people = Handle.objects.bulk_create(
            Handle(value=f"+1{line.pk % 1000:03}{number:07}") for number in range(chats)
        )
        made = Chat.objects.bulk_create(
            Chat(line=line, remote_id=uuid.uuid4(), title=person.value, sort_at=now) for person in people
        )
        Participant.objects.bulk_create(
            Participant(chat=chat, handle=person, joined_at=now) for chat, person in zip(made, people, strict=True)
        )
        FirstContact.objects.bulk_create(FirstContact(line=line, handle=person, at=now) for person in people)
    return lines


def queue(lines: list[Line]) -> int:
    """One message into every chat of these lines, due now. Returns how many."""
    now = clock.now()
    lane_of = dict(Lane.objects.filter(line__in=lines).values_list("line", "pk"))
    chats = list(Chat.objects.filter(line__in=lines).order_by("pk").defer("search"))
    keys = [uuid.uuid4() for _ in chats]
    messages = Message.objects.bulk_create(
        Message(
            chat=chat,
            key=str(key),
            direction=Message.Direction.OUTBOUND,
            parts=[{"type": "text", "value": "Hello"}],
            text="Hello",
            happened_at=now,
        )
        for chat, key in zip(chats, keys, strict=True)
    )
    Operation.objects.bulk_create(
        Operation(
            key=key,
            kind=Kind.SEND_MESSAGE,
            lane_id=lane_of[chat.line_id],
            line_id=chat.line_id,
            chat=chat,
            message=message,
            pace=Pace.TALK,
            priority=Priority.AUTOMATIC,
            created_at=now,
            due_at=now,
        )
        for chat, message, key in zip(chats, messages, keys, strict=True)
    )
    analyze()
    return len(chats)


def forget_messages() -> None:
    """Delete all that was queued and sent."""
    Operation.objects.all()._raw_delete("default")
    Message.objects.all()._raw_delete("default")
    Departure.objects.all()._raw_delete("default")
    Lane.objects.update(departed=0)
    analyze()


def analyze() -> None:
    """What autovacuum would do a minute later."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
