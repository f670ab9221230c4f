"""Live events, over a real Redis: after the commit, to the line's channel, with ids and nothing else."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from chats import live
from chats.actions.messages import send_message
from chats.models import Chat
from tests.engine.worker import Clock, hear

pytestmark = pytest.mark.django_db(transaction=True)


class Listener:
    def __init__(self) -> None:
        self._connection = redis.Redis.from_url(settings.REDIS_URL)
        self._pubsub = self._connection.pubsub()  # type: ignore[no-untyped-call]
        self._pubsub.psubscribe("chatdeck:live:*")
        assert self._next(5) is not None

    def _next(self, seconds: float) -> Any:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            heard = self._pubsub.get_message(timeout=0.05)
            if heard is not None:
                return heard
        return None

    def heard(self) -> list[tuple[str, dict[str, Any]]]:
        """Everything published so far: a mark of our own is sent behind it and waited for."""
        mark = uuid.uuid4().hex
        self._connection.publish("chatdeck:live:mark", json.dumps({"mark": mark}))
        events: list[tuple[str, dict[str, Any]]] = []
        while (one := self._next(5)) is not None:
            event = json.loads(one["data"])
            if event.get("mark") == mark:
                return events
            events.append((one["channel"].decode(), event))
        raise AssertionError("the mark never came")

    def close(self) -> None:
        self._pubsub.close()
        self._connection.close()


@pytest.fixture
def listener(wakes: list[Any]) -> Iterator[Listener]:
    live._redis.cache_clear()
    made = Listener()
    yield made
    made.close()
    live._redis().close()
    live._redis.cache_clear()


def test_a_change_is_told_after_it_is_committed(listener: Listener, chat: Chat, agent: User) -> None:
    with transaction.atomic():
        message = send_message(chat=chat, text="words that nobody may overhear", by=agent, key=uuid.uuid4())
        assert listener.heard() == []
    events = listener.heard()
    assert {channel for channel, _ in events} == {live.channel_of(chat.line_id)}
    assert {event["topic"] for _, event in events} == {"message", "operation"}
    assert any(event["message"] == message.pk for _, event in events)
    assert "words" not in json.dumps(events)
    assert all(type(value) in (int, str, type(None)) for _, event in events for value in event.values())


def test_a_change_that_was_rolled_back_is_not_told(listener: Listener, chat: Chat, agent: User) -> None:
    with transaction.atomic():
        send_message(chat=chat, text="Hello", by=agent, key=uuid.uuid4())
        transaction.set_rollback(True)
    assert listener.heard() == []


def test_somebody_is_writing(listener: Listener, chat: Chat, moment: Clock) -> None:
    data = {"chat_id": str(chat.remote_id)}

    def typing() -> list[dict[str, Any]]:
        return [event for _, event in listener.heard() if event["topic"] == "typing"]

    hear("chat.typing_indicator.started", data, moment=moment.now)
    hear("chat.typing_indicator.stopped", data, moment=moment.now)
    told = {"topic": "typing", "line": chat.line_id, "chat": chat.pk}
    assert typing() == [{**told, "on": True}, {**told, "on": False}]
    # Old news is no news.
    then = moment.now
    moment.tick(minutes=1)
    hear("chat.typing_indicator.started", data, moment=then)
    assert typing() == []


def test_what_belongs_to_no_line_goes_to_those_who_see_all(listener: Listener) -> None:
    live.announce("sync", line_id=None)
    assert listener.heard() == [(live.ACCOUNT_CHANNEL, {"topic": "sync", "line": None, "chat": None, "message": None})]


def test_a_redis_that_is_away_costs_nobody_their_change(
    chat: Chat, agent: User, wakes: list[Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    away = redis.Redis.from_url("redis://127.0.0.1:9/0", socket_connect_timeout=1)
    monkeypatch.setattr(live, "_redis", lambda: away)
    message = send_message(chat=chat, text="Hello", by=agent, key=uuid.uuid4())
    away.close()
    assert message.delivery_status == "pending"
    assert "A live event was not published: ConnectionError" in caplog.messages
