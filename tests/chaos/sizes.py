"""How much chaos: a small run for every change, a full one for `make chaos`. The same code does both.

`CHAOS_SIZE` is small, half or full; `CHAOS_SEED` is what a run draws its luck from, printed by each.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """What a run consists of."""

    lines: int
    people_a_line: int
    messages: int
    random_kills: int
    """Workers killed at random moments."""
    rounds_of_points: int
    """How often a worker dies at each named point."""
    redis_restarts: int
    postgres_restarts: int
    web_kills: int
    beat_kills: int
    workers: int
    pause: tuple[float, float]
    """Real seconds from one disaster to the next."""
    speed: float
    """Seconds of the world in a real one, once it is calm."""
    storm_speed: float
    """The same while things go wrong."""
    door_down_speed: float
    """The same while the door is down for ten minutes."""


SIZES = {
    "small": Size(
        lines=4, people_a_line=6, messages=200, random_kills=2, rounds_of_points=1, redis_restarts=1,
        postgres_restarts=1, web_kills=1, beat_kills=1, workers=1, pause=(0.2, 0.8), speed=4.0, storm_speed=10.0,
        door_down_speed=75.0,
    ),
    "half": Size(
        lines=10, people_a_line=20, messages=3000, random_kills=25, rounds_of_points=2, redis_restarts=3,
        postgres_restarts=2, web_kills=2, beat_kills=2, workers=2, pause=(0.5, 4.0), speed=3.0, storm_speed=6.0,
        door_down_speed=20.0,
    ),
    "full": Size(
        lines=20, people_a_line=20, messages=10_000, random_kills=50, rounds_of_points=4, redis_restarts=5,
        postgres_restarts=2, web_kills=4, beat_kills=4, workers=2, pause=(0.5, 5.0), speed=3.0, storm_speed=6.0,
        door_down_speed=20.0,
    ),
}  # fmt: skip


def chosen() -> Size:
    """The size that the environment asks for."""
    return SIZES[os.environ.get("CHAOS_SIZE", "small")]


def seed() -> int:
    """The seed that the environment asks for, or a new one."""
    return int(os.environ.get("CHAOS_SEED") or secrets.randbelow(1_000_000))
