"""Who may be sent to: the blocklist and opt-outs (linq-v3, 1.11 and 6.2).

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
from sandbox.models import Chat, OptOutOverride

HINT_LENGTH = 4


def check_chat(request: Request, chat: Chat, *, override_optout: bool) -> None:
    """Raise `ApiError` (2026 or 2024) when nothing may be sent into this chat, which comes with its `peer` loaded.

    Costs no query for a direct chat. Call it in the transaction that accepts the send: an override of an opt-out is
    recorded there.
    """
    if chat.peer is not None:
        _check(request, [chat.peer.handle], chat.peer.opted_out_at, override_optout=override_optout)
    elif blocklist.is_in_use():
        members = list(chat.participants.filter(is_me=False, status="active").values_list("handle", flat=True))
        _check(request, members, None, override_optout=override_optout)


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
