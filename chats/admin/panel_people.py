"""What the panel asks about the people of a chat: our contact card, where they are, the block list."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from chats.actions import people, sharing
from chats.admin.guard import person, room
from chats.admin.panel import change
from chats.models import Chat, Handle
from chats.queries import access


@require_POST
@room("reply_to_chats")
def share_card(request: HttpRequest, pk: int) -> HttpResponse:
    chat = access.get_chat(request.user, pk)
    done = "The card is offered to them."
    return change(request, chat, "beside", "", lambda: sharing.share_contact_card(chat=chat, by=person(request)), done)


@require_POST
@room("reply_to_chats")
def ask_location(request: HttpRequest, pk: int) -> HttpResponse:
    chat = access.get_chat(request.user, pk)
    done = "They are asked where they are."
    return change(request, chat, "beside", "", lambda: sharing.request_location(chat=chat, by=person(request)), done)


@require_POST
@room("reply_to_chats")
def see_location(request: HttpRequest, pk: int) -> HttpResponse:
    chat = access.get_chat(request.user, pk)
    done = "Where they are shows once the remote has told it."
    return change(request, chat, "beside", "", lambda: sharing.read_location(chat=chat, by=person(request)), done)


@require_POST
@room("reply_to_chats")
def stop_location(request: HttpRequest, pk: int) -> HttpResponse:
    chat, handle = _somebody(request, pk)
    done = "It ends once the remote confirms it."
    return change(
        request,
        chat,
        "beside",
        "",
        lambda: sharing.stop_location(chat=chat, handle=handle, by=person(request)),
        done,
    )


@require_POST
@room("reply_to_chats")
def block(request: HttpRequest, pk: int) -> HttpResponse:
    chat, handle = _somebody(request, pk)
    reason = request.POST.get("reason", "")
    done = "They show as blocked once the remote has them on its list."
    return change(
        request,
        chat,
        f"block-{handle.pk}",
        reason,
        lambda: people.block_person(chat=chat, handle=handle, reason=reason, by=person(request)),
        done,
    )


@require_POST
@room("reply_to_chats")
def unblock(request: HttpRequest, pk: int) -> HttpResponse:
    chat, handle = _somebody(request, pk)
    done = "They show as unblocked once the remote has taken them off its list."
    return change(
        request,
        chat,
        f"block-{handle.pk}",
        "",
        lambda: people.unblock_person(chat=chat, handle=handle, by=person(request)),
        done,
    )


def _somebody(request: HttpRequest, pk: int) -> tuple[Chat, Handle]:
    """A chat and somebody else than ourselves in it; anybody else is not there."""
    chat = access.get_chat(request.user, pk)
    value = request.POST.get("handle", "").replace("\0", "")
    found = chat.participants.filter(handle__value=value, is_me=False).select_related("handle").first()
    if found is None:
        raise Http404
    return chat, found.handle
