"""The door of a room: who may open it, and how a refusal is answered."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django_htmx.middleware import HtmxDetails

from chats.actions.rules import NotAllowed
from chats.queries import access

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def room(right: str) -> Callable[[View[P]], View[P]]:
    """A view for those whose role holds `right`, e.g. `@room("read_chats")`; others get 403.

    `ConsoleSite` has already sent away whoever is not signed in, or no active member of staff. What is on
    the lines of others answers 404, as if it did not exist, because views get it through
    `chats.queries.access`. An action that says `NotAllowed` becomes a 403; `Refused` is the view's to show.
    """

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not access.has_right(request.user, f"chats.{right}"):
                raise PermissionDenied(f"This needs the right “{right}”.")
            try:
                return view(request, *args, **kwargs)
            except NotAllowed as no:
                raise PermissionDenied(str(no)) from None

        return guarded

    return decorate


def person(request: HttpRequest) -> User:
    """Who is signed in. Only for views behind the sign-in."""
    assert isinstance(request.user, User)  # noqa: S101
    return request.user


def htmx_of(request: HttpRequest) -> HtmxDetails:
    """What htmx says of its request; false for one that is not by htmx."""
    details: HtmxDetails = request.htmx  # type: ignore[attr-defined]
    return details
