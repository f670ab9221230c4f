"""Events that do harm: each is parked with the reason in the end, and holds up no other."""

from __future__ import annotations

import signal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from chats.actions.events import run_again
from chats.engine.events import HANDLERS, processor
from chats.models import Chat, WebhookEvent
from tests import wire
from tests.engine.worker import Clock, hear
from tests.processes import process

pytestmark = pytest.mark.django_db

STOPPED = "The worker stopped in the middle of this event, every time it was tried."
PERSON = "+14155550101"


class Killed(BaseException):
    """What `kill -9` is to the code that it hits."""


@pytest.fixture(autouse=True)
def _frozen(moment: Clock, wakes: list[Any]) -> None:
    """Time moves only where a test moves it."""


def deadly(event: WebhookEvent) -> None:
    raise Killed


def fresh(event: WebhookEvent) -> WebhookEvent:
    return WebhookEvent.objects.get(pk=event.pk)


def die_in(event: WebhookEvent, moment: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker takes the event once it is due, and stops in the middle of it."""
    due_at = fresh(event).due_at
    assert due_at is not None
    moment.now = max(moment.now, due_at)
    with monkeypatch.context() as patched:
        patched.setitem(HANDLERS, "message.edited", deadly)
        with pytest.raises(Killed):
            processor.process_due(seconds=20)


def test_one_that_ends_every_worker_is_parked(
    chat: Chat, manager: User, moment: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = wire.store("message.edited", {})
    for times in (1, 2, 3):
        die_in(bad, moment, monkeypatch)
        assert (fresh(bad).state, fresh(bad).unfinished, fresh(bad).attempts) == ("pending", times, times)
        # Nothing waits for its lease to end.
        assert (
            hear("message.received", wire.message_event(chat, str(chat.remote_id), sender=PERSON)).state == "processed"
        )
    moment.tick(seconds=30)
    processor.process_due(seconds=20)
    assert (fresh(bad).state, fresh(bad).error, fresh(bad).unfinished) == ("parked", STOPPED, 0)

    monkeypatch.setitem(HANDLERS, "message.edited", lambda event: None)
    run_again(event=fresh(bad), by=manager_of_all(manager))
    processor.process_due(seconds=20)
    assert (fresh(bad).state, fresh(bad).error, fresh(bad).attempts) == ("processed", "", 1)


def manager_of_all(manager: User) -> User:
    """An event that names no line needs somebody who sees them all."""
    manager.is_superuser = True
    manager.save()
    return User.objects.get(pk=manager.pk)


def test_a_restart_now_and_then_parks_nothing(moment: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only tries in a row count: one that was heard of in between starts the row anew."""
    bad = wire.store("message.edited", {})

    def breaks(event: WebhookEvent) -> None:
        raise KeyError("x")

    for _ in range(4):
        die_in(bad, moment, monkeypatch)
        due_at = fresh(bad).due_at
        assert due_at is not None
        moment.now = due_at
        with monkeypatch.context() as patched:
            patched.setitem(HANDLERS, "message.edited", breaks)
            processor.process_due(seconds=20)
        assert (fresh(bad).state, fresh(bad).unfinished) == ("pending", 0)


@pytest.mark.django_db(transaction=True)
def test_a_process_that_is_killed_in_one_leaves_it_to_the_next(chat: Chat, moment: Clock) -> None:
    bad = wire.store("message.edited", {})
    other = wire.store("message.received", wire.message_event(chat, str(chat.remote_id), sender=PERSON))
    code = (
        "import os, signal\n"
        "from chats.engine.events import HANDLERS, processor\n"
        "HANDLERS['message.edited'] = lambda event: os.kill(os.getpid(), signal.SIGKILL)\n"
        "processor.process_due(seconds=20)\n"
    )
    with process(code) as worker:
        assert worker.wait(30) == -signal.SIGKILL
    assert (fresh(bad).state, fresh(bad).unfinished, fresh(bad).error) == ("pending", 1, "")
    processor.process_due(seconds=20)
    assert (fresh(bad).state, fresh(other).state) == ("pending", "processed")


def test_one_that_cannot_even_be_read_is_its_own_trouble(chat: Chat, caplog: pytest.LogCaptureFixture) -> None:
    bad = wire.store("message.received", {})
    with connection.cursor() as cursor:
        nested = '{"data": ' + "[" * 3000 + "]" * 3000 + "}"
        cursor.execute("UPDATE chats_webhookevent SET payload = %s::jsonb WHERE id = %s", [nested, bad.pk])
    assert hear("message.received", wire.message_event(chat, str(chat.remote_id), sender=PERSON)).state == "processed"
    waiting = WebhookEvent.objects.defer("payload").get(pk=bad.pk)
    assert (waiting.state, waiting.error) == ("pending", "Chatdeck itself failed here (RecursionError).")
