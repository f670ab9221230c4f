"""Every kind has a handler, and what it is sorted under fits together."""

from __future__ import annotations

from chats.engine.kinds import HANDLERS
from chats.models.operation import (
    ACCOUNT_WIDE,
    BESIDE,
    BEST_EFFORT,
    CHANGES,
    PACE_OF,
    TALK,
    TOUCHES,
    Kind,
)


def test_every_kind_has_a_handler() -> None:
    assert set(HANDLERS) == set(Kind)


def test_no_kind_stands_under_two_headings() -> None:
    for kind in Kind:
        under = [kind in some for some in (TALK, CHANGES, TOUCHES, BESIDE, BEST_EFFORT)]
        assert sum(under) <= 1, kind
    assert set(PACE_OF) == TALK | {Kind.ADD_PARTICIPANT}
    assert not ACCOUNT_WIDE & (TALK | CHANGES | set(TOUCHES) | set(BEST_EFFORT))


def test_what_cannot_be_told_apart_is_not_repeated() -> None:
    assert {kind for kind, handler in HANDLERS.items() if not handler.may_be_repeated} == {
        Kind.SEND_VOICE_MEMO,
        Kind.START_TYPING,
        Kind.STOP_TYPING,
    }
    assert {kind for kind, handler in HANDLERS.items() if handler.has_key} == {Kind.SEND_MESSAGE, Kind.CREATE_CHAT}
