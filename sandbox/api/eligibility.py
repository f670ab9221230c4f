"""Who may be sent to: the blocklist, opt-outs, and lines that people must write to first (linq-v3, 0, 1.11, 6.2).

Both are the account's, whatever line or chat is used, and both are looked at before anything is queued. A group is
never held back by an opt-out, and by the blocklist only when nobody in it is unblocked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rest_framework.request import Request

from sandbox import blocklist, clock
from sandbox.api import base
from sandbox.api.errors import ApiError
from sandbox.models import Chat, Message, OptOutOverride

HINT_LENGTH = 4


def check_chat(request: Request, chat: Chat, *, override_optout: bool) -> None:
    """Raise `ApiError` (2008, 2026 or 2024) when nothing may be sent into this chat.

    It comes with its line and `peer` loaded. Costs no query for a direct chat of an ordinary line. Call it in the
    transaction that accepts the send: an override of an opt-out is recorded there.
    """
    if chat.line.inbound_first:
        check_they_wrote(chat)
    if chat.peer is not None:
        _check(request, [chat.peer.handle], chat.peer.opted_out_at, override_optout=override_optout)
    elif blocklist.is_in_use():
        members = list(chat.participants.filter(is_me=False, status="active").values_list("handle", flat=True))
        _check(request, members, None, override_optout=override_optout)


def check_they_wrote(chat: Chat, *more: str) -> None:
    """Raise `ApiError` (2008) unless everybody in this chat, and who is to be added, wrote to its line before.

    Assumption (8.2): in a group everybody must have; where they wrote does not matter, as long as it was to this line.
    """
    members = chat.participants.filter(is_me=False, status="active").values_list("handle", flat=True)
    wanted = {*members, *more}
    heard = Message.objects.filter(
        is_from_me=False, sender__handle__in=wanted, sender__chat__line_id=chat.line_id, sender__is_me=False
    )
    if wanted - set(heard.values_list("sender__handle", flat=True).distinct()):
        raise ApiError(2008, "The recipient is not allowed: they have to text this line first")


def _check(request: Request, handles: Sequence[str], opted_out_at: datetime | None, *, override_optout: bool) -> None:
    if handles and blocklist.all_blocked(handles):
        raise ApiError(2026, "The recipient is on your blocklist")
    if opted_out_at is None:
        return
    if not override_optout:
        raise ApiError(2024, "The recipient opted out of messages")
    OptOutOverride.objects.create(
        handle=handles[0],
        key_hint=base.token_of(request)[-HINT_LENGTH:],
        trace_id=base.trace_id(request),
        at=clock.now(),
    )
