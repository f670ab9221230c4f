"""Somebody wrote: the unread mark, and what it says of them. Once for each message, however we came to know of it."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F, Q

from chats import clock, live
from chats.models import Chat, Handle, Message
from chats.v3.opt_out import is_opt_out


def heard_from(chat: Chat, message: Message) -> None:
    """Count a message that came in, inside the caller's transaction with the chat locked.

    What the remote recovered late is history: no unread mark.
    """
    message.heard_at = clock.now()
    message.save(update_fields=["heard_at"])
    if message.sender is not None:
        _note_opt_out(message.sender, message, is_direct=not chat.is_group)
    if message.reconciled_at is None:
        Chat.objects.filter(pk=chat.pk).update(unread_count=F("unread_count") + 1)
    live.announce("chat", line_id=chat.line_id, chat_id=chat.pk)


def _note_opt_out(person: Handle, message: Message, *, is_direct: bool) -> None:
    """A keyword stops every direct message to this person; anything they write later lifts that.

    The keyword counts in a direct chat only, what lifts it counts anywhere (linq-v3, 6.2). Nothing comes
    in from those who are blocked, so hearing from somebody also says that they no longer are.
    """
    at: datetime = message.happened_at
    Handle.objects.filter(pk=person.pk, blocked_at__lt=at).update(blocked_at=None)
    if not is_opt_out(message.text):
        Handle.objects.filter(pk=person.pk, opted_out_at__lt=at).update(opted_out_at=None)
    elif is_direct:
        since = Message.objects.filter(sender=person, happened_at__gt=at).values_list("text", flat=True)
        if all(is_opt_out(text) for text in since):
            Handle.objects.filter(Q(opted_out_at__isnull=True) | Q(opted_out_at__lt=at), pk=person.pk).update(
                opted_out_at=at
            )
