"""The rooms of the console, and the rail that leads to them on every page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib import admin
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject


@dataclass(frozen=True)
class Room:
    """A place in the console. `url_name` is looked up in the admin's namespace."""

    label: str
    icon: str
    url_name: str
    # What a person needs to see the room in the rail; the room's own view checks it again. Empty: anyone signed in.
    permission: str = ""
    # The letter that opens the room after `g`. Empty: no shortcut.
    key: str = ""

    def address(self) -> str:
        """Where the room is, or an empty text while no page of that name exists."""
        try:
            return reverse(f"admin:{self.url_name}")
        except NoReverseMatch:
            return ""


HOME = Room("Home", "home", "index", key="h")
ROOMS = (
    Room("Inbox", "inbox", "inbox", "chats.read_chats", "i"),
    Room("Groups", "groups", "groups", "chats.read_chats", "g"),
    Room("Lines", "line", "lines", "chats.watch_lines", "l"),
    Room("Activity", "activity", "activity", "chats.view_activity", "a"),
    Room("Setup", "setup", "setup", "chats.run_setup", "s"),
)


@dataclass(frozen=True)
class Entry:
    """One link of the rail. `current` is "page" on the very page, "true" on a page below it, else empty."""

    label: str
    url: str
    icon: str = ""
    key: str = ""
    current: str = ""


@dataclass(frozen=True)
class Section:
    """One application's own lists, under Manage."""

    label: str
    entries: list[Entry]


@dataclass(frozen=True)
class Rail:
    home: Entry
    rooms: list[Entry]
    manage: list[Section]


def _current(path: str, url: str) -> str:
    if path == url:
        return "page"
    return "true" if url != "/" and path.startswith(url) else ""


def _rooms(request: HttpRequest) -> Iterator[Entry]:
    for room in ROOMS:
        url = room.address()
        if url and (not room.permission or request.user.has_perm(room.permission)):
            yield Entry(room.label, url, room.icon, room.key, _current(request.path, url))


def _manage(request: HttpRequest) -> Iterator[Section]:
    for app in admin.site.get_app_list(request):
        entries = [
            Entry(str(model["name"]), model["admin_url"], current=_current(request.path, model["admin_url"]))
            for model in app["models"]
            if model["admin_url"]
        ]
        if entries:
            yield Section(str(app["name"]), entries)


def rail_for(request: HttpRequest) -> Rail | None:
    """The rail as this person may see it; None for someone who is not signed in to the console."""
    if not hasattr(request, "user") or not admin.site.has_permission(request):
        return None
    url = HOME.address()
    home = Entry(HOME.label, url, HOME.icon, HOME.key, "page" if request.path == url else "")
    return Rail(home, list(_rooms(request)), list(_manage(request)))


def frame(request: HttpRequest) -> dict[str, object]:
    """Context processor: `rail` on every page, error pages too. Built only where a template asks for it."""
    return {"rail": SimpleLazyObject(lambda: rail_for(request))}
