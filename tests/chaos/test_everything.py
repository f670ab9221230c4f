"""Everything goes wrong at once, then it is calm: every message was accepted once, and every row is true."""

from __future__ import annotations

import random
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.chaos import sizes
from tests.chaos.disasters import Disasters
from tests.chaos.installation import Installation
from tests.chaos.points import Point
from tests.chaos.sizes import Size
from tests.chaos.truth import differences

CALM_WITHIN = timedelta(minutes=2)
LOOK_EVERY = 0.5
SHOWN = 20


@pytest.fixture
def seed() -> int:
    return sizes.seed()


@pytest.fixture
def installation(seed: int) -> Iterator[Installation]:
    running = Installation(sizes.chosen(), seed=seed)
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.mark.chaos
def test_every_message_is_accepted_once_and_every_state_is_true(installation: Installation, seed: int) -> None:
    size = installation.size
    say(f"chaos: {size.messages} messages over {size.lines} lines, CHAOS_SEED={seed}")
    began = time.monotonic()
    luck = random.Random(seed)
    intents = plan(size, installation.lines(), luck)
    installation.plan(intents)
    # Nobody's answers are lost in the crowd of everybody's.
    installation.sandbox.control("habits", {"replies": 0.3, "types": 0.3})
    disasters = Disasters(installation, size, luck)
    due = disasters.all()
    disasters.begin()
    written = 0
    for number, happen in enumerate(due, start=1):
        share = size.messages * number // len(due) - written
        installation.write(share)
        written += share
        disasters.pause()
        disasters.weather()
        happen()
        assert installation.has_written() == written
    points = Counter(installation.deaths())
    disasters.calm()
    say(f"calm after {time.monotonic() - began:.0f} s")
    since = installation.now()
    found = differences(installation, intents)
    at_the_start = len(found)
    while found and installation.now() - since < CALM_WITHIN:
        time.sleep(LOOK_EVERY)
        found = differences(installation, intents)
    took = (installation.now() - since).total_seconds()
    report(installation, disasters, points, at_the_start, took, time.monotonic() - began)
    assert not found, f"{len(found)} differences, CHAOS_SEED={seed}:\n" + "\n".join(found[:SHOWN])
    assert points == dict.fromkeys(Point, size.rounds_of_points)


def plan(size: Size, lines: list[str], luck: random.Random) -> list[dict[str, Any]]:
    """Who writes what to whom: to people and to groups whom the lines have never written to, again and again."""
    chats = []
    for number, line in enumerate(lines):
        people = [f"+1305555{number * size.people_a_line + index:04d}" for index in range(size.people_a_line)]
        chats += [(line, [one]) for one in people[2:]] + [(line, people[:2]), (line, people[1:3])]
    keys = (str(uuid.UUID(int=luck.getrandbits(128), version=4)) for _ in range(size.messages))
    chosen = [*chats, *luck.choices(chats, k=size.messages - len(chats))]
    return [
        {"key": key, "line": line, "to": to, "text": f"Message {number} of {size.messages}"}
        for number, (key, (line, to)) in enumerate(zip(keys, chosen, strict=True), start=1)
    ]


def report(
    installation: Installation, disasters: Disasters, points: Counter[str], differ: int, took: float, seconds: float
) -> None:
    stats = installation.sandbox.stats()
    accepted, webhooks = stats["accepted"], stats["webhooks"]
    messages = installation.size.messages
    rows = {
        "messages": messages,
        "lines": installation.size.lines,
        **disasters.count,
        **{f"killed {point}": points[point] for point in Point},
        "webhooks tried": webhooks["sent"],
        "webhooks lost": webhooks["dropped"],
        "accepted": accepted["total"],
        "duplicates": accepted["total"] - accepted["distinct_idempotency_keys"],
        "lost": messages - accepted["distinct_idempotency_keys"],
        "differences when it became calm": differ,
        "seconds of the world until all was true": f"{took:.0f}",
        "real seconds in all": f"{seconds:.0f}",
        "times as slow as two free cores": f"{installation.slowness:.1f}",
    }
    width = max(map(len, rows))
    for name, value in rows.items():
        say(f"  {name:<{width}}  {value:>8}")


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
