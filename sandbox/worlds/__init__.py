"""Worlds to start from."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection, transaction

from sandbox import chance, files
from sandbox.models import Attachment, World
from sandbox.worlds import demo, empty

WORLDS: dict[str, Callable[[int], None]] = {"empty": empty.fill, "demo": demo.fill}
DEFAULT_SEED = 7


def make(name: str, seed: int) -> World:
    """Replace everything there is with a new world. What it holds depends on the seed alone."""
    with transaction.atomic():
        _clear()
        world = World.objects.create(id=1, name=name, seed=seed, partner_id=chance.identifier(seed, "partner"))
        WORLDS[name](seed)
    return world


def _clear() -> None:
    uploaded = list(Attachment.objects.values_list("id", flat=True))
    transaction.on_commit(lambda: files.remove(uploaded))
    # Numbers go on: a delivery of the old world that is still under way must not meet a new one with its number.
    tables = [name for name in connection.introspection.table_names() if name.startswith("sandbox_")]
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE {}".format(", ".join(connection.ops.quote_name(name) for name in tables)))
