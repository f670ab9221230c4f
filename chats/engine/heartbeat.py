"""Beats of what has to go on: the webhook door of every web process, and our reaching the remote.

A beat is a row in the database, so that a hole between two of them says that events could not have been stored:
the web processes were down, or the database was.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta
from functools import cache

from django.db import Error, connection, transaction

from chats import clock
from chats.engine import gaps
from chats.models import Heartbeat, Reconciliation

log = logging.getLogger(__name__)

BEAT_EVERY = 15.0
_CAUSES = {Heartbeat.DOOR: Reconciliation.Cause.DOOR, Heartbeat.REMOTE: Reconciliation.Cause.REMOTE}
# A hole that is longer is a gap.
LONGEST_HOLE = {Heartbeat.DOOR: timedelta(seconds=60), Heartbeat.REMOTE: timedelta(minutes=3)}


def beat(name: str) -> datetime | None:
    """Note that `name` goes on. After a hole that is too long the chats are read again; returns when that began."""
    with transaction.atomic():
        now = clock.now()
        row, is_first = Heartbeat.objects.select_for_update().get_or_create(name=name, defaults={"beat_at": now})
        hole_since = row.beat_at if not is_first and now - row.beat_at > LONGEST_HOLE[name] else None
        if hole_since is not None:
            gaps.note(_CAUSES[name], since=hole_since)
        if now > row.beat_at:
            Heartbeat.objects.filter(pk=row.pk).update(beat_at=now)
    return hole_since


@cache
def keep_beating() -> None:
    """Beat for the webhook door as long as this process lives, in a thread of its own."""
    threading.Thread(target=_beat_on, name="door heartbeat", daemon=True).start()


def _beat_on() -> None:
    pause = threading.Event()
    while True:
        try:
            beat(Heartbeat.DOOR)
        except Error as problem:
            # The door cannot store either: this is what the hole will tell.
            log.warning("The heartbeat could not be written: %s", type(problem).__name__)
        finally:
            connection.close()
        pause.wait(BEAT_EVERY)
