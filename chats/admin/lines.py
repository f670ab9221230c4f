"""The lines room: how each line is, what waits on it and who may use it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from chats.actions.lines import MAX_REASON_LENGTH, label_line, pause_line, resume_line
from chats.actions.rules import Refused
from chats.admin.doing import do_and_return
from chats.admin.guard import person, room
from chats.queries import access, waiting
from chats.queries.lines import WAITING_SHOWN, line_row, line_rows, people_of, waiting_operations
from chats.templatetags.bubbles import safe_address


@require_safe
@room("watch_lines")
def lines(request: HttpRequest) -> HttpResponse:
    rows = line_rows(request.user)
    context = {"title": "Lines", "rows": rows, "can_set_up": access.has_right(request.user, "chats.run_setup")}
    return render(request, "console/lines/lines.html", context)


@require_safe
@room("watch_lines")
def line(request: HttpRequest, pk: int) -> HttpResponse:
    return _line(request, pk)


@require_POST
@room("watch_lines")
def label(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the line's label; a refusal stands in the form, beside what was typed."""
    typed = request.POST.get("label", "")
    try:
        label_line(line=access.get_line(request.user, pk), label=typed, by=person(request))
    except Refused as no:
        return _line(request, pk, refused=no.sentence, typed=typed)
    messages.success(request, "The label is changed.")
    return redirect("admin:line", pk)


@require_POST
@room("watch_lines")
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    found = access.get_line(request.user, pk)
    by, reason = person(request), request.POST.get("reason", "")
    done = "The line is paused. Nothing leaves by it until somebody resumes it."
    return do_and_return(request, lambda: pause_line(line=found, reason=reason, by=by), done, "admin:line", pk)


@require_POST
@room("watch_lines")
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    found = access.get_line(request.user, pk)
    by = person(request)
    done = "The line is open again. What waits leaves at its pace."
    return do_and_return(request, lambda: resume_line(line=found, by=by), done, "admin:line", pk)


def _line(request: HttpRequest, pk: int, *, refused: str = "", typed: str = "") -> HttpResponse:
    row = line_row(request.user, pk)
    user = request.user
    context = {
        "title": str(row.line),
        "row": row,
        "line": row.line,
        "waiting": waiting_operations(row.line),
        "waiting_shown": WAITING_SHOWN,
        "reputation_doc_url": safe_address(row.line.reputation_doc_url),
        "people": people_of(row.line) if access.has_right(user, "chats.view_lineaccess") else None,
        "manage_url": reverse("admin:chats_line_change", args=[pk])
        if access.has_right(user, "chats.change_line")
        else "",
        "paused": waiting.paused(row.line),
        "can_pause": access.has_right(user, "chats.pause_lines"),
        "most_reason": MAX_REASON_LENGTH,
        "can_label": access.has_right(user, "chats.change_line"),
        "can_open_activity": access.has_right(user, "chats.view_activity"),
        "refused": refused,
        "typed": typed if refused else row.line.label,
    }
    return render(request, "console/lines/line.html", context, status=422 if refused else 200)
