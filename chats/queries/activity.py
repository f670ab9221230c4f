"""The activity page: operations and webhook events, newest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from chats.models import Operation, WebhookEvent
from chats.models.operation import BEST_EFFORT
from chats.queries import access
from chats.queries.access import Person
from chats.queries.paging import Page, known, page_by_id

ROWS_A_PAGE = 50
MOST_COUNTED = 1000


@dataclass(frozen=True)
class OperationFilters:
    line: int | None = None
    state: str = ""
    kind: str = ""
    chat: int | None = None

    @classmethod
    def read(cls, query: Mapping[str, str]) -> OperationFilters:
        return cls(
            line=_number(query.get("line", "")),
            state=known(query.get("state", ""), Operation.State),
            kind=known(query.get("kind", ""), Operation.Kind),
            chat=_number(query.get("chat", "")),
        )

    @property
    def any(self) -> bool:
        return bool(self.line or self.state or self.kind or self.chat)


@dataclass(frozen=True)
class EventFilters:
    line: int | None = None
    state: str = ""
    type: str = ""
    chat: int | None = None

    @classmethod
    def read(cls, query: Mapping[str, str]) -> EventFilters:
        return cls(
            line=_number(query.get("line", "")),
            state=known(query.get("state", ""), WebhookEvent.State),
            type=query.get("type", "").replace("\0", "")[:80],
            chat=_number(query.get("chat", "")),
        )

    @property
    def any(self) -> bool:
        return bool(self.line or self.state or self.type or self.chat)


def operations_page(user: Person, filters: OperationFilters, *, after: str = "") -> Page[Operation]:
    rows = access.operations_for(user).select_related("line", "chat", "requested_by", "message")
    rows = rows.defer("chat__search", "message__parts", "message__text")
    rows = rows.filter(_equal(line=filters.line, state=filters.state, kind=filters.kind, chat=filters.chat))
    if not filters.kind:
        rows = rows.exclude(kind__in=BEST_EFFORT)  # they pass within seconds and would stand before all else
    return page_by_id(rows, after=after, size=ROWS_A_PAGE)


def events_page(user: Person, filters: EventFilters, *, after: str = "") -> Page[WebhookEvent]:
    rows: QuerySet[WebhookEvent] = access.events_for(user).select_related("line", "chat").defer("chat__search")
    rows = rows.filter(_equal(line=filters.line, state=filters.state, event_type=filters.type, chat=filters.chat))
    return page_by_id(rows, after=after, size=ROWS_A_PAGE)


def any_parked_event(user: Person) -> bool:
    return access.events_for(user).filter(state=WebhookEvent.State.PARKED).exists()


def parked_events(user: Person) -> int:
    """How many events failed too often, up to `MOST_COUNTED`."""
    return access.events_for(user).filter(state=WebhookEvent.State.PARKED)[:MOST_COUNTED].count()


def _equal(**wanted: str | int | None) -> Q:
    """The conditions that are set."""
    return Q(**{field: value for field, value in wanted.items() if value})


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 19 else None
