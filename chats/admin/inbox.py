"""The inbox: the list of chats beside the open one, and its live updates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit
from zlib import crc32

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe
from django_htmx.http import push_url

from chats.admin.guard import htmx_of, person, room
from chats.models import Chat, Line
from chats.models.common import Health
from chats.queries import access
from chats.queries.inbox import InboxFilters, apply_filters, inbox_page, lines_to_choose, unread_total
from chats.queries.paging import Page, Position
from chats.templatetags.console import readable

# More changed chats than this at once, and the whole first page is asked for instead.
MOST_CHANGED = 40
# The parts of the page that htmx may ask for alone, by their ids.
LIST = "chat-list"
OLDER = "chats-older"
# What inbox.js listens to, for the page's list of shortcuts.
KEYS = [
    ("j", "Next chat"),
    ("k", "Previous chat"),
    ("Enter", "Open the chat; in the box: send"),
    ("e", "Mark the chat read or unread"),
    ("u", "Mark the open chat unread"),
    ("r", "Write a reply"),
    ("n", "New chat"),
]
_CHAT_PATH = re.compile(r"/inbox/(\d{1,18})/")


@dataclass(frozen=True)
class Row:
    """A chat as the list shows it. `order` sorts rows as the database does; `version` changes with the look."""

    chat: Chat
    order: str
    version: str

    @classmethod
    def of(cls, chat: Chat) -> Row:
        shown = (
            str(chat),
            chat.last_message_text,
            chat.last_message_is_ours,
            chat.unread_count,
            chat.health_status,
            chat.service,
            chat.left_at,
            str(chat.line),
        )
        order = f"{chat.sort_at:%Y-%m-%dT%H:%M:%S.%f}|{chat.pk:019d}"
        return cls(chat, order, f"{crc32(repr(shown).encode('utf-8', 'backslashreplace')):08x}")


@dataclass(frozen=True)
class Filter:
    """One thing the list is narrowed to, and the address that lets go of it."""

    label: str
    without: str


@require_safe
@room("read_chats")
def inbox(request: HttpRequest) -> HttpResponse:
    """The page without an open chat; for the search and the filters only the list, and its address."""
    page = list_context(request)
    if not _asks_for_list(request):
        return _vary(render(request, "console/inbox/inbox.html", page | {"title": "Inbox"}))
    if htmx_of(request).target == OLDER:
        return _vary(render(request, "console/inbox/rows.html", page))
    response = render(request, "console/inbox/list.html", page)
    # An open chat stays open while its neighbours change.
    here = urlsplit(htmx_of(request).current_url_abs_path or "").path
    path = here if _CHAT_PATH.fullmatch(here) else reverse("admin:inbox")
    return _vary(push_url(response, with_query(path, page["query"])))


@require_safe
@room("read_chats")
def inbox_rows(request: HttpRequest) -> HttpResponse:
    """The rows of these chats (`ids`, with commas) as far as the filters take them in; else the first page."""
    filters = InboxFilters.read(request.GET)
    ids = [int(one) for one in request.GET.get("ids", "").split(",") if one.isdigit() and len(one) < 19]
    user = person(request)
    if 0 < len(ids) <= MOST_CHANGED:
        rows = access.chats_for(user).filter(pk__in=ids).select_related("line").defer("search", "icon_url")
        chats, is_first_page, rest = list(apply_filters(rows, filters)), False, ""
    else:
        page = inbox_page(user, filters)
        chats, is_first_page, rest = list(page.rows), True, page.next
    context = {
        "rows": [Row.of(chat) for chat in chats],
        "asked": ",".join(map(str, ids)),
        "is_first_page": is_first_page,
        "has_more": bool(rest),
        "query": query_of(filters),
    }
    return render(request, "console/inbox/rows_update.html", context)


@require_safe
@room("read_chats")
def inbox_unread(request: HttpRequest) -> HttpResponse:
    """How much is unread, for the rail and the tab of every page."""
    return JsonResponse({"total": unread_total(person(request))})


def list_context(request: HttpRequest) -> dict[str, Any]:
    """What the list column shows: one page of chats, the filters, and why it may be empty."""
    user = person(request)
    filters = InboxFilters.read(request.GET)
    lines = lines_to_choose(user)
    page: Page[Chat] = inbox_page(user, filters, after=request.GET.get("after", ""))
    query = query_of(filters)
    can_reply = access.has_right(user, "chats.reply_to_chats")
    next_url = with_query(reverse("admin:inbox"), query, after=page.next) if page.next else ""
    return {
        "rows": [Row.of(chat) for chat in page.rows],
        "next_url": next_url,
        "is_continued": Position.read(request.GET.get("after", "")) is not None,
        "filters": filters,
        "set_filters": _set_filters(filters, lines),
        "query": query,
        "lines": lines,
        "healths": Health.choices,
        "unread_total": unread_total(user),
        "inbox_keys": KEYS if can_reply else KEYS[:3],
        "can_reply": can_reply,
    }


def query_of(filters: InboxFilters) -> str:
    """The filters as they stand in an address, only those that are set."""
    return urlencode([(name, value) for name, value in _named(filters) if value])


def with_query(path: str, query: str, **more: str) -> str:
    query = "&".join(piece for piece in (query, urlencode(more)) if piece)
    return f"{path}?{query}" if query else path


def _named(filters: InboxFilters) -> list[tuple[str, str]]:
    return [
        ("q", filters.search),
        ("line", str(filters.line or "")),
        ("unread", "1" if filters.unread else ""),
        ("kind", filters.kind),
        ("health", filters.health),
    ]


def _set_filters(filters: InboxFilters, lines: list[Line]) -> list[Filter]:
    labels = {
        "q": f"“{filters.search}”",
        "line": next((readable(line) for line in lines if line.pk == filters.line), "Unknown line"),
        "unread": "Unread",
        "kind": "Groups" if filters.kind == "group" else "Direct",
        "health": "No health yet" if filters.health == "none" else str(dict(Health.choices).get(filters.health, "")),
    }
    named = [(name, value) for name, value in _named(filters) if value]
    return [
        Filter(labels[name], with_query(reverse("admin:inbox"), urlencode([pair for pair in named if pair[0] != name])))
        for name, _ in named
    ]


def _asks_for_list(request: HttpRequest) -> bool:
    """Whether htmx asks for the list alone; a page restored from history is asked for whole."""
    htmx = htmx_of(request)
    return bool(htmx) and htmx.target in {LIST, OLDER} and not htmx.history_restore_request


def _vary(response: HttpResponse) -> HttpResponse:
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response
