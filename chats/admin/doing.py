"""Running an action from a page, and telling the person there what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from chats.actions.rules import Refused
from chats.models import Operation


class OperationAction(Protocol):
    """An action on an operation that is already there: taking it back, trying it again, putting it away."""

    def __call__(self, *, operation: Operation, by: User) -> Operation: ...


def refusal_of(action: Callable[[], object]) -> Refused | None:
    """Run the action; the refusal when there is one. `NotAllowed` passes: the door of the room answers it."""
    try:
        action()
    except Refused as no:
        return no
    return None


def do_and_return(request: HttpRequest, action: Callable[[], object], done: str, back: str, *args: int) -> HttpResponse:
    """Run the action and go to the page `back`, which says `done` or why it was refused."""
    no = refusal_of(action)
    if no is None:
        messages.success(request, done)
    else:
        messages.error(request, no.sentence)
    return redirect(back, *args)
