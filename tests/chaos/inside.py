"""What every process of the console loads in a chaos run: itself, on the run's clock.

Worker, beat and web are what the Procfile starts, but that time is the sandbox's and runs faster, and that a worker
may be told to die. `tests.chaos.nursery` starts them.
"""

from __future__ import annotations

import os
import time
from typing import Any

import django

from chats import clock
from tests.chaos import points, worldclock

clock.now = worldclock.now

from dashboard.celery import app  # noqa: E402 - the clock first

__all__ = ["app"]

django.setup()


def _hurry(speed: float) -> None:
    """What goes by the system's time goes faster by as much."""
    from django.conf import settings

    from chats.api import signing
    from chats.engine import heartbeat

    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        entry["schedule"] /= speed
    heartbeat.BEAT_EVERY /= speed
    verify = signing.verify

    def by_the_systems_time(secrets: Any, headers: Any, body: Any, *, now: float) -> None:
        # The sandbox signs with real time, whatever the time in its world.
        verify(secrets, headers, body, now=time.time())

    signing.verify = by_the_systems_time


_hurry(float(os.environ[worldclock.SPEED]))


def arm() -> None:
    """Let this process die at the named point that its environment names, if it does."""
    if os.environ.get(points.POINT):
        points.arm(points.Point(os.environ[points.POINT]))


def __getattr__(name: str) -> Any:
    if name != "application":
        raise AttributeError(name)
    # Only for the web server: who imports it becomes a door and says so with its heartbeat.
    from dashboard.asgi import application

    return application
