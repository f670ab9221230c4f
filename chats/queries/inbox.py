"""The inbox: which chats a person sees, newest first, searched and filtered; and one chat's thread."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib.postgres.search import SearchQuery
from django.db.models import Prefetch, QuerySet, Sum

from chats.models import Chat, Line, Message, Operation, Participant, Reaction
from chats.models.common import Health
from chats.models.operation import OPEN
from chats.queries import access
from chats.queries.access import Person
from chats.queries.paging import Page, Position, known, page_by_time

CHATS_A_PAGE = 40
MESSAGES_A_PAGE = 50
MOST_SEARCHED = 100
# Operations of a chat without a message of their own that change nothing which its panel shows.
NO_CHANGES = [Operation.Kind.MARK_READ, Operation.Kind.UPLOAD_ATTACHMENT]


@dataclass(frozen=True)
class InboxFilters:
    """What the inbox is narrowed to; it lives in the page's address."""

    search: str = ""
    line: int | None = None
    unread: bool = False
    kind: str = ""  # "group", "direct" or empty
    health: str = ""  # a Health value, or "none" for chats without one

    @classmethod
    def read(cls, query: Mapping[str, str]) -> InboxFilters:
        line = query.get("line", "")
        kind = query.get("kind", "")
        health = query.get("health", "")
        return cls(
            search=query.get("q", "").strip()[:MOST_SEARCHED],
            line=int(line) if line.isdecimal() and len(line) < 19 else None,
            unread=query.get("unread", "") == "1",
            kind=kind if kind in {"group", "direct"} else "",
            health=health if health == "none" else known(health, Health),
        )

    @property
    def any(self) -> bool:
        return bool(self.search or self.line or self.unread or self.kind or self.health)


def inbox_page(user: Person, filters: InboxFilters, *, after: str = "") -> Page[Chat]:
    """A page of chats, newest first, each with its line."""
    rows = access.chats_for(user).select_related("line").defer("search", "icon_url")
    rows = apply_filters(rows, filters)
    return page_by_time(rows, field="sort_at", after=Position.read(after), size=CHATS_A_PAGE)


def apply_filters(rows: QuerySet[Chat], filters: InboxFilters) -> QuerySet[Chat]:
    if filters.line is not None:
        rows = rows.filter(line=filters.line)
    if filters.unread:
        rows = rows.filter(unread_count__gt=0)
    if filters.kind:
        rows = rows.filter(is_group=filters.kind == "group")
    if filters.health:
        rows = rows.filter(health_status="" if filters.health == "none" else filters.health)
    if filters.search:
        query = search_query(filters.search)
        rows = rows.filter(search=query) if query is not None else rows.none()
    return rows


def search_query(text: str) -> SearchQuery | None:
    """Chats that hold every word of `text`, each as the beginning of a word; None when it has no letter or digit."""
    text = text[:MOST_SEARCHED]
    if re.fullmatch(r"[+()\-./\s\d]+", text) and re.search(r"\d", text):
        # A phone number in any writing: the digits are what counts.
        words = [text]
    else:
        words = [word for word in re.split(r"[^\w@.+'-]+", text) if re.search(r"\w", word)]
    if not words:
        return None
    return SearchQuery(" & ".join(map(_term, words)), search_type="raw", config="simple")


def _term(word: str) -> str:
    """What finds a word by its beginning, or a number by a piece of it."""
    if not re.fullmatch(r"[+()\-./\s\d]+", word):
        return "'" + word.replace("'", "''").lstrip("+") + "':*"
    digits = re.sub(r"\D", "", word)
    # At home many numbers are written with a zero, or two, that they lose abroad.
    abroad = digits.lstrip("0")
    return f"('{digits}':* | '{abroad}':*)" if abroad not in {digits, ""} else f"'{digits}':*"


def unread_total(user: Person) -> int:
    """Unread messages over all chats of this person, for the rail. Reads only the chats that have some."""
    rows = access.chats_for(user).filter(unread_count__gt=0)
    return rows.aggregate(total=Sum("unread_count"))["total"] or 0


def thread_page(chat: Chat, *, before: str = "") -> Page[Message]:
    """A page of a chat's messages, newest first, with sender, reactions and the operation that sends each."""
    return page_by_time(thread_rows(chat), field="happened_at", after=Position.read(before), size=MESSAGES_A_PAGE)


def thread_rows(chat: Chat) -> QuerySet[Message]:
    """The chat's messages with all that a bubble shows."""
    return (
        Message.objects.filter(chat=chat)
        .select_related("sender__contact", "author", "operation")
        .prefetch_related(Prefetch("reactions", Reaction.objects.select_related("handle__contact").order_by("id")))
    )


def participants(chat: Chat) -> list[Participant]:
    """Everybody who is or was in the chat: ourselves last, then those who went."""
    rows = Participant.objects.filter(chat=chat).select_related("handle__contact")
    return sorted(rows, key=lambda row: (row.status != Participant.Status.ACTIVE, row.is_me, str(row.handle).lower()))


def pending_changes(chat: Chat) -> list[Operation]:
    """Changes of the group that the remote has not confirmed, oldest first."""
    return list(
        Operation.objects.filter(
            chat=chat, message__isnull=True, state__in=[*OPEN, Operation.State.ACCEPTED], due_at__isnull=False
        )
        .exclude(kind__in=NO_CHANGES)
        .select_related("requested_by")
        .order_by("id")
    )


def failed_changes(chat: Chat, *, most: int = 3) -> list[Operation]:
    """The latest changes of the group that failed, that nobody dismissed and nothing of the same kind overtook."""
    rows = (
        Operation.objects.filter(chat=chat, message__isnull=True)
        .exclude(kind__in=NO_CHANGES)
        .select_related("requested_by")
        .order_by("-id")[:20]
    )
    seen: set[tuple[str, str]] = set()
    failed = []
    for row in rows:
        about = (row.kind, str(row.payload.get("handle", "")))
        if row.state == Operation.State.FAILED and row.dismissed_at is None and about not in seen:
            failed.append(row)
        seen.add(about)
    return failed[:most]


def lines_to_choose(user: Person) -> list[Line]:
    return list(access.lines_for(user).order_by("label", "phone_number"))
