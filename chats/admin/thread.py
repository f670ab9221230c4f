"""One open chat: its thread, what changes in it, and what a person does with it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from chats.actions.attachments import MOST_FILES
from chats.actions.messages import mark_read, mark_unread, send_message
from chats.actions.operations import cancel_operation, retry_operation
from chats.actions.rules import Refused
from chats.admin.bubbles import bubbles_of
from chats.admin.guard import htmx_of, person, room
from chats.admin.inbox import list_context, query_of, with_query
from chats.admin.panel import panel_of
from chats.models import Chat, Message, Operation, Participant
from chats.queries import access, inbox
from chats.queries.paging import Page, Position
from chats.templatetags.console import readable
from chats.v3.file_types import TYPES
from chats.v3.limits import MAX_TEXT_LENGTH, MAX_UPLOAD_BYTES

THREAD = "thread"
# More changed messages than this at once, and the newest ones are asked for instead.
MOST_CHANGED = 50
# As many messages as a page that was cut off for a while catches up with; older changes show at the next load.
CATCH_UP = 50
NAMES_IN_HEAD = 6
FILE_ENDINGS = " ".join(sorted(TYPES))


@dataclass(frozen=True)
class Draft:
    """What stands in the composer: kept, with its key, through every refusal."""

    key: str
    seen: int
    text: str = ""
    problem: str = ""
    arrived: int = 0


@require_safe
@room("read_chats")
def chat(request: HttpRequest, pk: int) -> HttpResponse:
    """The inbox with this chat open; for a click in the list only the chat's own panes."""
    return _show(request, access.get_chat(person(request), pk))


@require_safe
@room("read_chats")
def older(request: HttpRequest, pk: int) -> HttpResponse:
    """The messages before a position."""
    user = person(request)
    found = access.get_chat(user, pk)
    page = inbox.thread_page(found, before=request.GET.get("before", ""))
    return render(request, "console/inbox/messages.html", _messages(found, page, user))


@require_safe
@room("read_chats")
def updates(request: HttpRequest, pk: int) -> HttpResponse:
    """The messages of these `ids` (with commas), and those after the position `after`; without ids the newest."""
    user = person(request)
    found = access.get_chat(user, pk)
    ids = [int(one) for one in request.GET.get("ids", "").split(",") if one.isdigit() and len(one) < 19]
    rows = inbox.thread_rows(found)
    if 0 < len(ids) <= MOST_CHANGED:
        return _updates(request, found, list(rows.filter(pk__in=ids)), user)
    return _updates(request, found, list(rows.order_by("-happened_at", "-pk")[:CATCH_UP]), user)


@require_safe
@room("read_chats")
def head(request: HttpRequest, pk: int) -> HttpResponse:
    """Who the chat is with, for a page on which that has changed; and no box any more, if none may stand there."""
    user = person(request)
    found = access.get_chat(user, pk)
    people = inbox.participants(found)
    context = {"chat": found, "names": _names(people), "why_no_reply": why_no_reply(found, people, user)}
    return render(request, "console/inbox/head_update.html", context)


@require_POST
@room("reply_to_chats")
def send(request: HttpRequest, pk: int) -> HttpResponse:
    """Send what the composer holds. Its key makes a second asking harmless; a refusal keeps text and key."""
    user = person(request)
    found = access.get_chat(user, pk)
    text = request.POST.get("text", "")
    key = _key(request.POST.get("key", ""))
    seen = _number(request.POST.getlist("seen"))
    draft = Draft(key=str(key), seen=seen, text=text)
    # What is already there was allowed and asked about then; its answer was lost on the way.
    if not Message.objects.filter(key=str(key), chat=found).exists():
        reason = why_no_reply(found, inbox.participants(found), user)
        if reason:
            return _refused(request, found, draft, reason)
        arrived = _arrived_since(found, seen, user)
        if arrived:
            asked = Draft(key=str(key), seen=_newest(found), text=text, arrived=arrived)
            return _composer(request, found, asked, status=409)
    try:
        message = send_message(chat=found, text=text, by=user, key=key, files=_numbers(request.POST.getlist("file")))
    except Refused as no:
        return _refused(request, found, draft, no.sentence)
    if not htmx_of(request):
        return HttpResponseRedirect(reverse("admin:chat", args=[found.pk]))
    return _updates(request, found, list(inbox.thread_rows(found).filter(pk=message.pk)), user)


@require_POST
@room("reply_to_chats")
def read(request: HttpRequest, pk: int) -> HttpResponse:
    found = access.get_chat(person(request), pk)
    mark_read(chat=found, by=person(request))
    return _done(request, found)


@require_POST
@room("reply_to_chats")
def unread(request: HttpRequest, pk: int) -> HttpResponse:
    found = access.get_chat(person(request), pk)
    mark_unread(chat=found, by=person(request))
    return _done(request, found)


@require_POST
@room("read_chats")
def retry(request: HttpRequest, pk: int, message_pk: int) -> HttpResponse:
    """Try a failed message again."""
    found, operation = _operation(request, pk, message_pk)
    try:
        operation = retry_operation(operation=operation, by=person(request))
    except Refused as no:
        return _told(request, found, no.sentence)
    return _changed(request, found, {message_pk, operation.message_id or message_pk})


@require_POST
@room("read_chats")
def cancel(request: HttpRequest, pk: int, message_pk: int) -> HttpResponse:
    """Take back a message that has not left yet."""
    found, operation = _operation(request, pk, message_pk)
    try:
        cancel_operation(operation=operation, by=person(request))
    except Refused as no:
        return _told(request, found, no.sentence)
    return _changed(request, found, {message_pk})


def why_no_reply(chat: Chat, people: list[Participant], user: User) -> str:
    """Why this person cannot write in this chat now, as a sentence; empty when they can."""
    if not access.has_right(user, "chats.reply_to_chats"):
        return "Your role can read chats but not reply."
    if chat.left_at is not None:
        return "Our line has left this group, so nothing can be sent."
    others = [one.handle for one in people if not one.is_me and one.status == Participant.Status.ACTIVE]
    if not chat.is_group and len(others) == 1:
        if others[0].opted_out_at is not None:
            return f"{readable(others[0])} has opted out, so nothing may be sent."
        if others[0].blocked_at is not None:
            return f"{readable(others[0])} is blocked. Unblock them to write."
    return ""


def _show(request: HttpRequest, found: Chat, draft: Draft | None = None, status: int = 200) -> HttpResponse:
    user = person(request)
    before = request.GET.get("before", "")
    people = inbox.participants(found)
    page = inbox.thread_page(found, before=before)
    thread = _messages(found, page, user) | {
        "chat": found,
        "title": str(found),
        "people": people,
        "names": _names(people),
        "why_no_reply": why_no_reply(found, people, user),
        "draft": draft or Draft(key=str(uuid.uuid4()), seen=max((row.pk for row in page.rows), default=0)),
        "limit": MAX_TEXT_LENGTH,
        "largest_file": MAX_UPLOAD_BYTES,
        "most_files": MOST_FILES,
        "file_endings": FILE_ENDINGS,
        "is_newest": Position.read(before) is None,
        "panel": panel_of(user, found, people),
        "can_reply": access.has_right(user, "chats.reply_to_chats"),
        "query": query_of(inbox.InboxFilters.read(request.GET)),
    }
    htmx = htmx_of(request)
    if htmx and htmx.target == THREAD and not htmx.history_restore_request:
        response = render(request, "console/inbox/thread_swap.html", thread)
    else:
        response = render(request, "console/inbox/inbox.html", list_context(request) | thread, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def _messages(chat: Chat, page: Page[Message], user: User) -> dict[str, Any]:
    """The bubbles of a page, and the addresses of the page before it."""
    query = {"before": page.next} if page.next else {}
    return {
        "chat": chat,
        "bubbles": bubbles_of(chat, page.rows, user),
        "older_url": with_query(reverse("admin:chat_older", args=[chat.pk]), "", **query) if query else "",
        "older_page": with_query(reverse("admin:chat", args=[chat.pk]), "", **query) if query else "",
    }


def _updates(request: HttpRequest, chat: Chat, rows: list[Message], user: User) -> HttpResponse:
    return render(request, "console/inbox/updates.html", {"chat": chat, "bubbles": bubbles_of(chat, rows, user)})


def _refused(request: HttpRequest, chat: Chat, draft: Draft, sentence: str) -> HttpResponse:
    refused = Draft(key=draft.key, seen=draft.seen, text=draft.text, problem=sentence)
    return _composer(request, chat, refused, status=422)


def _composer(request: HttpRequest, chat: Chat, draft: Draft, *, status: int) -> HttpResponse:
    """The note above the box; without htmx the whole page, with all that was written."""
    if not htmx_of(request):
        return _show(request, chat, draft, status)
    return render(request, "console/inbox/composer_note.html", {"chat": chat, "draft": draft}, status=status)


def _arrived_since(chat: Chat, seen: int, user: User) -> int:
    """How many messages of others came after the one this person's page showed last, up to ten."""
    last = Message.objects.filter(chat=chat, pk=seen).values("happened_at")
    if not seen:
        rows = Message.objects.filter(chat=chat)
    else:
        # Both: history that is still being read in comes later, but did not happen later.
        rows = Message.objects.filter(chat=chat, pk__gt=seen, happened_at__gte=last[:1])
    return len(rows.exclude(author=user).values_list("pk", flat=True)[:10])


def _newest(chat: Chat) -> int:
    rows = Message.objects.filter(chat=chat).order_by("-happened_at", "-pk")
    return max(rows.values_list("pk", flat=True)[:CATCH_UP], default=0)


def _done(request: HttpRequest, chat: Chat) -> HttpResponse:
    """Nothing to show: the list hears of it as a live event."""
    if htmx_of(request):
        return HttpResponse(status=204)
    return HttpResponseRedirect(reverse("admin:inbox"))


def _told(request: HttpRequest, chat: Chat, sentence: str) -> HttpResponse:
    """A refusal that belongs to no field."""
    if htmx_of(request):
        return trigger_client_event(
            _updates(request, chat, [], person(request)), "chatdeck:toast", {"text": sentence, "tone": "bad"}
        )
    messages.error(request, sentence)
    return HttpResponseRedirect(reverse("admin:chat", args=[chat.pk]))


def _changed(request: HttpRequest, chat: Chat, ids: set[int]) -> HttpResponse:
    if htmx_of(request):
        return _updates(request, chat, list(inbox.thread_rows(chat).filter(pk__in=ids)), person(request))
    return HttpResponseRedirect(reverse("admin:chat", args=[chat.pk]))


def _operation(request: HttpRequest, pk: int, message_pk: int) -> tuple[Chat, Operation]:
    """The chat, and the operation that sends this message of it; 404 when there is none."""
    found = access.get_chat(person(request), pk)
    rows = Operation.objects.select_related("line", "chat", "message")
    operation = rows.filter(message=message_pk, chat=found).first()
    if operation is None:
        raise Http404
    return found, operation


def _names(people: list[Participant]) -> str:
    names = [str(one.handle) for one in people if not one.is_me and one.status == Participant.Status.ACTIVE]
    more = len(names) - NAMES_IN_HEAD
    return ", ".join(names[:NAMES_IN_HEAD]) + (f" and {more} more" if more > 0 else "")


def _key(given: str) -> uuid.UUID:
    """The key of this intent; a fresh one when the page sent none that is sound."""
    try:
        return uuid.UUID(given)
    except ValueError:
        return uuid.uuid4()


def _numbers(given: list[str]) -> list[int]:
    return [int(one) for one in given if one.isdecimal() and len(one) < 19]


def _number(given: list[str]) -> int:
    """The last of the values: the one of the button that was pressed stands behind the field's own."""
    last = given[-1] if given else ""
    return int(last) if last.isdigit() and len(last) < 19 else 0
