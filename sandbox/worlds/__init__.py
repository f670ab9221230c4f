"""Worlds to start from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction

from sandbox import chance, clock, files
from sandbox.models import Attachment, World
from sandbox.worlds import demo, empty, sized
from sandbox.worlds.sized import Size

WORLDS: dict[str, Callable[[int], None]] = {"empty": empty.fill, "demo": demo.fill}
DEFAULT_SEED = 7
SIZED = "sized"  # the name of every world by size
MANNERS = ("friendly", "everyday")


@dataclass(frozen=True)
class Plan:
    """The world to make: one of `WORLDS`, or one of a size."""

    name: str = "demo"
    seed: int = DEFAULT_SEED
    size: Size | None = None
    # how people are: friendly or everyday; None: everyday in a world by size, else friendly
    manners: str | None = None
    # when its time begins, standing still; None: with the system's time
    starts_at: datetime | None = None


def make(plan: Plan) -> World:
    """Replace everything there is with a new world. What it holds depends on the seed alone.

    The clock is set to the new world's time before anything is written, and is put back if that fails.
    """
    manners = plan.manners or ("everyday" if plan.size else "friendly")
    before = clock.setting()
    clock.put(clock.Setting())
    if plan.starts_at is not None:
        clock.stop(plan.starts_at)
    elif settings.SPEED is not None:
        clock.run(settings.SPEED)
    try:
        with transaction.atomic():
            _clear()
            world = World.objects.create(
                id=1,
                name=SIZED if plan.size else plan.name,
                seed=plan.seed,
                partner_id=chance.identifier(plan.seed, "partner"),
                size=plan.size.as_json() if plan.size else None,
                manners=manners,
                clock_speed=clock.setting().speed,
                clock_stepped=clock.setting().stepped,
                clock_world_at=clock.setting().world_at,
                clock_real_at=clock.setting().real_at,
            )
            if plan.size:
                sized.fill(plan.seed, plan.size, manners)
            else:
                WORLDS[plan.name](plan.seed)
    except BaseException:
        clock.put(before)
        raise
    return world


def _clear() -> None:
    uploaded = list(Attachment.objects.values_list("id", flat=True))
    transaction.on_commit(lambda: files.remove(uploaded))
    # Numbers go on: a delivery of the old world that is still under way must not meet a new one with its number.
    tables = [name for name in connection.introspection.table_names() if name.startswith("sandbox_")]
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE {}".format(", ".join(connection.ops.quote_name(name) for name in tables)))
