"""What can be done with one message: react, reply, copy, edit, delete. A dialog over the thread, or a page of its own.

Every answer of a change is the message's bubble as it is then; a refusal is the menu again, with its sentence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from chats.actions import operations, touches
from chats.admin.bubbles import bubbles_of, sender_of
from chats.admin.doing import do_and_return, refusal_of
from chats.admin.guard import htmx_of, person, room
from chats.admin.touches import TAPBACKS
from chats.models import Chat, Message, Operation
from chats.models.operation import TOUCHES
from chats.queries import access, inbox
from chats.v3.limits import MAX_TEXT_LENGTH

QUOTED = 80


@dataclass(frozen=True)
class Problem:
    """Why a form of the menu was refused, and what had been typed into it."""

    form: str
    sentence: str
    typed: str = ""


@dataclass(frozen=True)
class Sign:
    """A tapback that can be given, or taken back when it is ours already."""

    type: str
    sign: str
    emoji: str
    given: bool


@require_safe
@room("reply_to_chats")
def menu(request: HttpRequest, pk: int, message_pk: int) -> HttpResponse:
    return _menu(request, *_found(request, pk, message_pk))


@require_POST
@room("reply_to_chats")
def react(request: HttpRequest, pk: int, message_pk: int) -> HttpResponse:
    """Give a reaction, or with `remove` take ours back."""
    chat, message = _found(request, pk, message_pk)
    kind, emoji = request.POST.get("type", ""), request.POST.get("emoji", "")
    act = touches.remove_reaction if request.POST.get("remove") else touches.add_reaction
    return _do(
        request,
        chat,
        message,
        lambda: act(message=message, type=kind, emoji=emoji, by=person(request)),
        form="react",
        typed=emoji,
        done="The reaction shows once it is confirmed.",
    )


@require_POST
@room("reply_to_chats")
def edit(request: HttpRequest, pk: int, message_pk: int) -> HttpResponse:
    chat, message = _found(request, pk, message_pk)
    text = request.POST.get("text", "")
    return _do(
        request,
        chat,
        message,
        lambda: touches.edit_message(message=message, text=text, part_index=_part(message), by=person(request)),
        form="edit",
        typed=text,
        done="The new words show once they are confirmed.",
    )


@require_POST
@room("reply_to_chats")
def delete(request: HttpRequest, pk: int, message_pk: int) -> HttpResponse:
    chat, message = _found(request, pk, message_pk)
    return _do(
        request,
        chat,
        message,
        lambda: touches.delete_message(message=message, by=person(request)),
        form="delete",
        done="The message goes once the remote has deleted it.",
    )


@require_POST
@room("read_chats")
def retry(request: HttpRequest, pk: int, message_pk: int, operation_pk: int) -> HttpResponse:
    """Try a failed change of a message again."""
    chat, message, operation = _change(request, pk, message_pk, operation_pk)
    return _do(
        request,
        chat,
        message,
        lambda: operations.retry_operation(operation=operation, by=person(request)),
        done="It is tried again.",
    )


@require_POST
@room("read_chats")
def cancel(request: HttpRequest, pk: int, message_pk: int, operation_pk: int) -> HttpResponse:
    """Take back a change of a message that has not left yet."""
    chat, message, operation = _change(request, pk, message_pk, operation_pk)
    return _do(
        request,
        chat,
        message,
        lambda: operations.cancel_operation(operation=operation, by=person(request)),
        done="It was taken back.",
    )


@require_POST
@room("read_chats")
def dismiss(request: HttpRequest, pk: int, message_pk: int, operation_pk: int) -> HttpResponse:
    """Stop showing a failed change of a message."""
    chat, message, operation = _change(request, pk, message_pk, operation_pk)
    return _do(
        request,
        chat,
        message,
        lambda: operations.dismiss_operation(operation=operation, by=person(request)),
        done="It is no longer shown here.",
    )


def _do(
    request: HttpRequest,
    chat: Chat,
    message: Message,
    act: Callable[[], object],
    *,
    done: str,
    form: str = "",
    typed: str = "",
) -> HttpResponse:
    if not htmx_of(request):
        return do_and_return(request, act, done, "admin:chat", chat.pk)
    no = refusal_of(act)
    if no is not None:
        return _menu(request, chat, message, Problem(form, no.sentence, typed))
    rows = list(inbox.thread_rows(chat).filter(pk=message.pk))
    context = {"chat": chat, "bubbles": bubbles_of(chat, rows, person(request))}
    return render(request, "console/inbox/updates.html", context)


def _menu(request: HttpRequest, chat: Chat, message: Message, problem: Problem | None = None) -> HttpResponse:
    user = person(request)
    ours = {(one.type, one.custom_emoji) for one in message.reactions.filter(is_me=True, part_index=0)}
    signs = [Sign(kind, sign, "", (kind, "") in ours) for kind, sign in TAPBACKS.items()]
    signs += [Sign("custom", emoji, emoji, True) for kind, emoji in sorted(ours) if kind == "custom"]
    may_change = message.author_id in {None, user.pk} or access.has_right(user, "chats.retry_operations")
    part = _part(message)
    context = {
        "title": "Message",
        "chat": chat,
        "message": message,
        "who": sender_of(message),
        "quoted": f"{message.text[:QUOTED]}…" if len(message.text) > QUOTED else message.text,
        "signs": signs,
        "why_no_reaction": touches.why_no_reaction(message),
        "can_edit": may_change and message.is_ours and not touches.why_no_edit(message),
        "text": message.parts[part].get("value", "") if part < len(message.parts) else "",
        "limit": MAX_TEXT_LENGTH,
        "can_delete": may_change and (message.is_ours or access.has_right(user, "chats.retry_operations")),
        "problem": problem,
    }
    template = "console/inbox/message_menu.html" if htmx_of(request) else "console/inbox/message_page.html"
    return render(request, template, context, status=200 if problem is None else 422)


def _part(message: Message) -> int:
    """The part that is edited: the first text."""
    return next((index for index, one in enumerate(message.parts) if one.get("type") == "text"), 0)


def _found(request: HttpRequest, pk: int, message_pk: int) -> tuple[Chat, Message]:
    """A message of a chat that this person sees; 404 for one that the remote does not have."""
    chat = access.get_chat(request.user, pk)
    message = Message.objects.select_related("chat__line", "sender__contact", "author").filter(pk=message_pk).first()
    if message is None or message.chat_id != chat.pk or message.remote_id is None or message.deleted_at is not None:
        raise Http404
    return chat, message


def _change(request: HttpRequest, pk: int, message_pk: int, operation_pk: int) -> tuple[Chat, Message, Operation]:
    chat = access.get_chat(request.user, pk)
    operation = access.get_operation(request.user, operation_pk)
    if operation.chat_id != chat.pk or operation.about_id != message_pk or operation.kind not in TOUCHES:
        raise Http404
    return chat, access.get_message(request.user, message_pk), operation
