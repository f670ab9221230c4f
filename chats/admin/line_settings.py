"""What a manager sets for a line at the remote: contact card, forwarding; and the audit of its reputation."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from chats.actions import line_settings, operations
from chats.admin.doing import refusal_of
from chats.admin.guard import person, room
from chats.admin.lines import Problem, show_line
from chats.admin.typed import as_handle
from chats.models.operation import ACCOUNT_WIDE
from chats.queries import access


@require_POST
@room("manage_lines")
def card(request: HttpRequest, pk: int) -> HttpResponse:
    line = access.get_line(request.user, pk)
    typed = {name: request.POST.get(name, "") for name in ("first_name", "last_name", "image_url")}
    done = "The card shows once the remote has it."
    return _do(
        request,
        pk,
        "card",
        typed,
        lambda: line_settings.save_contact_card(
            line=line,
            first_name=typed["first_name"],
            last_name=typed["last_name"],
            image_url=typed["image_url"],
            by=person(request),
        ),
        done,
    )


@require_POST
@room("manage_lines")
def forwarding(request: HttpRequest, pk: int) -> HttpResponse:
    line = access.get_line(request.user, pk)
    typed = {"number": request.POST.get("number", "").strip()}
    number = as_handle(typed["number"])
    done = "The number shows once the remote has it."
    return _do(
        request,
        pk,
        "forwarding",
        typed,
        lambda: line_settings.set_forwarding(line=line, number=number, by=person(request)),
        done,
    )


@require_POST
@room("manage_lines")
def audit(request: HttpRequest, pk: int) -> HttpResponse:
    line = access.get_line(request.user, pk)
    done = "The audit is asked for. Its report shows here when it is there."
    return _do(request, pk, "audit", {}, lambda: line_settings.start_audit(line=line, by=person(request)), done)


@require_POST
@room("manage_lines")
def retry(request: HttpRequest, pk: int, operation_pk: int) -> HttpResponse:
    """Try a failed change of a line's settings again."""
    line = access.get_line(request.user, pk)
    operation = access.get_operation(request.user, operation_pk)
    if operation.line_id != line.pk or operation.kind not in ACCOUNT_WIDE or operation.chat_id is not None:
        raise Http404
    again = lambda: operations.retry_operation(operation=operation, by=person(request))  # noqa: E731
    return _do(request, pk, "settings", {}, again, "It is tried again.")


def _do(
    request: HttpRequest, pk: int, form: str, typed: dict[str, str], act: Callable[[], object], done: str
) -> HttpResponse:
    no = refusal_of(act)
    if no is not None:
        return show_line(request, pk, problem=Problem(form, no.field or "", no.sentence, typed))
    messages.success(request, done)
    return redirect("admin:line", pk)
