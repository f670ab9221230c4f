"""What is due: planned in the transaction that causes it, carried out in order by a background thread.

Everything due is taken in batches, and each kind of happening is done for the whole batch at once, because
one query for two hundred messages is what lets the world keep up with a fast sender.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Min

from sandbox import alarms, clock
from sandbox.models import Happening

log = logging.getLogger(__name__)

Payload = dict[str, Any]
Handler = Callable[[Sequence[Payload]], None]

BATCH = 200
_handlers: dict[str, Handler] = {}


def handles(kind: str) -> Callable[[Handler], Handler]:
    """Mark the function that does happenings of this kind. Kinds are done in the order of their marking."""

    def register(handler: Handler) -> Handler:
        _handlers[kind] = handler
        return handler

    return register


def happening(kind: str, at: datetime, *, key: str | None = None, **payload: Any) -> Happening:
    """One thing to plan."""
    return Happening(kind=kind, at=at, key=key, payload=payload)


def plan(due: Sequence[Happening]) -> None:
    """Plan things. Call it inside the transaction that causes them; a second one with the same key is left out."""
    if due:
        Happening.objects.bulk_create(due, ignore_conflicts=True)
        transaction.on_commit(alarms.happenings.ring)


def next_at() -> datetime | None:
    """When the next thing is due."""
    answer: datetime | None = Happening.objects.aggregate(first=Min("at"))["first"]
    return answer


def carry_out() -> int:
    """Do what is due now, at most one batch of it. Returns how many were taken."""
    try:
        with transaction.atomic():
            batch = _take(BATCH)
            by_kind: dict[str, list[Payload]] = {kind: [] for kind in _handlers}
            for each in batch:
                by_kind[each.kind].append(each.payload)
            for kind, payloads in by_kind.items():
                if payloads:
                    _handlers[kind](payloads)
            Happening.objects.filter(id__in=[each.id for each in batch]).delete()
        return len(batch)
    except (OperationalError, InterfaceError):
        raise
    except Exception:  # noqa: BLE001 - one bad happening must not stop the world
        log.exception("A batch of happenings failed; trying them one by one")
        return _carry_out_alone()


def _carry_out_alone() -> int:
    """Do one thing; if it fails, say so and let it go."""
    with transaction.atomic():
        batch = _take(1)
        for each in batch:
            try:
                with transaction.atomic():
                    _handlers[each.kind]([each.payload])
            except Exception:  # noqa: BLE001 - see above
                log.exception("Happening %s (%s) failed and is dropped", each.id, each.kind)
        Happening.objects.filter(id__in=[each.id for each in batch]).delete()
    return len(batch)


def _take(most: int) -> list[Happening]:
    return list(
        Happening.objects.select_for_update(skip_locked=True).filter(at__lte=clock.now()).order_by("at", "id")[:most]
    )
