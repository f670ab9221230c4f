"""The contact cards and the block list are read with the lines; what was done here meanwhile is not undone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from chats.engine import account
from chats.engine import remote as engine_remote
from chats.models import Chat, Handle, Line
from chats.v3.errors import RemoteError
from tests import wire
from tests.engine.worker import Clock
from tests.people import NOON
from tests.remote import Answer, Remote, wrong

pytestmark = pytest.mark.django_db
CARDS, BLOCKS = "/v3/contact_card", "/v3/blocked_handles"
ADA = "+14155550101"


@pytest.fixture(autouse=True)
def _frozen(moment: Clock, wakes: list[Any]) -> None:
    """Time moves only where a test moves it."""


def read_and_save() -> None:
    reading = account.read(engine_remote.client())
    with transaction.atomic():
        account.save(reading)


def script(remote: Remote, *, cards: list[dict[str, Any]], blocked: list[dict[str, Any]]) -> None:
    remote.on("GET", CARDS, Answer(body={"contact_cards": cards}))
    remote.on("GET", BLOCKS, Answer(body={"blocked_handles": blocked}))


def card(line: Line, **more: Any) -> dict[str, Any]:
    told = {"phone_number": line.phone_number, "first_name": "Team", "last_name": None, "is_active": True}
    return {**told, "image_url": None, **more}


def test_cards_and_blocks_are_taken_over(chat: Chat, other_line: Line, remote: Remote, moment: Clock) -> None:
    Line.objects.filter(pk=other_line.pk).update(card_first_name="Old")
    Handle.objects.filter(value="+12025550101").update(blocked_at=NOON - timedelta(hours=1), block_reason="Old")
    blocked = [
        {"handle": ADA, "blocked_at": wire.at(NOON), "reason": "Spam"},
        {"handle": "12345", "blocked_at": wire.at(NOON), "reason": None},
    ]
    script(remote, cards=[card(chat.line), card(other_line, is_active=False)], blocked=blocked)
    for _ in range(2):
        read_and_save()
        cards = dict(Line.objects.values_list("phone_number", "card_first_name"))
        assert cards == {chat.line.phone_number: "Team", other_line.phone_number: ""}
        assert set(Line.objects.values_list("card_known_at", flat=True)) == {moment.now}
        listed = Handle.objects.filter(blocked_at__isnull=False).order_by("value")
        assert list(listed.values_list("value", "blocked_at", "block_reason")) == [
            (ADA, NOON, "Spam"),
            ("12345", NOON, ""),
        ]


def test_what_was_blocked_here_meanwhile_stays(chat: Chat, remote: Remote, moment: Clock) -> None:
    script(remote, cards=[], blocked=[])
    Handle.objects.filter(value=ADA).update(blocked_at=moment.now, block_reason="Spam")
    read_and_save()
    assert Handle.objects.get(value=ADA).blocked_at == moment.now


def test_what_may_not_be_read_stays_as_it_was(chat: Chat, remote: Remote) -> None:
    Line.objects.update(card_first_name="Team")
    Handle.objects.filter(value=ADA).update(blocked_at=NOON - timedelta(hours=1))
    remote.on("GET", CARDS, Answer(403, wrong(2011)))
    remote.on("GET", BLOCKS, Answer(403, wrong(2011)))
    read_and_save()
    assert (Line.objects.get().card_first_name, Line.objects.get().card_known_at) == ("Team", None)
    assert Handle.objects.get(value=ADA).blocked_at is not None


def test_what_cannot_be_read_now_is_no_answer(chat: Chat, remote: Remote) -> None:
    remote.on("GET", CARDS, Answer(500, wrong(3006)))
    with pytest.raises(RemoteError):
        read_and_save()
