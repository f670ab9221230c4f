"""Who may be sent to: the blocklist, opt-outs, and lines that people must write to first (linq-v3, 0, 1.11, 6.2).

Both are the account's, whatever line or chat is used, and both are looked at before anything is queued. A group is
never held back by an opt-out, and by the blocklist only when nobody in it is unblocked.
"""

from __future__ import annotations

from rest_framework.request import Request

from sandbox import blocklist, clock
from sandbox.api import base
from sandbox.api.errors import ApiError
from sandbox.models import Chat, Message, OptOutOverride, Participant

HINT_LENGTH = 4


def check_chat(request: Request, chat: Chat, *, override_optout: bool) -> None:
    """Raise `ApiError` (2008, 2026 or 2024) when nothing may be sent into this chat, with line and `peer` loaded.

    Call it in the transaction that accepts the send: an override of an opt-out is recorded there.
    """
    if overrides(chat, override_optout=override_optout):
        override(chat, token=base.token_of(request), trace_id=base.trace_id(request)).save(force_insert=True)


def overrides(chat: Chat, *, override_optout: bool) -> bool:
    """Whether a send into this chat overrides an opt-out, which is to be recorded; raises as `check_chat` does.

    Costs no query for a direct chat of an ordinary line.
    """
    if chat.line.inbound_first:
        check_they_wrote(chat)
    if chat.peer is not None:
        if blocklist.is_blocked(chat.peer.handle):
            raise ApiError(2026, "The recipient is on your blocklist")
        if chat.peer.opted_out_at is None:
            return False
        if not override_optout:
            raise ApiError(2024, "The recipient opted out of messages")
        return True
    if blocklist.is_in_use():
        members = list(chat.participants.filter(is_me=False, status="active").values_list("handle", flat=True))
        if members and blocklist.all_blocked(members):
            raise ApiError(2026, "The recipient is on your blocklist")
    return False


def check_they_wrote(chat: Chat, *more: str) -> None:
    """Raise `ApiError` (2008) unless everybody in this chat, and who is to be added, wrote to its line before.

    Assumption (8.2): in a group everybody must have; where they wrote does not matter, as long as it was to this line.
    """
    wanted = {*chat.participants.filter(is_me=False, status="active").values_list("handle", flat=True), *more}
    theirs = Participant.objects.filter(handle__in=wanted, chat__line_id=chat.line_id, is_me=False)
    heard = Message.objects.filter(chat_id__in=theirs.values("chat_id"), is_from_me=False, sender__handle__in=wanted)
    if wanted - set(heard.values_list("sender__handle", flat=True).distinct()):
        raise ApiError(2008, "The recipient is not allowed: they have to text this line first")


def override(chat: Chat, *, token: str, trace_id: str) -> OptOutOverride:
    """The record of an override, unsaved."""
    assert chat.peer is not None  # noqa: S101 - only a direct chat is held back by an opt-out
    return OptOutOverride(handle=chat.peer.handle, key_hint=token[-HINT_LENGTH:], trace_id=trace_id, at=clock.now())
