"""The world of this process: its seed and the account it belongs to."""

from __future__ import annotations

import functools

from sandbox import blocklist
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


def exists() -> bool:
    """Whether a world was made in this database."""
    return World.objects.filter(id=1).exists()
