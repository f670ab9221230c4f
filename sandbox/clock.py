"""The sandbox's time. Everything that decides by time asks here, never the system.

A world starts with the system's time. The control API can make its time run faster, move it on, or stop it so that
it is moved by hand (`sandbox.stepping`). Moved on or sped up it keeps running while the sandbox is down, since it
is reckoned from the system's time; stopped it stands still.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# How long a thread may sleep while the time stands still: nothing falls due until somebody moves it.
STANDING_STILL = 3600.0


@dataclass(frozen=True)
class Setting:
    """How the world's time follows from the system's."""

    speed: float = 1.0  # seconds of the world in one real second
    stepped: bool = False  # stands still at `world_at` until it is moved by hand
    world_at: datetime | None = None  # None: it is the system's time
    real_at: float = 0.0  # the system's time, in seconds since the epoch, when the world's was `world_at`

    def now(self) -> datetime:
        """The world's time, in UTC."""
        if self.world_at is None:
            return datetime.now(UTC)
        if self.stepped:
            return self.world_at
        return self.world_at + timedelta(seconds=(time.time() - self.real_at) * self.speed)

    @property
    def mode(self) -> str:
        """`real`, `running` (sped up or moved on) or `step`."""
        if self.stepped:
            return "step"
        return "real" if self.world_at is None else "running"


_setting = Setting()


def now() -> datetime:
    """The time in the sandbox's world, in UTC."""
    return _setting.now()


def setting() -> Setting:
    """How the time goes now."""
    return _setting


def put(new: Setting) -> None:
    """Let the time go like this from now on."""
    global _setting
    _setting = new


def run(speed: float, at: datetime | None = None) -> None:
    """Let the time run at this speed, from `at` or from where it is."""
    put(Setting(speed=speed, world_at=at or now(), real_at=time.time()))


def stop(at: datetime | None = None) -> None:
    """Stop the time, at `at` or where it is; from now on it is moved by hand. The speed is kept for later."""
    put(Setting(speed=_setting.speed, stepped=True, world_at=at or now(), real_at=time.time()))


def is_real() -> bool:
    """Whether the world's time is the system's."""
    return _setting.world_at is None


def is_stepped() -> bool:
    """Whether the time stands still until it is moved by hand."""
    return _setting.stepped


def seconds_until(moment: datetime) -> float:
    """Real seconds from now until the world reaches `moment`; 0 when it has passed."""
    left = (moment - now()).total_seconds()
    if left <= 0:
        return 0.0
    return STANDING_STILL if _setting.stepped else left / _setting.speed


def in_world(real_seconds: float) -> timedelta:
    """How much of the world's time passes in so many real seconds."""
    return timedelta(seconds=real_seconds * (1.0 if _setting.stepped else _setting.speed))
