"""The groups room: every group of a person's lines, latest first."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from chats.admin.addresses import same_page
from chats.admin.guard import room
from chats.queries import access, inbox
from chats.queries.groups import groups_page
from chats.queries.inbox import InboxFilters


@require_safe
@room("read_chats")
def groups(request: HttpRequest) -> HttpResponse:
    filters = InboxFilters.read(request.GET)
    page = groups_page(request.user, filters, after=request.GET.get("after", ""))
    context = {
        "title": "Groups",
        "groups": page.rows,
        "older_url": same_page(request, after=page.next) if page.next else "",
        "filters": filters,
        "lines": inbox.lines_to_choose(request.user),
        "can_start": access.has_right(request.user, "chats.reply_to_chats"),
        "is_first": "after" not in request.GET,
    }
    return render(request, "console/groups/groups.html", context)
