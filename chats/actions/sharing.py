"""What is shown or asked within a chat beside messages: typing, our contact card, where people are."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from chats import clock
from chats.actions.operations import enqueue, is_pending
from chats.actions.rules import Refused, record, require
from chats.models import Chat, Handle, Message, Operation, Participant, SharedLocation
from chats.models.common import Service
from chats.models.operation import BEST_EFFORT, Kind, Priority

# One start shows for about 85 seconds at the other side, and whoever goes on typing asks again every minute.
TYPING_SHOWS_FOR = timedelta(seconds=50)
TYPING_IS_USEFUL_FOR = timedelta(seconds=5)
CARD_EVERY = timedelta(minutes=5)
PLACE_EVERY = timedelta(minutes=3)


def show_typing(*, chat: Chat, on: bool, by: User) -> Operation | None:
    """Show the people of an iMessage chat that somebody here is typing, or no longer is. Best effort.

    None when there is nothing to show: typing is switched off, another service, a paused line, or it shows
    already. It leaves no record, is dropped when it cannot leave within seconds, and is never tried again.

    Raises `NotAllowed` without `reply_to_chats` on the chat's line.
    """
    require(by, "reply_to_chats", chat.line)
    if not settings.SHOW_TYPING or chat.service != Service.IMESSAGE or chat.remote_id is None:
        return None
    if chat.left_at is not None or chat.line.is_paused or not chat.line.is_active:
        return None
    now = clock.now()
    with transaction.atomic():
        Chat.objects.select_for_update(no_key=True, of=("self",)).get(pk=chat.pk)
        lately = Operation.objects.filter(chat=chat, kind__in=BEST_EFFORT, created_at__gt=now - TYPING_SHOWS_FOR)
        last = lately.order_by("-pk").first()
        shows = last is not None and last.kind == Kind.START_TYPING
        if on == shows:
            return None
        return enqueue(
            Kind.START_TYPING if on else Kind.STOP_TYPING,
            line=chat.line,
            chat=chat,
            by=by,
            priority=Priority.AUTOMATIC,  # never in the way of anybody's message
            send_before=now + TYPING_IS_USEFUL_FOR,
        )


def share_contact_card(*, chat: Chat, by: User) -> Operation:
    """Offer the line's name and picture to the people of an iMessage chat.

    Raises `NotAllowed` without `reply_to_chats`; `Refused` for another service, before our first message, within
    five minutes of the last time (linq-v3, 1.2), or on a line that is known to have no card.
    """
    require(by, "reply_to_chats", chat.line)
    with transaction.atomic():
        chat = _open_chat(chat)
        if chat.service != Service.IMESSAGE:
            raise Refused("A contact card can be shared on iMessage only.")
        if chat.line.card_known_at is not None and not chat.line.card_first_name:
            raise Refused("This line has no contact card yet. A manager can make one on the line's page.")
        sent = Message.objects.filter(chat=chat, direction=Message.Direction.OUTBOUND, remote_id__isnull=False)
        if not sent.exists():
            raise Refused("Write to them first: a card can be shared after our first message.")
        if chat.card_shared_at is not None and clock.now() < chat.card_shared_at + CARD_EVERY:
            raise Refused("The card was shared here just now. It can be shared every five minutes.")
        if is_pending([Kind.SHARE_CONTACT_CARD], chat=chat):
            raise Refused("The card is being shared already.")
        record(by, "card.share", line=chat.line, chat=chat)
        return enqueue(Kind.SHARE_CONTACT_CARD, line=chat.line, chat=chat, by=by)


def request_location(*, chat: Chat, by: User) -> Operation:
    """Ask the person of a direct iMessage chat to share where they are. They see a prompt, and may say no.

    Raises `NotAllowed` without `reply_to_chats`; `Refused` for groups, other services, while it is being asked,
    or while they share already (linq-v3, 1.5).
    """
    require(by, "reply_to_chats", chat.line)
    with transaction.atomic():
        chat = _open_chat(chat)
        if chat.is_group:
            raise Refused("In a group nobody can be asked where they are.")
        if chat.service != Service.IMESSAGE:
            raise Refused("Where somebody is can be asked on iMessage only.")
        if any(share.is_running(clock.now()) for share in _shares(chat)):
            raise Refused("They share where they are already.")
        if is_pending([Kind.REQUEST_LOCATION], chat=chat):
            raise Refused("They are being asked already.")
        record(by, "location.request", line=chat.line, chat=chat)
        return enqueue(Kind.REQUEST_LOCATION, line=chat.line, chat=chat, by=by)


def read_location(*, chat: Chat, by: User) -> Operation:
    """Ask the remote where those are who share it in this chat. They are not told.

    Raises `NotAllowed` without `reply_to_chats`; `Refused` within three minutes of the last time: the remote
    wants to be asked no more often (linq-v3, 1.5), or on another service than iMessage.
    """
    require(by, "reply_to_chats", chat.line)
    with transaction.atomic():
        chat = _open_chat(chat)
        if chat.service != Service.IMESSAGE:
            raise Refused("Where somebody is can be seen on iMessage only.")
        read_at = max((one.read_at for one in _shares(chat) if one.read_at is not None), default=None)
        if read_at is not None and clock.now() < read_at + PLACE_EVERY:
            raise Refused("This was asked just now. It can be asked every three minutes.")
        if is_pending([Kind.READ_LOCATION], chat=chat):
            raise Refused("This is being asked already.")
        record(by, "location.read", line=chat.line, chat=chat)
        return enqueue(Kind.READ_LOCATION, line=chat.line, chat=chat, by=by)


def stop_location(*, chat: Chat, handle: Handle, by: User) -> Operation:
    """Ask the remote to end what somebody of this chat shares with our line, in every chat with them.

    Raises `NotAllowed` without `reply_to_chats`; `Refused` when they do not share, or it is being ended.
    """
    require(by, "reply_to_chats", chat.line)
    with transaction.atomic():
        chat = _open_chat(chat)
        if not any(one.handle_id == handle.pk and one.is_running(clock.now()) for one in _shares(chat)):
            raise Refused("They do not share where they are.")
        if is_pending([Kind.STOP_LOCATION], chat=chat, payload__handle=handle.value):
            raise Refused("This is being ended already.")
        record(by, "location.stop", line=chat.line, chat=chat, target=handle.value)
        return enqueue(Kind.STOP_LOCATION, line=chat.line, chat=chat, by=by, payload={"handle": handle.value})


def _open_chat(chat: Chat) -> Chat:
    """The chat's row, locked, when something can be asked in it."""
    chat = Chat.objects.select_for_update(of=("self",)).select_related("line").get(pk=chat.pk)
    if chat.left_at is not None:
        raise Refused("Our line has left this group.")
    if chat.remote_id is None:
        raise Refused("The chat is still being made. Try again in a moment.")
    return chat


def _shares(chat: Chat) -> list[SharedLocation]:
    people = Participant.objects.filter(chat=chat, is_me=False).values("handle")
    return list(SharedLocation.objects.filter(line=chat.line, handle__in=people))
