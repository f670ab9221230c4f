"""The two background threads: one carries out what is due in the world, the other is the post."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import DatabaseError, connection

from sandbox import (
    alarms,
    audits,
    backdrops,
    clock,
    groups,
    happenings,
    location,
    planning,
    post,
    reactions,
    reputation,
    world,
)
from sandbox.people import answers, cards, group_moves, life

log = logging.getLogger(__name__)

# Rows written by another process (`python -m sandbox reset`) ring no alarm here.
LONGEST_SLEEP = 1.0
BREATH = 0.03
LONGEST_BREATH = 0.25
# importing them registers what they do
KINDS_FROM = (life, answers, groups, cards, group_moves, location, backdrops, audits, reputation, reactions)
_stopping = threading.Event()
_happenings_turn = threading.Lock()
_post_turn = threading.Lock()
_threads: list[threading.Thread] = []


def start() -> None:
    """Start both threads, in the world that is in the database."""
    _stopping.clear()
    world.begin()
    _run("happenings", happenings.carry_out, happenings.next_at, alarms.happenings, _happenings_turn)
    _run("post", post.send_due, post.next_at, alarms.post, _post_turn)


def stop() -> None:
    """Stop both threads after what they are doing now."""
    _stopping.set()
    wake()
    for thread in _threads:
        thread.join(timeout=15)
    _threads.clear()
    post.close()


def wake() -> None:
    """Let both threads look at the clock again: it was set."""
    alarms.happenings.ring()
    alarms.post.ring()


@contextmanager
def paused() -> Iterator[None]:
    """Nothing is carried out while this holds: the world is being replaced."""
    with _happenings_turn, _post_turn:
        yield


def _run(
    name: str,
    work: Callable[[], int],
    next_at: Callable[[], datetime | None],
    alarm: alarms.Alarm,
    turn: threading.Lock,
) -> None:
    def loop() -> None:
        while not _stopping.is_set():
            try:
                planning.for_few_rows()
                with turn:
                    began = time.monotonic()
                    done = work()
                if done:
                    # A breath, in which more falls due: many at once cost little more than one. The longer the work
                    # took, the longer the breath, so that it leaves most of the processor to those who send.
                    took = time.monotonic() - began
                    _stopping.wait(BREATH if done >= happenings.BATCH else min(LONGEST_BREATH, max(BREATH, 2 * took)))
                    continue
                due = next_at()
                pause = LONGEST_SLEEP if due is None else min(LONGEST_SLEEP, clock.seconds_until(due))
            except DatabaseError:
                # The world may be replaced right now, or the database is gone for a moment.
                log.warning("The %s thread could not reach its rows; it tries again", name, exc_info=True)
                connection.close()
                pause = LONGEST_SLEEP
            alarm.wait(pause)
        connection.close()

    thread = threading.Thread(target=loop, name=name, daemon=True)
    thread.start()
    _threads.append(thread)
