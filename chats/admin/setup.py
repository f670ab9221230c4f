"""The setup room: the connection to the remote, reading the account, and what is still to do."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from chats.actions.sync import start_sync
from chats.admin.guard import htmx_of, person, room
from chats.models import SyncRun
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


def _context(request: HttpRequest) -> dict[str, object]:
    runs = queries.latest_runs()
    return {
        "title": "Setup",
        "connection": queries.connection(),
        "subscription": queries.subscription(),
        "progress": queries.progress(runs[0]) if runs else None,
        "is_running": bool(runs) and runs[0].state == SyncRun.State.RUNNING,
        "runs": [queries.progress(run) for run in runs],
        "steps": queries.steps(),
        "can_sync": access.sees_all_lines(request.user),
    }
