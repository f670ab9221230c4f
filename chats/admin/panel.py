"""The right column of a chat: the person or the group, what is pending about it, and how to change it.

Every answer is the whole panel again. A form sent without htmx goes back to the chat's page instead,
with what happened as a message there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from chats.actions import contacts, groups, operations
from chats.actions.rules import Refused
from chats.admin.guard import htmx_of, person, room
from chats.admin.typed import as_handle
from chats.models import Chat, Operation, Participant, SharedLocation
from chats.models.common import Service
from chats.models.operation import BESIDE, CHANGES, Kind, State
from chats.queries import access, inbox
from chats.queries.access import Person
from chats.templatetags.bubbles import safe_address

DISMISSED = "dismissed_changes"
MOST_DISMISSED = 100


@dataclass(frozen=True)
class Problem:
    """Why the panel's last form was refused, and what had been typed, to stand in the form again."""

    form: str
    sentence: str
    typed: str = ""


@dataclass
class Row:
    """Somebody in a chat, with what is pending about them."""

    participant: Participant
    leaving: Operation | None = None
    blocking: Operation | None = None
    """Being blocked, or unblocked."""
    ending: Operation | None = None
    """What they share of where they are is being ended."""
    share: SharedLocation | None = None
    """Where they are, while they share it."""

    @property
    def block_form(self) -> str:
        """The name of the form that blocks this person."""
        return f"block-{self.participant.handle_id}"

    @property
    def map_url(self) -> str:
        """Where they were seen last, on a public map; empty when that is not known."""
        if self.share is None or self.share.latitude is None or self.share.longitude is None:
            return ""
        place = f"{self.share.latitude:.5f}/{self.share.longitude:.5f}"
        return f"https://www.openstreetmap.org/?mlat={place.replace('/', '&mlon=')}#map=15/{place}"


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
    card: Operation | None = None
    asking: Operation | None = None
    """They are being asked where they are."""
    looking: Operation | None = None
    """Where they are is being read."""
    failed: list[Operation] = field(default_factory=list)
    can_reply: bool = False
    can_manage: bool = False
    can_name: bool = False

    @property
    def other(self) -> Participant | None:
        """The person of a direct chat."""
        everybody = [row.participant for row in self.rows] + self.gone
        return next((one for one in everybody if not one.is_me), None)

    @property
    def other_row(self) -> Row | None:
        """The person of a direct chat, with what is pending about them."""
        return next((row for row in self.rows if not row.participant.is_me), None)

    @property
    def is_open(self) -> bool:
        """Whether something can be asked in this chat: the remote knows it, and our line is in it."""
        return self.chat.remote_id is not None and self.chat.left_at is None

    @property
    def on_imessage(self) -> bool:
        return self.is_open and self.chat.service == Service.IMESSAGE

    @property
    def sharing(self) -> list[Row]:
        return [row for row in self.rows if row.share is not None]

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


def panel_of(user: Person, chat: Chat, people: list[Participant], hidden: list[int]) -> Panel:
    """The panel of a chat with these `people`, without the failed changes that are `hidden`.

    Three queries. The caller has made sure that `user` sees the chat.
    """
    panel = Panel(
        chat=chat,
        can_manage=access.has_right(user, "chats.manage_groups"),
        can_name=access.has_right(user, "chats.change_contact"),
        can_reply=access.has_right(user, "chats.reply_to_chats"),
    )
    pending = inbox.pending_changes(chat)
    about = {(operation.kind, operation.payload.get("handle")): operation for operation in pending}
    shares = {share.handle_id: share for share in inbox.shared_locations(chat, people)}
    for participant in people:
        value = participant.handle.value
        if participant.status == Participant.Status.ACTIVE:
            panel.rows.append(
                Row(
                    participant,
                    leaving=about.get((Kind.REMOVE_PARTICIPANT, value)),
                    blocking=about.get((Kind.BLOCK_HANDLE, value)) or about.get((Kind.UNBLOCK_HANDLE, value)),
                    ending=about.get((Kind.STOP_LOCATION, value)),
                    share=shares.get(participant.handle_id),
                )
            )
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
        elif operation.kind == Kind.SHARE_CONTACT_CARD:
            panel.card = operation
        elif operation.kind == Kind.REQUEST_LOCATION:
            panel.asking = operation
        elif operation.kind == Kind.READ_LOCATION:
            panel.looking = operation
    panel.failed = [one for one in inbox.failed_changes(chat) if one.pk not in hidden]
    return panel


@require_safe
@room("read_chats")
def show(request: HttpRequest, pk: int) -> HttpResponse:
    return _answer(request, access.get_chat(request.user, pk))


@require_POST
@room("read_chats")
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    chat = access.get_chat(request.user, pk)
    name = request.POST.get("name", "")
    return change(
        request,
        chat,
        "name",
        name,
        lambda: groups.rename_group(chat=chat, name=name, by=person(request)),
        "The new name shows once it is confirmed.",
    )


@require_POST
@room("read_chats")
def picture(request: HttpRequest, pk: int) -> HttpResponse:
    chat = access.get_chat(request.user, pk)
    url = request.POST.get("url", "")
    return change(
        request,
        chat,
        "picture",
        url,
        lambda: groups.set_group_icon(chat=chat, url=url, by=person(request)),
        "The new picture is used once it is confirmed.",
    )


@require_POST
@room("read_chats")
def add(request: HttpRequest, pk: int) -> HttpResponse:
    chat = access.get_chat(request.user, pk)
    typed = request.POST.get("handle", "").strip()
    return change(
        request,
        chat,
        "add",
        typed,
        lambda: groups.add_participant(chat=chat, handle=as_handle(typed), by=person(request)),
        "The person shows as added once it is confirmed.",
    )


@require_POST
@room("read_chats")
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    chat = access.get_chat(request.user, pk)
    handle = request.POST.get("handle", "")
    return change(
        request,
        chat,
        "people",
        "",
        lambda: groups.remove_participant(chat=chat, handle=handle, by=person(request)),
        "The person shows as removed once it is confirmed.",
    )


@require_POST
@room("read_chats")
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    chat = access.get_chat(request.user, pk)
    return change(
        request,
        chat,
        "leave",
        "",
        lambda: groups.leave_group(chat=chat, by=person(request)),
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
    return change(
        request,
        chat,
        "person",
        name,
        lambda: contacts.name_person(chat=chat, handle=participant.handle, name=name, by=person(request)),
        "The name is changed.",
    )


@require_POST
@room("read_chats")
def retry(request: HttpRequest, pk: int, operation_pk: int) -> HttpResponse:
    chat, operation = _change_of(request, pk, operation_pk)
    return change(
        request,
        chat,
        "changes",
        "",
        lambda: operations.retry_operation(operation=operation, by=person(request)),
        "It is tried again.",
    )


@require_POST
@room("read_chats")
def cancel(request: HttpRequest, pk: int, operation_pk: int) -> HttpResponse:
    chat, operation = _change_of(request, pk, operation_pk)
    return change(
        request,
        chat,
        "changes",
        "",
        lambda: operations.cancel_operation(operation=operation, by=person(request)),
        "It was taken back.",
    )


@require_POST
@room("read_chats")
def dismiss(request: HttpRequest, pk: int, operation_pk: int) -> HttpResponse:
    """Stop showing a failed change to this person; it stays in the activity."""
    chat, operation = _change_of(request, pk, operation_pk)
    if operation.state == State.FAILED:
        others = [one for one in dismissed(request) if one != operation.pk]
        request.session[DISMISSED] = [*others, operation.pk][-MOST_DISMISSED:]
    return _answer(request, chat) if htmx_of(request) else redirect("admin:chat", chat.pk)


def _change_of(request: HttpRequest, pk: int, operation_pk: int) -> tuple[Chat, Operation]:
    """A chat and one of its own changes; anything else is not there. Messages have their own place."""
    chat = access.get_chat(request.user, pk)
    operation = access.get_operation(request.user, operation_pk)
    if operation.chat_id != chat.pk or operation.kind not in {*CHANGES, *BESIDE}:
        raise Http404
    return chat, operation


def change(
    request: HttpRequest, chat: Chat, form: str, typed: str, action: Callable[[], object], done: str
) -> HttpResponse:
    """Do it, and answer with the panel as it is then; a refusal stands in the form, beside what was typed."""
    try:
        action()
    except Refused as no:
        if htmx_of(request):
            return _answer(request, chat, Problem(form, no.sentence, typed))
        messages.error(request, no.sentence)
        return redirect("admin:chat", chat.pk)
    if htmx_of(request):
        return _answer(request, access.get_chat(request.user, chat.pk))
    messages.success(request, done)
    return redirect("admin:chat", chat.pk)


def _answer(request: HttpRequest, chat: Chat, problem: Problem | None = None) -> HttpResponse:
    context = {
        "panel": panel_of(request.user, chat, inbox.participants(chat), dismissed(request)),
        "chat": chat,
        "problem": problem,
    }
    return render(request, "console/panel/panel.html", context, status=200 if problem is None else 422)


def dismissed(request: HttpRequest) -> list[int]:
    """The failed changes that this person no longer wants to see."""
    return list(request.session.get(DISMISSED, []))
