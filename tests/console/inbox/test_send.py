"""The composer: one intent is one message, a refusal loses nothing, and nobody answers past news."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from chats.models import Chat, Handle, Message, Operation
from tests.console.inbox.words import HTMX, bubbles_of, send, write
from tests.people import NOON, signed_in

KEY = "6f1c0a52-6a35-4a1c-9c55-0d3a1a2b3c4d"


@pytest.fixture
def client(agent: User) -> Client:
    return signed_in(agent)


def ours() -> list[Message]:
    return list(Message.objects.filter(direction="outbound"))


def note(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())).strip()


def test_a_message_shows_at_once_as_pending(client: Client, chat: Chat, agent: User) -> None:
    response = send(client, chat, "  Hello\nthere  ", key=KEY)
    message = Message.objects.get()
    assert response.status_code == 200
    assert bubbles_of(response) == [message.pk]
    assert 'data-state="pending"' in response.content.decode()
    assert (message.parts, message.author, message.key) == ([{"type": "text", "value": "Hello\nthere"}], agent, KEY)
    operation = Operation.objects.get()
    assert (operation.kind, operation.state, str(operation.key)) == ("send_message", "queued", KEY)


def test_the_same_key_twice_is_one_message(client: Client, chat: Chat) -> None:
    first = send(client, chat, "Hello", key=KEY)
    second = send(client, chat, "Hello", key=KEY, seen=0)
    assert bubbles_of(first) == bubbles_of(second) == [Message.objects.get().pk]
    assert Operation.objects.count() == 1


def test_a_retry_goes_through_even_when_news_arrived_meanwhile(client: Client, chat: Chat) -> None:
    send(client, chat, "Hello", key=KEY, seen=0)
    write(chat, "news", at=Message.objects.get().happened_at + timedelta(seconds=1))
    assert send(client, chat, "Hello", key=KEY, seen=0).status_code == 200
    assert len(ours()) == 1


def test_another_key_is_another_message(client: Client, chat: Chat) -> None:
    send(client, chat, "Hello")
    send(client, chat, "Hello")
    assert len(ours()) == 2


def test_a_page_without_htmx_sends_too(client: Client, chat: Chat) -> None:
    response = client.post(f"/inbox/{chat.pk}/send/", {"text": "Hello", "key": KEY, "seen": "0"})
    assert response.headers["Location"] == f"/inbox/{chat.pk}/"
    assert len(ours()) == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Write something first."),
        (" \n\t ", "Write something first."),
        ("x" * 10_001, "This is 1 characters too long: 10,000 is the most."),
    ],
)
def test_a_refusal_stands_in_place_and_changes_nothing(client: Client, chat: Chat, text: str, sentence: str) -> None:
    response = send(client, chat, text, key=KEY)
    assert response.status_code == 422
    assert sentence in note(response)
    assert (ours(), Operation.objects.count()) == ([], 0)


def test_a_refusal_without_htmx_keeps_text_and_key(client: Client, chat: Chat) -> None:
    text = "<b>" + "x" * 10_000
    response = client.post(f"/inbox/{chat.pk}/send/", {"text": text, "key": KEY, "seen": "0"})
    page = response.content.decode()
    assert response.status_code == 422
    assert "<html" in page
    assert f'name="key" value="{KEY}"' in page
    assert "&lt;b&gt;" + "x" * 10_000 + "</textarea>" in page
    assert "3 characters too long" in page


def test_ten_thousand_emoji_are_not_too_long(client: Client, chat: Chat) -> None:
    assert send(client, chat, "🦊" * 10_000).status_code == 200


def test_what_the_database_cannot_hold_is_refused(client: Client, chat: Chat) -> None:
    assert send(client, chat, "a\x00b").status_code == 422
    assert ours() == []


def test_hostile_text_leaves_as_it_is_and_shows_as_text(client: Client, chat: Chat) -> None:
    response = send(client, chat, "<script>alert(1)</script>")
    assert Message.objects.get().text == "<script>alert(1)</script>"
    assert b"<script>" not in response.content


def test_news_is_asked_about_and_text_and_key_stay(client: Client, chat: Chat) -> None:
    seen = write(chat, "old").pk
    write(chat, "new", at=NOON + timedelta(minutes=1))
    newest = write(chat, "newer", at=NOON + timedelta(minutes=2)).pk
    response = send(client, chat, "Hello", key=KEY, seen=seen)
    assert response.status_code == 409
    assert "2 new messages arrived while you wrote." in note(response)
    assert f'name="seen" value="{newest}">Send anyway' in response.content.decode()
    assert (ours(), Operation.objects.count()) == ([], 0)
    # the button's value stands behind the field's own
    anyway = client.post(f"/inbox/{chat.pk}/send/", {"text": "Hello", "key": KEY, "seen": [seen, newest]}, headers=HTMX)
    assert anyway.status_code == 200
    assert len(ours()) == 1


def test_what_a_colleague_just_answered_is_news_and_ones_own_is_not(client: Client, chat: Chat, manager: User) -> None:
    seen = write(chat, "Question").pk
    send(client, chat, "My first answer", seen=seen)
    assert send(client, chat, "and more", seen=seen).status_code == 200
    send(signed_in(manager), chat, "The manager's answer")
    response = send(client, chat, "and more again", seen=seen)
    assert "1 new message arrived while you wrote." in note(response)
    assert len(ours()) == 3


def test_history_that_is_read_in_late_is_no_news(client: Client, chat: Chat) -> None:
    seen = write(chat, "latest").pk
    write(chat, "from last year", at=NOON - timedelta(days=300))
    assert send(client, chat, "Hello", seen=seen).status_code == 200


def test_asking_about_news_without_htmx_keeps_everything(client: Client, chat: Chat) -> None:
    seen = write(chat, "old").pk
    write(chat, "new", at=NOON + timedelta(minutes=1))
    response = client.post(f"/inbox/{chat.pk}/send/", {"text": "Hello", "key": KEY, "seen": str(seen)})
    page = response.content.decode()
    assert response.status_code == 409
    assert "1 new message arrived while you wrote." in page
    assert f'name="key" value="{KEY}"' in page
    assert ">Hello</textarea>" in page


@pytest.mark.parametrize(("field", "sentence"), [("opted_out_at", "has opted out"), ("blocked_at", "is blocked")])
def test_nobody_writes_to_who_opted_out_or_is_blocked(
    client: Client, chat: Chat, group: Chat, field: str, sentence: str
) -> None:
    Handle.objects.filter(value="+14155550101").update(**{field: NOON})
    page = client.get(f"/inbox/{chat.pk}/").content.decode()
    assert f"Ada Example {sentence}" in page
    assert 'id="composer"' not in page
    response = send(client, chat, "Hello")
    assert response.status_code == 422
    assert f"Ada Example {sentence}" in note(response)
    assert (ours(), Operation.objects.count()) == ([], 0)
    # in a group the others can still be written to
    Handle.objects.filter(value="+14155550111").update(**{field: NOON})
    assert send(client, group, "Hello").status_code == 200


def test_nobody_writes_to_a_group_our_line_has_left(client: Client, group: Chat) -> None:
    Chat.objects.filter(pk=group.pk).update(left_at=NOON)
    page = client.get(f"/inbox/{group.pk}/").content.decode()
    assert "Our line has left this group, so nothing can be sent." in page
    assert 'id="composer"' not in page
    assert send(client, group, "Hello").status_code == 422
    assert (ours(), Operation.objects.count()) == ([], 0)


def test_an_open_page_loses_its_box_when_our_line_leaves(client: Client, group: Chat) -> None:
    assert "composer" not in client.get(f"/inbox/{group.pk}/head/", headers=HTMX).content.decode()
    Chat.objects.filter(pk=group.pk).update(left_at=NOON)
    head = client.get(f"/inbox/{group.pk}/head/", headers=HTMX).content.decode()
    assert '<div id="composer-slot" hx-swap-oob="true">' in head
    assert "Our line has left this group, so nothing can be sent." in head


@pytest.mark.parametrize("key", ["", "damaged", "<script>"])
def test_a_damaged_key_is_replaced(client: Client, chat: Chat, key: str) -> None:
    client.post(f"/inbox/{chat.pk}/send/", {"text": "Hello", "key": key, "seen": "x"}, headers=HTMX)
    assert uuid.UUID(Message.objects.get().key or "").version == 4


def test_each_page_has_a_key_of_its_own(client: Client, chat: Chat) -> None:
    keys = [re.findall(r'name="key" value="([^"]+)"', client.get(f"/inbox/{chat.pk}/").content.decode()) for _ in "12"]
    assert [len(found) for found in keys] == [1, 1]
    assert keys[0] != keys[1]
