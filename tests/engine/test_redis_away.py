"""A Redis that takes connections and answers nothing: it may keep nobody waiting, and costs nobody their change."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis as client
from celery import Celery
from django.contrib.auth.models import User
from kombu.pools import producers
from pytest_django import Settings

from chats import live, redis_absence
from chats.actions.messages import send_message
from chats.engine import wake
from chats.models import Chat, Operation
from chats.models.operation import State
from dashboard.services.redis import Redis

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server() -> Iterator[Redis]:
    folder = Path(tempfile.mkdtemp(prefix="cd-"))
    own = Redis(folder / ".chatdeck")
    own.start()
    yield own
    own.stop()
    own.remove()
    shutil.rmtree(folder)


@pytest.fixture
def broker(server: Redis, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[client.Redis]:
    """The console on that server, as broker and for live events; asks the server itself."""
    settings.REDIS_URL = server.url()
    app = Celery("frozen", broker=server.url().replace("unix://", "redis+socket://", 1), set_as_current=False)
    app.conf.update(broker_transport_options=settings.CELERY_BROKER_TRANSPORT_OPTIONS, task_default_queue="chatdeck")
    monkeypatch.setattr(wake, "current_app", app)
    live._redis.cache_clear()
    wake._broker.cache_clear()
    with client.Redis.from_url(server.url()) as asking:
        yield asking
    producers[wake._broker()].force_close_all()
    live._redis().close()
    live._redis.cache_clear()
    wake._broker.cache_clear()
    app.close()


def say(chat: Chat, by: User) -> float:
    """Send a message; the seconds that it took."""
    began = time.monotonic()
    send_message(chat=chat, text="Hello", by=by, key=uuid.uuid4())
    return time.monotonic() - began


@pytest.mark.parametrize("connected", [True, False])
def test_a_frozen_redis_keeps_nobody_waiting(
    connected: bool, chat: Chat, agent: User, broker: client.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    if connected:
        say(chat, agent)
        assert broker.llen("chatdeck") == 1
    pid = int(broker.info("server")["process_id"])
    before = Operation.objects.count()
    os.kill(pid, signal.SIGSTOP)
    try:
        assert say(chat, agent) < 2  # four times what one asking may take, which is all that is asked
    finally:
        os.kill(pid, signal.SIGCONT)
    assert list(Operation.objects.values_list("state", flat=True)[before:]) == [State.QUEUED]
    assert [text for text in caplog.messages if "was not" in text] == ["A live event was not published: TimeoutError"]


def test_a_frozen_broker_alone_is_given_up_as_soon(broker: client.Redis, caplog: pytest.LogCaptureFixture) -> None:
    wake.send_task(wake.DRAIN_LANE, 1)
    pid = int(broker.info("server")["process_id"])
    os.kill(pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        wake.send_task(wake.DRAIN_LANE, 1)
        wake.send_task(wake.DRAIN_LANE, 1)
        assert time.monotonic() - began < 2
    finally:
        os.kill(pid, signal.SIGCONT)
    assert [text.split(":")[0] for text in caplog.messages] == [
        "chats.tasks.drain_lane was not queued, the next sweep will do it"
    ]


def test_once_it_answers_again_it_is_used_again(chat: Chat, agent: User, broker: client.Redis) -> None:
    redis_absence.notice()
    say(chat, agent)
    assert broker.llen("chatdeck") == 0
    redis_absence._until = 0.0
    say(chat, agent)
    assert broker.llen("chatdeck") == 1
