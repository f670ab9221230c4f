"""The lines room: each line a person sees, with what waits on it and how many people it was given to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Func, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from chats import clock
from chats.models import Line, LineAccess, Operation, ReputationAudit
from chats.models.operation import Kind, State
from chats.queries import access
from chats.queries.access import Person

MOST_COUNTED = 1000
"""A queue is counted up to here; a longer one shows as "1,000+" (law 9: nothing large is counted)."""

WAITING_SHOWN = 50
SETTINGS_READ = 20
SETTINGS_SHOWN_FOR = timedelta(days=2)
WAITING = [State.QUEUED, State.UNKNOWN]


@dataclass(frozen=True)
class LineRow:
    """A line with what its page shows beside its own columns."""

    line: Line
    waiting: int
    """Operations queued or of unknown outcome; `MOST_COUNTED` + 1 stands for any number above it."""
    people: int
    """Active accounts it was given to. Whoever sees every line needs no gift and is not counted."""
    resting_until: datetime | None
    """Until when nothing leaves, because the remote asked us to wait; None when it does not rest."""

    @property
    def waiting_text(self) -> str:
        return counted(self.waiting)


def counted(number: int) -> str:
    """A number that was counted up to `MOST_COUNTED`, as it is shown."""
    return f"{MOST_COUNTED:,}+" if number > MOST_COUNTED else f"{number:,}"


def line_rows(user: Person) -> list[LineRow]:
    """The lines of this person, by label. One query, whatever the number of lines and the length of their queues."""
    return [_row(line) for line in _with_counts(access.lines_for(user)).order_by("label", "phone_number")]


def line_row(user: Person, pk: int) -> LineRow:
    """One line; `Http404` whether it is missing or somebody else's."""
    line = access.get_line(user, pk)
    return _row(_with_counts(Line.objects.filter(pk=line.pk)).get())


def waiting_operations(line: Line) -> list[Operation]:
    """What waits on a line, in the order it leaves; the first `WAITING_SHOWN`."""
    rows = Operation.objects.filter(lane__line=line, state__in=WAITING, due_at__isnull=False)
    rows = rows.select_related("chat", "requested_by").defer("chat__search", "payload")
    return list(rows.order_by("priority", "pace", "pk")[:WAITING_SHOWN])


@dataclass(frozen=True)
class LineSettings:
    """What is being set for a line, or has failed, and its latest audit."""

    pending: dict[str, Operation]
    """By kind: neither confirmed nor refused yet."""
    failed: list[Operation]
    """Not overtaken by a later one of the same kind."""
    audit: ReputationAudit | None


def settings_of(line: Line) -> LineSettings:
    """Two queries: the latest changes by the index of the line, the latest audit."""
    kinds = [Kind.SAVE_CONTACT_CARD, Kind.SET_FORWARDING, Kind.START_AUDIT]
    pending: dict[str, Operation] = {}
    failed: list[Operation] = []
    latest = Operation.objects.filter(line=line, kind__in=kinds, created_at__gt=clock.now() - SETTINGS_SHOWN_FOR)
    seen: set[str] = set()
    for operation in latest.select_related("lane", "line").order_by("-pk")[:SETTINGS_READ]:
        if operation.due_at is not None and operation.state in {*WAITING, State.SENDING, State.ACCEPTED}:
            pending.setdefault(operation.kind, operation)
        elif operation.state == State.FAILED and operation.kind not in seen:
            failed.append(operation)
        seen.add(operation.kind)
    return LineSettings(pending, failed, ReputationAudit.objects.filter(line=line).order_by("-pk").first())


def people_of(line: Line) -> QuerySet[User]:
    """The active accounts a line was given to."""
    return User.objects.filter(line_access__line=line, is_active=True).order_by("username")


def _with_counts(lines: QuerySet[Line]) -> QuerySet[Line]:
    waiting = Operation.objects.filter(lane=OuterRef("lane__pk"), state__in=WAITING, due_at__isnull=False)
    given = LineAccess.objects.filter(line=OuterRef("pk"), user__is_active=True).order_by().values("line")
    return lines.select_related("lane").annotate(
        # Only so many index entries are read for each line, however much is planned on it.
        waiting=Coalesce(
            Func(
                ArraySubquery(waiting.order_by().values("pk")[: MOST_COUNTED + 1]),
                function="cardinality",
                output_field=IntegerField(),
            ),
            0,
        ),
        people=Coalesce(Subquery(given.annotate(n=Count("pk")).values("n")), 0),
    )


def _row(line: Line) -> LineRow:
    lane = getattr(line, "lane", None)
    rest = lane.rest_until if lane is not None else None
    return LineRow(
        line=line,
        waiting=line.waiting,  # type: ignore[attr-defined]
        people=line.people,  # type: ignore[attr-defined]
        resting_until=rest if rest is not None and rest > clock.now() else None,
    )
