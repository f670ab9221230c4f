"""A line whose budgets a test sets, time that stands still, and messages as campaigns will make them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from chats.actions.messages import send_message
from chats.models import Chat, Lane, Line, Operation
from chats.models.operation import Priority, State
from tests import wire
from tests.engine.worker import Clock, work
from tests.people import make_chat, make_handle
from tests.remote import Answer, Asked, Remote, wrong

SEND = "/v3/chats/([^/]+)/messages"


@pytest.fixture(autouse=True)
def _frozen(moment: Clock, wakes: list[Any], remote: Remote) -> None:
    """Time moves only where a test moves it; who looks at what was accepted finds that it is gone."""
    remote.on("GET", "/v3/messages/[^/]+", Answer(404, wrong(2002)))


def leave(remote: Remote) -> int:
    """Do all that is due; how many messages left."""
    before = len(remote.calls("POST", SEND)) + len(remote.calls("POST", "/v3/chats"))
    work()
    return len(remote.calls("POST", SEND)) + len(remote.calls("POST", "/v3/chats")) - before


def budgets(line: Line, **fields: object) -> None:
    """Set these, and no other limit at all."""
    none: dict[str, object] = {
        "gap_seconds": 0,
        "messages_a_minute": None,
        "messages_a_day": None,
        "new_conversations_a_day": None,
        "messages_a_minute_to_one": None,
        "reserve_percent": 0,
    }
    Line.objects.filter(pk=line.pk).update(**{**none, **fields})


def say(chat: Chat, by: User, text: str = "Hello") -> Operation:
    return send_message(chat=chat, text=text, by=by, key=uuid.uuid4()).operation


def campaign(chat: Chat, by: User, text: str = "News") -> Operation:
    operation = say(chat, by, text)
    Operation.objects.filter(pk=operation.pk).update(priority=Priority.AUTOMATIC)
    operation.refresh_from_db()
    return operation


def accept(asked: Asked) -> Answer:
    return Answer(202, {"chat_id": asked.path.split("/")[3], "message": wire.sent(str(uuid.uuid4()))})


def texts(remote: Remote) -> list[str]:
    return [asked.body["message"]["parts"][0]["value"] for asked in remote.calls("POST", SEND)]


def lane() -> Lane:
    return Lane.objects.get()


def fresh(operation: Operation) -> Operation:
    return Operation.objects.select_related("lane", "line", "chat").get(pk=operation.pk)


def queued() -> int:
    return Operation.objects.filter(state=State.QUEUED).count()


def leaves_at(remote: Remote, moment: Clock, *, until: timedelta, step: timedelta) -> list[float]:
    """Work at every step of time; when each message left, in seconds from the start."""
    start, left = moment.now, []
    while moment.now - start <= until:
        left += [(moment.now - start).total_seconds()] * leave(remote)
        moment.now += step
    return left


@pytest.fixture
def many(line: Line) -> Callable[[int], list[Chat]]:
    """Direct chats of the line with people it has written to before."""

    def make(count: int) -> list[Chat]:
        start = Chat.objects.count()
        return [make_chat(line, make_handle(f"+1415556{start + number:04}")) for number in range(count)]

    return make
