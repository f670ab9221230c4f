"""What is due: planned in the transaction that causes it, carried out in order of its time.

While the time runs, a background thread takes everything due in batches, and each kind of happening is done for the
whole batch at once, because one query for two hundred messages is what lets the world keep up with a fast sender.

While the time is moved by hand (`sandbox.stepping`), each happening comes after all that was due before it and after
the consequences of those, at exactly its own moment. Happenings of different people have nothing to do with one
another, so a stride of them is still done at once: it ends where somebody would have their second one.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Min

from sandbox import alarms, clock
from sandbox.models import Happening

log = logging.getLogger(__name__)

Payload = dict[str, Any]
Handler = Callable[[Sequence[Payload]], None]

BATCH = 200
STRIDE = 100

_PLAN = """
    INSERT INTO sandbox_happening (at, kind, payload, key)
    SELECT at, kind, payload, key
    FROM json_to_recordset(%s::json) AS new (at timestamptz, kind text, payload jsonb, key text)
    ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True)
class _Kind:
    do: Handler
    together: bool


_kinds: dict[str, _Kind] = {}


def handles(kind: str, *, together: bool = False) -> Callable[[Handler], Handler]:
    """Mark the function that does happenings of this kind. Kinds are done in the order of their marking.

    Each payload carries its moment as `at`. A handler marked `together` goes by that moment rather than by the clock
    and touches nothing but what belongs to the payload's `subject`, so that different subjects can be done at once.
    """

    def register(handler: Handler) -> Handler:
        _kinds[kind] = _Kind(handler, together)
        return handler

    return register


def happening(kind: str, at: datetime, *, key: str | None = None, **payload: Any) -> Happening:
    """One thing to plan."""
    return Happening(kind=kind, at=at, key=key, payload=payload)


def plan(due: Sequence[Happening]) -> None:
    """Plan things. Call it inside the transaction that causes them; a second one with the same key is left out."""
    if due:
        rows = [
            {"at": each.at.isoformat(), "kind": each.kind, "payload": each.payload, "key": each.key} for each in due
        ]
        with connection.cursor() as cursor:
            cursor.execute(_PLAN, [json.dumps(rows)])
        transaction.on_commit(alarms.happenings.ring)


def next_at() -> datetime | None:
    """When the next thing is due."""
    answer: datetime | None = Happening.objects.aggregate(first=Min("at"))["first"]
    return answer


def carry_out() -> int:
    """Do what is due now, at most one batch of it. Returns how many were taken; none while the time is stopped."""
    if clock.is_stepped():
        return 0
    return _safely(lambda: _do(_take(BATCH, clock.now())))


def carry_out_until(moment: datetime) -> int:
    """Move the stopped time on to `moment`, doing everything due on the way. Returns how many things happened."""
    done = 0
    while step := _safely(lambda: _stride(moment)):
        done += step
    clock.stop(moment)
    return done


def _stride(moment: datetime) -> int:
    batch = _unrelated(_take(STRIDE, moment))
    if batch:
        clock.stop(max(clock.now(), batch[0].at))
    return _do(batch)


def _unrelated(due: Sequence[Happening]) -> Sequence[Happening]:
    """The first of them that can be done at once."""
    subjects: set[str] = set()
    for index, each in enumerate(due):
        subject = each.payload.get("subject")
        if subject is None or subject in subjects or not _kinds[each.kind].together:
            return due[: max(1, index)]
        subjects.add(subject)
    return due


def _do(batch: Sequence[Happening]) -> int:
    by_kind: dict[str, list[Payload]] = {kind: [] for kind in _kinds}
    now = clock.now()
    for each in batch:
        # What comes late in the system's own time happens now; a world of its own keeps to its plan.
        by_kind[each.kind].append(each.payload | {"at": now if clock.is_real() else each.at})
    for kind, payloads in by_kind.items():
        if payloads:
            _kinds[kind].do(payloads)
    Happening.objects.filter(id__in=[each.id for each in batch]).delete()
    return len(batch)


def _safely(work: Callable[[], int]) -> int:
    try:
        with transaction.atomic():
            return work()
    except (OperationalError, InterfaceError):
        raise
    except Exception:  # noqa: BLE001 - one bad happening must not stop the world
        log.exception("A batch of happenings failed; trying them one by one")
        return _first_alone()


def _first_alone() -> int:
    """Do the first thing that waits; if it fails, say so and let it go."""
    with transaction.atomic():
        batch = list(Happening.objects.select_for_update(skip_locked=True).order_by("at", "id")[:1])
        for each in batch:
            try:
                with transaction.atomic():
                    _do([each])
            except Exception:  # noqa: BLE001 - see above
                log.exception("Happening %s (%s) failed and is dropped", each.id, each.kind)
                Happening.objects.filter(id=each.id).delete()
    return len(batch)


def _take(most: int, until: datetime) -> list[Happening]:
    return list(Happening.objects.select_for_update(skip_locked=True).filter(at__lte=until).order_by("at", "id")[:most])
