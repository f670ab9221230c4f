"""Home: the tiles, and what needs attention."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from chats import clock
from chats.admin.guard import person
from chats.models import Line, SyncRun
from chats.queries import access, home, waiting
from chats.queries.lines import counted


@dataclass(frozen=True)
class Tile:
    """One number. `url` is empty for whoever may not open the page behind it."""

    label: str
    value: str
    note: str
    icon: str
    url: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Alert:
    """Something to act on. `tone` is "bad" or "warn"."""

    title: str
    text: str
    tone: str = "warn"
    url: str = ""
    action: str = ""


def home_context(request: HttpRequest) -> dict[str, list[Tile] | list[Alert]]:
    """`home`, the tiles, and `alerts`, for the lines of whoever asks."""
    may = _Rights(request)
    lines = home.lines(request.user)
    return {"home": _tiles(request, may, lines), "alerts": _alerts(may, lines)}


class _Rights:
    """Which rooms the person may open."""

    def __init__(self, request: HttpRequest) -> None:
        user = person(request)
        self.chats = access.has_right(user, "chats.read_chats")
        self.lines = access.has_right(user, "chats.watch_lines")
        self.activity = access.has_right(user, "chats.view_activity")
        self.setup = access.has_right(user, "chats.run_setup")


def _tiles(request: HttpRequest, may: _Rights, lines: list[Line]) -> list[Tile]:
    if not lines or not (may.chats or may.activity):
        return []
    numbers = home.numbers(request.user)
    tiles = []
    if may.chats:
        inbox = reverse("admin:inbox")
        chats = "1 chat" if numbers.unread_chats == 1 else f"{numbers.unread_chats:,} chats"
        unread = f"In {chats}" if numbers.unread_messages else "Everything is read"
        tiles += [
            Tile("Unread messages", f"{numbers.unread_messages:,}", unread, "inbox", f"{inbox}?unread=1"),
            Tile("Active chats", counted(numbers.active_chats), "In the last 24 hours", "bubble", inbox),
        ]
    activity = reverse("admin:activity") if may.activity else ""
    tiles += [
        Tile(
            "Waiting to leave",
            counted(numbers.waiting),
            "Messages and changes in the queue" if numbers.waiting else "Nothing waits",
            "clock",
            f"{activity}?state=queued" if activity else "",
        ),
        Tile(
            "Failed",
            counted(numbers.failed),
            "In the last 24 hours",
            "alert",
            f"{activity}?state=failed" if activity else "",
            "bad" if numbers.failed else "",
        ),
    ]
    if may.activity:
        tiles.append(
            Tile(
                "Events that failed",
                counted(numbers.parked),
                "Can be run again" if numbers.parked else "None to look at",
                "webhook",
                f"{reverse('admin:events')}?state=parked",
                "warn" if numbers.parked else "",
            )
        )
    flagged = sum(line.status == Line.Status.FLAGGED for line in lines)
    tiles.append(
        Tile(
            "Lines flagged",
            f"{flagged:,}",
            f"Of {len(lines):,} {'line' if len(lines) == 1 else 'lines'}",
            "line",
            reverse("admin:lines") if may.lines else "",
            "bad" if flagged else "",
        )
    )
    return tiles


def _alerts(may: _Rights, lines: list[Line]) -> list[Alert]:
    alerts = []
    if not lines and not may.setup:
        alerts.append(
            Alert("No line is given to you yet", "Ask an administrator of your team to give you one; its chats follow.")
        )
    for line in lines:
        alerts += _line_alerts(line, may)
    if may.setup:
        alerts += _sync_alerts()
    return alerts


def _line_alerts(line: Line, may: _Rights) -> list[Alert]:
    url = reverse("admin:line", args=[line.pk]) if may.lines else ""
    alerts = []
    if line.is_paused:
        tone = "warn" if line.pause_reason == Line.Pause.BY_HAND else "bad"
        alerts.append(Alert(f"{line} is paused", waiting.paused(line), tone, url))
    if line.status == Line.Status.FLAGGED:
        text = "Messages may not leave or arrive on it; this typically lasts about a day."
        alerts.append(Alert(f"{line} is flagged", text, "bad", url))
    if line.reputation == Line.Reputation.CRITICAL:
        text = "Send less, and only to people who answer, until it recovers."
        alerts.append(Alert(f"{line} has a critical reputation", text, "bad", url))
    lane = getattr(line, "lane", None)
    if lane is not None and lane.rest_until is not None and lane.rest_until > clock.now():
        text = "The remote asked us to wait; what is queued leaves afterwards."
        alerts.append(Alert(f"{line} is resting", text, url=url))
    return alerts


def _sync_alerts() -> list[Alert]:
    run = home.latest_sync()
    setup = reverse("admin:setup")
    if run is None:
        return [
            Alert(
                "Nothing has been read yet", "Start the first sync to read lines and chats.", url=setup, action="Set up"
            )
        ]
    if run.state == SyncRun.State.FAILED:
        return [Alert("The last sync failed", run.error, "bad", setup, "Set up")]
    return []
