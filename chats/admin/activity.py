"""The activity room: every operation and every webhook event, and what can be done about those that failed."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from chats.actions import events as event_actions
from chats.actions import operations as operation_actions
from chats.admin.addresses import same_page
from chats.admin.doing import OperationAction, do_and_return
from chats.admin.guard import person, room
from chats.engine.events import HANDLERS
from chats.models import Operation, WebhookEvent
from chats.queries import access, activity, inbox, waiting
from chats.v3.codes import CODES

EVENT_TYPES = sorted(HANDLERS)
"""Offered in the filter. Any other type that came can be asked for in the address."""


@require_safe
@room("view_activity")
def operations(request: HttpRequest) -> HttpResponse:
    filters = activity.OperationFilters.read(request.GET)
    page = activity.operations_page(request.user, filters, after=request.GET.get("after", ""))
    context = _list_context(request, page.next) | {
        "title": "Activity",
        "tab": "operations",
        "rows": page.rows,
        "filters": filters,
        "states": Operation.State.choices,
        "kinds": Operation.Kind.choices,
    }
    return render(request, "console/activity/operations.html", context)


@require_safe
@room("view_activity")
def events(request: HttpRequest) -> HttpResponse:
    filters = activity.EventFilters.read(request.GET)
    page = activity.events_page(request.user, filters, after=request.GET.get("after", ""))
    types = EVENT_TYPES if not filters.type or filters.type in EVENT_TYPES else [*EVENT_TYPES, filters.type]
    context = _list_context(request, page.next) | {
        "title": "Activity",
        "tab": "events",
        "rows": page.rows,
        "filters": filters,
        "states": WebhookEvent.State.choices,
        "types": types,
        "any_parked": access.has_right(request.user, "chats.retry_operations")
        and activity.any_parked_event(request.user),
    }
    return render(request, "console/activity/events.html", context)


@require_safe
@room("view_activity")
def operation(request: HttpRequest, pk: int) -> HttpResponse:
    found = access.get_operation(request.user, pk)
    has_a_say = access.has_a_say(request.user, found)
    code = CODES.get(found.error_code) if found.error_code else None
    context = {
        "title": found.get_kind_display(),
        "operation": found,
        "why": waiting.why(found),
        "code": code,
        # Whether a button is worth showing; the action decides again.
        "can_retry": has_a_say and found.state == Operation.State.FAILED,
        "can_cancel": has_a_say and found.can_be_taken_back,
    }
    return render(request, "console/activity/operation.html", context)


@require_safe
@room("view_activity")
def event(request: HttpRequest, pk: int) -> HttpResponse:
    found = access.get_event(request.user, pk)
    again = found.state in {WebhookEvent.State.PARKED, WebhookEvent.State.IGNORED}
    context = {
        "title": found.event_type,
        "event": found,
        "can_run_again": again and access.has_right(request.user, "chats.retry_operations"),
    }
    return render(request, "console/activity/event.html", context)


def _operation_view(action: OperationAction, done: str) -> Callable[[HttpRequest, int], HttpResponseBase]:
    """The view that runs `action` on one operation."""

    @require_POST
    @room("view_activity")
    def view(request: HttpRequest, pk: int) -> HttpResponse:
        found = access.get_operation(request.user, pk)
        by = person(request)
        return do_and_return(request, lambda: action(operation=found, by=by), done, "admin:operation", pk)

    return view


retry = _operation_view(operation_actions.retry_operation, "It is tried again.")
cancel = _operation_view(operation_actions.cancel_operation, "It was taken back.")


@require_POST
@room("view_activity")
def run_again(request: HttpRequest, pk: int) -> HttpResponse:
    found = access.get_event(request.user, pk)
    by = person(request)
    return do_and_return(
        request, lambda: event_actions.run_again(event=found, by=by), "It is processed again.", "admin:event", pk
    )


@require_http_methods(["GET", "POST"])
@room("retry_operations")
def run_all_again(request: HttpRequest) -> HttpResponse:
    """Ask whether every failed event shall be run again, and do so."""
    if request.method == "POST":
        count = event_actions.run_all_again(by=person(request))
        messages.success(request, f"{count:,} event{'' if count == 1 else 's'} will be processed again.")
        return redirect("admin:events")
    parked = activity.parked_events(request.user)
    context = {"title": "Run failed events again", "count": parked, "has_more": parked == activity.MOST_COUNTED}
    return render(request, "console/activity/events_again.html", context)


def _list_context(request: HttpRequest, following: str) -> dict[str, object]:
    return {
        "lines": inbox.lines_to_choose(request.user),
        "older_url": same_page(request, after=following) if following else "",
        "is_first": "after" not in request.GET,
        "here": request.get_full_path(),
    }
