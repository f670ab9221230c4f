"""The world of this process: its seed and the account it belongs to."""

from __future__ import annotations

import functools

from django.conf import settings
from django.db.models import F

from sandbox import blocklist, clock, ids
from sandbox.faults import Faults, in_force
from sandbox.models import World


@functools.cache
def current() -> World:
    """The one world. It is read once, and again after `forget`."""
    return World.objects.get(id=1)


def forget() -> None:
    """Read the world and its faults anew: it was replaced."""
    current.cache_clear()
    blocklist.forget()
    world = current()
    in_force.put(Faults.from_json(world.faults), world.seed)
    clock.put(clock.Setting(world.clock_speed, world.clock_stepped, world.clock_world_at, world.clock_real_at))
    ids.begin(world.seed, world.starts)


def refresh() -> None:
    """Read the world's row anew: something in it changed, other than its time."""
    current.cache_clear()
    current()


def begin() -> None:
    """Enter the world that is in the database, at the start of this process."""
    World.objects.filter(id=1).update(starts=F("starts") + 1)
    forget()
    if settings.SPEED is not None and not clock.is_stepped():
        clock.run(settings.SPEED)
        keep_clock()


def keep_clock() -> None:
    """Keep how the time goes, for the next start."""
    now = clock.setting()
    World.objects.filter(id=1).update(
        clock_speed=now.speed, clock_stepped=now.stepped, clock_world_at=now.world_at, clock_real_at=now.real_at
    )


def exists() -> bool:
    """Whether a world was made in this database."""
    return World.objects.filter(id=1).exists()
