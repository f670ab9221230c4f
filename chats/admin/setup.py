"""The setup room: the connection to the remote, reading the account, and what is still to do."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from chats.actions.rules import Refused
from chats.actions.setup import NeedsConfirmation, rotate_secret, set_retention
from chats.actions.sync import start_sync
from chats.admin.doing import do_and_return
from chats.admin.guard import htmx_of, person, room
from chats.models import Retention, SyncRun
from chats.queries import access
from chats.queries import setup as queries


@require_safe
@room("run_setup")
def setup(request: HttpRequest) -> HttpResponse:
    return render(request, "console/setup/setup.html", _context(request))


@require_POST
@room("run_setup")
def start(request: HttpRequest) -> HttpResponse:
    """Start reading the account; while one reading runs there is no second, however often this is asked."""
    start_sync(by=person(request))
    if htmx_of(request):
        return render(request, "console/setup/sync.html", _context(request))
    return redirect("admin:setup")


@require_POST
@room("run_setup")
def rotate(request: HttpRequest) -> HttpResponse:
    """Ask for a new signing secret."""
    by = person(request)
    done = "A new secret is asked for. The old one is taken for ten minutes more."
    return do_and_return(request, lambda: rotate_secret(by=by), done, "admin:setup")


@require_POST
@room("run_setup")
def retention(request: HttpRequest) -> HttpResponse:
    """Set how long things are kept; what deletes more than before is said first and done when confirmed."""
    typed = {name: request.POST.get(name, "").strip()[:10] for name in ("message_days", "event_days")}
    try:
        set_retention(
            message_days=_days(typed["message_days"]) if typed["message_days"] else None,
            event_days=_days(typed["event_days"]),
            by=person(request),
            confirmed="confirmed" in request.POST,
        )
    except Refused as no:
        asked = {"retention": typed, "refused": no.sentence, "refused_field": no.field}
        return render(request, "console/setup/setup.html", _context(request) | asked, status=422)
    except NeedsConfirmation as question:
        asked = {"retention": typed, "to_confirm": question.sentence}
        return render(request, "console/setup/setup.html", _context(request) | asked, status=422)
    messages.success(request, "It is set. What is too old goes in small steps, beginning within a minute.")
    return redirect("admin:setup")


def _days(text: str) -> int:
    """The number of days; 0, which no setting takes, for what is none."""
    return int(text) if text.isascii() and text.isdecimal() else 0


def _context(request: HttpRequest) -> dict[str, object]:
    runs = queries.latest_runs()
    return {
        "title": "Setup",
        "connection": queries.connection(),
        "subscription": queries.subscription(),
        "progress": queries.progress(runs[0]) if runs else None,
        "is_running": bool(runs) and runs[0].state == SyncRun.State.RUNNING,
        "runs": [queries.progress(run) for run in runs],
        "watch": queries.watch(),
        "retention": Retention.current(),
        "steps": queries.steps(),
        "can_sync": access.sees_all_lines(request.user),
    }
