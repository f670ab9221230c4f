"""The reader's time zone, in which the server writes times: what the browser says, or who reads without JavaScript.

`time.js` tells it in a cookie, so that from the second page on the server's own words (days between messages,
sentences, forms) agree with what the script shows. Without any, times are in UTC and say so.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.decorators import sync_and_async_middleware
from django.views.decorators.http import require_http_methods

COOKIE = "chatdeck_zone"
"""Also in `time.js`."""
KEPT_FOR = 365 * 24 * 3600  # seconds


@cache
def zone_names() -> list[str]:
    """The names of all zones, as "Europe/Lisbon"; those without a place are other names of the same."""
    return ["UTC", *sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))]


@cache
def _known() -> frozenset[str]:
    return frozenset(available_timezones())


def zone_of(request: HttpRequest) -> ZoneInfo | None:
    """The zone that the request names; None for none or one that does not exist."""
    name = request.COOKIES.get(COOKIE, "")
    return ZoneInfo(name) if name in _known() else None


@sync_and_async_middleware
def in_the_readers_zone(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Middleware: everything that is written for this request is written in the reader's zone."""
    if iscoroutinefunction(get_response):
        get_later: Callable[[HttpRequest], Awaitable[HttpResponseBase]] = get_response

        async def answer_later(request: HttpRequest) -> HttpResponseBase:
            with timezone.override(zone_of(request)):
                return await get_later(request)

        return answer_later

    def answer(request: HttpRequest) -> HttpResponseBase:
        with timezone.override(zone_of(request)):
            response: HttpResponseBase = get_response(request)
            return response

    return answer


@require_http_methods(["GET", "HEAD", "POST"])
def choose_zone(request: HttpRequest) -> HttpResponse:
    """For those without JavaScript: choose the zone by hand. It belongs to the browser, like the script's."""
    if request.method != "POST":
        context = {"title": "Time zone", "zones": zone_names(), "now_in": timezone.get_current_timezone_name()}
        return render(request, "console/zone.html", context)
    name = request.POST.get("zone", "")
    response = redirect("admin:zone")
    if name in _known():
        response.set_cookie(COOKIE, name, max_age=KEPT_FOR, samesite="Lax", secure=request.is_secure())
    return response
