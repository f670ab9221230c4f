"""The right column of a chat: the person or the group, what is pending about it, and how to change it.

Every answer is the whole panel again. A form sent without htmx goes back to the chat's page instead,
with what happened as a message there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from chats.actions import contacts, groups, operations
from chats.admin.doing import OperationAction, refusal_of
from chats.admin.guard import htmx_of, person, room
from chats.admin.typed import as_handle
from chats.models import Chat, Operation, Participant
from chats.models.operation import Kind
from chats.queries import access, inbox
from chats.queries.access import Person
from chats.templatetags.bubbles import safe_address


@dataclass(frozen=True)
class Problem:
    """Why the panel's last form was refused, and what had been typed, to stand in the form again."""

    form: str
    sentence: str
    typed: str = ""


@dataclass
class Row:
    """Somebody in a group, with what is pending about them."""

    participant: Participant
    leaving: Operation | None = None


@dataclass
class Panel:
    """All that the panel shows."""

    chat: Chat
    rows: list[Row] = field(default_factory=list)
    gone: list[Participant] = field(default_factory=list)
    adding: list[Operation] = field(default_factory=list)
    renaming: Operation | None = None
    picture: Operation | None = None
    leaving: Operation | None = None
    failed: list[Operation] = field(default_factory=list)
    can_manage: bool = False
    can_name: bool = False

    @property
    def other(self) -> Participant | None:
        """The person of a direct chat."""
        everybody = [row.participant for row in self.rows] + self.gone
        return next((one for one in everybody if not one.is_me), None)

    @property
    def health_doc_url(self) -> str:
        return safe_address(self.chat.health_doc_url)

    @property
    def icon_url(self) -> str:
        return safe_address(self.chat.icon_url)

    @property
    def is_settled_group(self) -> bool:
        """A group that the remote knows and that our line is in: only such a one can be changed."""
        return self.chat.is_group and self.chat.remote_id is not None and self.chat.left_at is None


def panel_of(user: Person, chat: Chat, people: list[Participant]) -> Panel:
    """The panel of a chat with these `people`.

    Two queries for a group, none for a direct chat. The caller has made sure that `user` sees the chat.
    """
    panel = Panel(
        chat=chat,
        can_manage=access.has_right(user, "chats.manage_groups"),
        can_name=access.has_right(user, "chats.change_contact"),
    )
    pending = inbox.pending_changes(chat) if chat.is_group else []
    going = {
        operation.payload.get("handle"): operation for operation in pending if operation.kind == Kind.REMOVE_PARTICIPANT
    }
    for participant in people:
        if participant.status == Participant.Status.ACTIVE:
            panel.rows.append(Row(participant, going.get(participant.handle.value)))
        else:
            panel.gone.append(participant)
    for operation in pending:
        if operation.kind == Kind.ADD_PARTICIPANT:
            panel.adding.append(operation)
        elif operation.kind == Kind.RENAME_GROUP:
            panel.renaming = operation
        elif operation.kind == Kind.SET_GROUP_ICON:
            panel.picture = operation
        elif operation.kind == Kind.LEAVE_GROUP:
            panel.leaving = operation
    if chat.is_group:
        panel.failed = inbox.failed_changes(chat)
    return panel


@require_safe
@room("read_chats")
def show(request: HttpRequest, pk: int) -> HttpResponse:
    return _answer(request, access.get_chat(request.user, pk))


def _group_view(
    form: str, field: str, action: Callable[[Chat, str, User], object], done: str
) -> Callable[[HttpRequest, int], HttpResponseBase]:
    """The view behind one of the panel's forms: it runs `action` with the chat and what stands in `field`."""

    @require_POST
    @room("read_chats")
    def view(request: HttpRequest, pk: int) -> HttpResponse:
        chat = access.get_chat(request.user, pk)
        typed = request.POST.get(field, "").strip()
        by = person(request)
        return _change(request, chat, form, typed, lambda: action(chat, typed, by), done)

    return view


rename = _group_view(
    "name",
    "name",
    lambda chat, typed, by: groups.rename_group(chat=chat, name=typed, by=by),
    "The new name shows once it is confirmed.",
)
picture = _group_view(
    "picture",
    "url",
    lambda chat, typed, by: groups.set_group_icon(chat=chat, url=typed, by=by),
    "The new picture is used once it is confirmed.",
)
add = _group_view(
    "add",
    "handle",
    lambda chat, typed, by: groups.add_participant(chat=chat, handle=as_handle(typed), by=by),
    "The person shows as added once it is confirmed.",
)
remove = _group_view(
    "people",
    "handle",
    lambda chat, typed, by: groups.remove_participant(chat=chat, handle=typed, by=by),
    "The person shows as removed once it is confirmed.",
)
leave = _group_view(
    "leave",
    "",
    lambda chat, typed, by: groups.leave_group(chat=chat, by=by),
    "The line has left once it is confirmed.",
)


@require_POST
@room("read_chats")
def name_person(request: HttpRequest, pk: int) -> HttpResponse:
    chat = access.get_chat(request.user, pk)
    name = request.POST.get("name", "")
    value = request.POST.get("handle", "").replace("\0", "")
    participant = chat.participants.filter(handle__value=value).select_related("handle").first()
    if participant is None:
        raise Http404
    return _change(
        request,
        chat,
        "person",
        name,
        lambda: contacts.name_person(chat=chat, handle=participant.handle, name=name, by=person(request)),
        "The name is changed.",
    )


def _operation_view(action: OperationAction, done: str) -> Callable[[HttpRequest, int, int], HttpResponseBase]:
    """The view that runs `action` on one of the group's changes."""

    @require_POST
    @room("read_chats")
    def view(request: HttpRequest, pk: int, operation_pk: int) -> HttpResponse:
        chat, operation = _change_of(request, pk, operation_pk)
        by = person(request)
        return _change(request, chat, "changes", "", lambda: action(operation=operation, by=by), done)

    return view


retry = _operation_view(operations.retry_operation, "It is tried again.")
cancel = _operation_view(operations.cancel_operation, "It was taken back.")
dismiss = _operation_view(operations.dismiss_operation, "It is no longer shown here.")


def _change_of(request: HttpRequest, pk: int, operation_pk: int) -> tuple[Chat, Operation]:
    """A chat and one of its own changes; anything else is not there. Messages have their own place."""
    chat = access.get_chat(request.user, pk)
    operation = access.get_operation(request.user, operation_pk)
    if operation.chat_id != chat.pk or operation.message_id is not None:
        raise Http404
    return chat, operation


def _change(
    request: HttpRequest, chat: Chat, form: str, typed: str, action: Callable[[], object], done: str
) -> HttpResponse:
    """Do it, and answer with the panel as it is then; a refusal stands in the form, beside what was typed."""
    no = refusal_of(action)
    if htmx_of(request):
        if no is not None:
            return _answer(request, chat, Problem(form, no.sentence, typed))
        return _answer(request, access.get_chat(request.user, chat.pk))
    if no is not None:
        messages.error(request, no.sentence)
    else:
        messages.success(request, done)
    return redirect("admin:chat", chat.pk)


def _answer(request: HttpRequest, chat: Chat, problem: Problem | None = None) -> HttpResponse:
    context = {
        "panel": panel_of(request.user, chat, inbox.participants(chat)),
        "chat": chat,
        "problem": problem,
    }
    return render(request, "console/panel/panel.html", context, status=200 if problem is None else 422)
