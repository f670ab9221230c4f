"""The page at `/`: it shows the world, lets anybody in it speak, and moves its time.

Its forms are safe from other sites by `sandbox.guard`, which stands before every request that is not to the API.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from sandbox import background, clock, stepping
from sandbox.api import base
from sandbox.api.errors import ApiError
from sandbox.control.people import say
from sandbox.page import panels

FILES = {"page.css": "text/css", "page.js": "text/javascript"}
STATIC = Path(__file__).parent / "static"
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
STEPS = {"minute": 60, "hour": 3600, "day": 86_400}


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """GET /."""
    return _page(request, note="Said." if request.GET.get("done") == "said" else "")


@require_GET
def parts(request: HttpRequest) -> HttpResponse:
    """GET /panels: what changes, to be put into the page that is open."""
    return _safe(render(request, "sandbox/panels.html", panels.everything()))


@require_POST
def speak(request: HttpRequest) -> HttpResponse:
    """POST /say: let a person speak in a chat or to a line."""
    form = {name: request.POST.get(name, "").strip() for name in ("handle", "where", "text")}
    key = "line" if form["where"].startswith("+") else "chat_id"
    try:
        say({key: form["where"], "text": form["text"]}, base.handle(form["handle"], "handle"))
    except ApiError as refused:
        return _page(request, note=refused.message, form=form, status=400)
    return HttpResponseRedirect("/?done=said#speak", status=303)


@require_POST
def move(request: HttpRequest) -> HttpResponse:
    """POST /clock: stop the time, let it run, or move it on."""
    wanted = request.POST.get("to", "")
    if wanted == "stop":
        stepping.stop()
    elif wanted == "run":
        stepping.run(1.0)
    elif wanted in STEPS:
        stepping.advance(STEPS[wanted])
        background.wake()
    else:
        return _page(request, note="There is no such move of the clock.", status=400)
    return HttpResponseRedirect("/", status=303)


def file(name: str) -> Callable[[HttpRequest], HttpResponse]:
    """A view of one of the page's own files."""
    content = (STATIC / name).read_bytes()

    def answer(request: HttpRequest) -> HttpResponse:
        return _safe(HttpResponse(content, content_type=f"{FILES[name]}; charset=utf-8"))

    return answer


def _page(
    request: HttpRequest, *, note: str = "", form: dict[str, str] | None = None, status: int = 200
) -> HttpResponse:
    shown: dict[str, Any] = {
        **panels.everything(),
        "choices": panels.choices(),
        "note": note,
        "failed": status != 200,
        "form": form or {},
        "stopped": clock.is_stepped(),
    }
    return _safe(render(request, "sandbox/page.html", shown, status=status))


def _safe(answer: HttpResponse) -> HttpResponse:
    answer["Content-Security-Policy"] = POLICY
    answer["X-Content-Type-Options"] = "nosniff"
    answer["X-Frame-Options"] = "DENY"
    answer["Referrer-Policy"] = "same-origin"
    answer["Cache-Control"] = "no-store"
    return answer
