"""Who may be sent to: the blocklist and opt-outs (linq-v3, 1.11 and 6.2).

Both are the account's, whatever line or chat is used, and both are looked at before anything is queued. A group is
never held back by an opt-out, and by the blocklist only when nobody in it is unblocked.
"""

from __future__ import annotations

from rest_framework.request import Request

from sandbox import blocklist, clock
from sandbox.api import base
from sandbox.api.errors import ApiError
from sandbox.models import Chat, OptOutOverride

HINT_LENGTH = 4


def check_chat(request: Request, chat: Chat, *, override_optout: bool) -> None:
    """Raise `ApiError` (2026 or 2024) when nothing may be sent into this chat, which comes with its `peer` loaded.

    Call it in the transaction that accepts the send: an override of an opt-out is recorded there.
    """
    if overrides(chat, override_optout=override_optout):
        override(chat, token=base.token_of(request), trace_id=base.trace_id(request)).save(force_insert=True)


def overrides(chat: Chat, *, override_optout: bool) -> bool:
    """Whether a send into this chat overrides an opt-out, which is to be recorded; raises as `check_chat` does.

    Costs no query for a direct chat.
    """
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


def override(chat: Chat, *, token: str, trace_id: str) -> OptOutOverride:
    """The record of an override, unsaved."""
    assert chat.peer is not None  # noqa: S101 - only a direct chat is held back by an opt-out
    return OptOutOverride(handle=chat.peer.handle, key_hint=token[-HINT_LENGTH:], trace_id=trace_id, at=clock.now())
