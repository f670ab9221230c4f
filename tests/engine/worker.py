"""Driving the engine by hand: a clock that stands still, and the ticks that workers would do."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from chats import clock, live
from chats.engine import drain, wake
from chats.engine import remote as engine_remote
from chats.engine.events import processor
from chats.models import Lane, Operation, WebhookEvent
from tests import wire
from tests.people import NOON

SECONDS = 20.0


class Clock:
    """The one clock, standing still until a test moves it."""

    def __init__(self, start: datetime) -> None:
        self.now = start

    def __call__(self) -> datetime:
        return self.now

    def tick(self, **by: float) -> datetime:
        """Move on, by `seconds=`, `minutes=` or `hours=`."""
        self.now += timedelta(**by)
        return self.now


@pytest.fixture
def moment(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Half a minute past noon, and it stays so."""
    frozen = Clock(NOON + timedelta(seconds=30))
    monkeypatch.setattr(clock, "now", frozen)
    return frozen


@pytest.fixture
def wakes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The ticks that were asked of the workers; none of them is run."""
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(wake, "send_task", lambda name, *ids: asked.append((name, *ids)))
    # What an earlier test has asked for is none of this one's.
    live.begun(wake.PROCESS_EVENTS)
    return asked


def work() -> int:
    """Drain every lane once, as workers that were woken would. Returns how many operations were handled."""
    return sum(drain.drain(pk, seconds=SECONDS) for pk in Lane.objects.order_by("pk").values_list("pk", flat=True))


def hear(event_type: str, data: dict[str, Any], **more: Any) -> WebhookEvent:
    """Have an event delivered and processed. Returns it as it stands then."""
    event = wire.store(event_type, data, **more)
    processor.process_due(seconds=SECONDS)
    event.refresh_from_db()
    return event


def only_operation() -> Operation:
    return Operation.objects.get()


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """Run jobs at the same time, each with a database connection of its own; what each returned or raised."""
    start = threading.Barrier(len(jobs))
    results: list[Any] = [None] * len(jobs)

    def run(index: int, job: Callable[[], Any]) -> None:
        try:
            start.wait(10)
            results[index] = job()
        except Exception as problem:  # noqa: BLE001
            results[index] = problem
        finally:
            engine_remote.client().close()
            connection.close()

    threads = [threading.Thread(target=run, args=(index, job)) for index, job in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    return results
