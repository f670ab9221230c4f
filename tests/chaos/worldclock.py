"""The one time of a chaos run: the sandbox's, and in step with it that of every process of the console.

It runs faster than the system's, so that leases, retries and checks of minutes pass in seconds. How it goes is
kept in a small file that every process reads whenever it asks for the time, so a change counts at once.
"""

from __future__ import annotations

import os
import struct
import time
from datetime import UTC, datetime
from pathlib import Path

PATH = "CHAOS_CLOCK"
SPEED = "CHAOS_SPEED"
_FORMAT = struct.Struct("ddd")


def set_going(path: Path, *, at: datetime, speed: float) -> None:
    """Let the time run on from `at`, `speed` seconds in one of the system's."""
    new = path.with_suffix(".new")
    new.write_bytes(_FORMAT.pack(at.timestamp(), time.time(), speed))
    new.rename(path)


def read(path: Path) -> datetime:
    """The time now."""
    world_at, real_at, speed = _FORMAT.unpack(path.read_bytes())
    return datetime.fromtimestamp(world_at + (time.time() - real_at) * speed, UTC)


def now() -> datetime:
    """The time now, for a process that was told in its environment where the clock is."""
    return read(Path(os.environ[PATH]))
