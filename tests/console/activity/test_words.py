"""What each kind of operation is called on the pages."""

from __future__ import annotations

import pytest

from chats.models import Operation
from chats.models.operation import Kind
from chats.templatetags.operations import describe

SPECIAL = [
    (Kind.BLOCK_HANDLE, {"handle": "+14155550101"}, "Block +14155550101"),
    (Kind.UNBLOCK_HANDLE, {"handle": "+14155550101"}, "Unblock +14155550101"),
    (Kind.STOP_LOCATION, {"handle": "a@example.com"}, "Stop seeing where a@example.com is"),
    (Kind.CHECK_CAPABILITY, {"handle": "+14155550101", "service": "RCS"}, "Check whether RCS reaches +14155550101"),
    (Kind.ADD_REACTION, {"type": "love", "custom_emoji": ""}, "React with love"),
    (Kind.REMOVE_REACTION, {"type": "custom", "custom_emoji": "🦄"}, "Take back 🦄"),
    (Kind.SET_FORWARDING, {"forwarding_number": "+14155550188"}, "Forward calls to +14155550188"),
    (Kind.SET_FORWARDING, {"forwarding_number": ""}, "Stop forwarding calls"),
    (Kind.SAVE_CONTACT_CARD, {"first_name": "Team", "last_name": "North"}, "Save the contact card “Team North”"),
    (Kind.SAVE_CONTACT_CARD, {"first_name": "Team", "last_name": ""}, "Save the contact card “Team”"),
]


@pytest.mark.parametrize(("kind", "payload", "words"), SPECIAL)
def test_a_change_names_what_it_is_about(kind: Kind, payload: dict[str, str], words: str) -> None:
    assert describe(Operation(kind=kind, payload=payload)) == words


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_words_without_a_payload(kind: Kind) -> None:
    words = describe(Operation(kind=kind, payload={}))
    assert words == ("Stop forwarding calls" if kind == Kind.SET_FORWARDING else kind.label)


@pytest.mark.parametrize("kind", Kind)
def test_an_edit_does_not_show_its_words(kind: Kind) -> None:
    assert "Secret" not in describe(Operation(kind=kind, payload={"text": "Secret", "part_index": 0}))
