"""The open chat: bubbles, their order and pages, what changed since, and what can be done with a message."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from chats.models import Chat, Message, Operation, Reaction
from tests.console.inbox.words import HTMX, THREAD, bubbles_of, fail, send, write
from tests.people import NOON, make_person, signed_in

HOSTILE = "<script>alert(1)</script> <img src=x onerror=alert(1)> javascript:alert(1) \u202etxt.exe"


@pytest.fixture
def client(agent: User) -> Client:
    return signed_in(agent)


def page(client: Client, chat: Chat) -> str:
    return client.get(f"/inbox/{chat.pk}/").content.decode()


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def bubble(html: str, message: Message) -> str:
    """One bubble's HTML."""
    found = re.search(rf'<li class="msg [^>]*id="message-{message.pk}".*?(?=<li class="msg |</ol>)', html, re.S)
    assert found is not None
    return found.group()


def test_messages_stand_oldest_first_with_days_and_runs(client: Client, chat: Chat) -> None:
    yesterday = write(chat, "a", at=NOON - timedelta(days=1))
    first = write(chat, "b", at=NOON)
    soon = write(chat, "c", at=NOON + timedelta(minutes=4))
    later = write(chat, "d", at=NOON + timedelta(minutes=20))
    ours = write(chat, "e", ours=True, at=NOON + timedelta(minutes=21))
    html = page(client, chat)
    shown = re.findall(r'data-message="(\d+)".*?data-state="\w+"([^>]*)>', html)
    assert [(int(pk), marks.split()) for pk, marks in shown] == [
        (yesterday.pk, ["data-starts", "data-starts-day"]),
        (first.pk, ["data-starts", "data-starts-day"]),
        (soon.pk, []),
        (later.pk, ["data-starts"]),
        (ours.pk, ["data-starts"]),
    ]


def test_older_messages_follow_without_gap_or_repeat(client: Client, chat: Chat) -> None:
    written = [write(chat, str(n), at=NOON + timedelta(minutes=n // 7)).pk for n in range(120)]
    seen: list[int] = []
    response = client.get(f"/inbox/{chat.pk}/")
    for size in (50, 50, 20):
        assert len(bubbles_of(response)) == size
        seen = bubbles_of(response) + seen
        address = re.search(r'hx-get="(/inbox/\d+/older/\?before=[^"]+)"', response.content.decode())
        if address:
            response = client.get(address.group(1), headers=HTMX)
            assert b"<html" not in response.content
    assert address is None
    assert seen == written


def test_older_messages_can_be_reached_by_a_link(client: Client, chat: Chat) -> None:
    written = [write(chat, str(n), at=NOON + timedelta(minutes=n)).pk for n in range(60)]
    address = re.search(rf'href="(/inbox/{chat.pk}/\?before=[^"]+)"', page(client, chat))
    assert address is not None
    response = client.get(address.group(1))
    assert bubbles_of(response) == written[:10]
    html = response.content.decode()
    assert "To the latest messages" in html
    assert "data-newest" not in html


def test_a_click_in_the_list_swaps_only_the_panes_of_the_chat(client: Client, chat: Chat) -> None:
    response = client.get(f"/inbox/{chat.pk}/", headers=THREAD)
    html = response.content.decode()
    assert "<html" not in html
    assert "<title>Ada Example | Chatdeck</title>" in html
    assert 'id="side"' in html
    assert 'hx-swap-oob="true"' in html
    assert f'hx-get="/inbox/{chat.pk}/panel/"' in html
    assert {"HX-Request", "HX-Target"} <= {name.strip() for name in response.headers["Vary"].split(",")}


def test_the_open_chat_is_marked_in_the_list(client: Client, chat: Chat, group: Chat) -> None:
    marked = re.findall(r'hx-get="/inbox/(\d+)/"[^>]*aria-current="page"', page(client, chat))
    assert marked == [str(chat.pk)]


@pytest.mark.parametrize("number", [5, 50])
def test_the_page_costs_the_same_whatever_it_shows(
    client: Client, group: Chat, agent: User, number: int, django_assert_num_queries: Any
) -> None:
    for n in range(number):
        message = write(group, str(n), ours=bool(n % 2), author=agent if n % 2 else None)
        Reaction.objects.create(message=message, type="like", handle=message.sender, is_me=message.sender is None)
    # session, person, two for the rights; chat, participants, messages, reactions; pending and failed changes
    with django_assert_num_queries(10):
        client.get(f"/inbox/{group.pk}/", headers=THREAD)
    # and lines, chats, unread beside it
    with django_assert_num_queries(13):
        client.get(f"/inbox/{group.pk}/")
    with django_assert_num_queries(7):
        client.get(f"/inbox/{group.pk}/updates/")
    with django_assert_num_queries(7):
        client.get(f"/inbox/{group.pk}/older/")
    with django_assert_num_queries(6):
        client.get(f"/inbox/{group.pk}/head/")


def test_hostile_text_is_text(client: Client, chat: Chat) -> None:
    hostile_part = {"type": HOSTILE, "value": HOSTILE}
    file = {"type": "media", "filename": HOSTILE, "mime_type": HOSTILE, "url": "javascript:alert(1)", "size_bytes": -1}
    link = {"type": "link", "value": "javascript:alert(1)"}
    clip = {
        "type": "app_clip",
        "title": HOSTILE,
        "value": "data:text/html,x",
        "image_url": "https://evil.example/x.png",
    }
    app = {"type": "imessage_app", "fallback_text": HOSTILE}
    message = write(chat, HOSTILE, parts=[{"type": "text", "value": HOSTILE}, hostile_part, file, link, clip, app])
    Reaction.objects.create(message=message, type="custom", custom_emoji="<b>x</b>", handle=message.sender)
    fields: dict[str, Any] = {"error": HOSTILE, "trace_id": "<i>1</i>", "delivery_status": "failed"}
    write(chat, HOSTILE, ours=True, effect={"name": HOSTILE}, reply_to_remote_id=message.remote_id, **fields)
    html = page(client, chat)
    for mark in ("<script>alert", "<img", "<b>x", "<i>1", 'href="javascript', 'href="data', "evil.example"):
        assert mark not in html
    # the text, the file's name and type, the clip, the app; the reply's text, its quote, its effect, its error
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 9


@pytest.mark.parametrize(
    "parts",
    [None, [], {}, "text", [None], ["text"], [{}], [{"type": 5}], [{"type": "text"}], [{"type": "text", "value": 5}]],
)
def test_parts_that_make_no_sense_break_nothing(client: Client, chat: Chat, parts: Any) -> None:
    message = write(chat, "", parts=parts if parts is not None else [])
    assert bubbles_of(client.get(f"/inbox/{chat.pk}/")) == [message.pk]


def test_ten_thousand_characters_and_emoji_come_whole(client: Client, chat: Chat) -> None:
    text = "👩‍👩‍👧‍👦" + "x" * 9_980 + "\n مرحبا"
    assert text in page(client, write(chat, text).chat)


def test_files_are_cards_and_never_loaded(client: Client, chat: Chat) -> None:
    parts = [{"type": "media", "filename": "a.jpg", "mime_type": "image/jpeg", "size_bytes": 2_345_678,
              "url": "https://files.example/a.jpg"}]  # fmt: skip
    message = write(chat, "", parts=parts)
    html = bubble(page(client, chat), message)
    assert 'href="https://files.example/a.jpg" rel="noopener noreferrer nofollow" target="_blank"' in html
    assert "image/jpeg · 2.2\xa0MB" in html
    assert "<img" not in html


@pytest.mark.parametrize(
    ("state", "word"),
    [("pending", "Pending"), ("queued", "Queued"), ("sent", "Sent"), ("delivered", "Delivered"), ("read", "Read")],
)
def test_our_messages_say_how_far_they_came(client: Client, chat: Chat, state: str, word: str) -> None:
    ours = write(chat, "x", ours=True, delivery_status=state)
    theirs = write(chat, "y")
    html = page(client, chat)
    assert f'data-state="{state}"' in bubble(html, ours)
    assert word in words(bubble(html, ours))
    assert "badge" not in bubble(html, theirs)


def test_service_effect_edit_reply_and_reactions_are_noted(client: Client, group: Chat) -> None:
    question = write(group, "Where?")
    answer = write(
        group, "Here", ours=True, at=NOON + timedelta(minutes=1), service="SMS", edited_at=NOON,
        effect={"type": "screen", "name": "happy_birthday"}, reply_to_remote_id=question.remote_id,
    )  # fmt: skip
    lost = write(group, "And?", at=NOON + timedelta(minutes=2), reply_to_remote_id=uuid.uuid4(), service="iMessage")
    for person in (question.sender, None):
        Reaction.objects.create(message=answer, type="love", handle=person, is_me=person is None)
    html = page(client, group)
    text = words(bubble(html, answer))
    for piece in (
        "Bea Example Where?",
        "Here",
        "❤️ 2",
        "love by Bea Example, You",
        "Edited",
        "SMS",
        "with happy birthday",
    ):
        assert piece in text
    assert "An earlier message" in words(bubble(html, lost))
    assert "iMessage" not in words(bubble(html, lost))


def test_a_group_names_its_senders(client: Client, group: Chat, chat: Chat) -> None:
    message = write(group)
    assert 'class="sender"' in bubble(page(client, group), message)
    assert 'class="sender"' not in page(client, write(chat).chat)


def test_updates_bring_what_was_asked_for_or_the_newest(client: Client, chat: Chat, group: Chat) -> None:
    old = write(chat, "old", at=NOON - timedelta(days=9))
    new = [write(chat, str(n), at=NOON + timedelta(minutes=n)) for n in range(50)]
    elsewhere = write(group, "elsewhere")
    asked = client.get(f"/inbox/{chat.pk}/updates/?ids={old.pk},{elsewhere.pk},damaged")
    assert bubbles_of(asked) == [old.pk]
    assert bubbles_of(client.get(f"/inbox/{chat.pk}/updates/")) == [one.pk for one in new]


def test_a_bubble_says_when_it_looks_different(client: Client, chat: Chat) -> None:
    message = write(chat, "x", ours=True, delivery_status="sent")

    def version() -> str:
        html = client.get(f"/inbox/{chat.pk}/updates/").content.decode()
        return str(re.findall(r'data-version="(\w+)"', html)[0])

    versions = [version()]
    assert version() == versions[0]
    Message.objects.update(delivery_status="delivered")
    versions.append(version())
    Reaction.objects.create(message=message, type="like", is_me=True)
    versions.append(version())
    assert len(set(versions)) == 3


def test_opening_reads_by_a_request_of_its_own(client: Client, chat: Chat) -> None:
    Chat.objects.filter(pk=chat.pk).update(unread_count=2)
    html = page(client, chat)
    assert f'hx-post="/inbox/{chat.pk}/read/" hx-trigger="load, read"' in html
    assert Chat.objects.get(pk=chat.pk).unread_count == 2  # looking changes nothing
    assert client.post(f"/inbox/{chat.pk}/read/", headers=HTMX).status_code == 204
    assert Chat.objects.get(pk=chat.pk).unread_count == 0
    assert [one.kind for one in Operation.objects.all()] == ["mark_read"]
    assert 'hx-trigger="read"' in page(client, chat)


def test_a_chat_can_be_put_back_among_the_unread(client: Client, chat: Chat) -> None:
    assert client.post(f"/inbox/{chat.pk}/unread/", headers=HTMX).status_code == 204
    assert Chat.objects.get(pk=chat.pk).unread_count == 1
    assert client.post(f"/inbox/{chat.pk}/read/").headers["Location"] == "/inbox/"
    assert Chat.objects.get(pk=chat.pk).unread_count == 0


def test_a_failure_says_what_happened_and_can_be_tried_again(client: Client, chat: Chat) -> None:
    send(client, chat, "Hello")
    message = Message.objects.get()
    key = Operation.objects.get().key
    fail(message)
    text = words(bubble(page(client, chat), message))
    for piece in ("Failed", "The remote refused it.", "Code 4001 · trace trace-1", "Retry"):
        assert piece in text
    response = client.post(f"/inbox/{chat.pk}/messages/{message.pk}/retry/", headers=HTMX)
    assert bubbles_of(response) == [message.pk]
    assert "Pending" in words(response.content.decode())
    operation = Operation.objects.get()
    assert (operation.state, operation.key) == ("queued", key)


def test_what_waits_after_a_try_says_why(client: Client, chat: Chat) -> None:
    send(client, chat, "Hello")
    Operation.objects.update(error="The line rests until noon.", first_sent_at=NOON)
    text = words(bubble(page(client, chat), Message.objects.get()))
    assert "The line rests until noon." in text
    assert "Cancel" not in text


def test_a_waiting_message_can_be_taken_back(client: Client, chat: Chat) -> None:
    send(client, chat, "Hello")
    message = Message.objects.get()
    assert "Cancel" in words(bubble(page(client, chat), message))
    response = client.post(f"/inbox/{chat.pk}/messages/{message.pk}/cancel/", headers=HTMX)
    assert "Taken back before it was sent." in response.content.decode()
    assert Operation.objects.get().state == "cancelled"


def test_what_is_on_its_way_cannot_be_taken_back(client: Client, chat: Chat) -> None:
    send(client, chat, "Hello")
    message = Message.objects.get()
    Operation.objects.update(state="accepted", due_at=None)
    response = client.post(f"/inbox/{chat.pk}/messages/{message.pk}/cancel/", headers=HTMX)
    assert bubbles_of(response) == []
    assert "The remote may have it already" in response.headers["HX-Trigger"]
    assert Operation.objects.get().state == "accepted"
    page_again = client.post(f"/inbox/{chat.pk}/messages/{message.pk}/cancel/", follow=True)
    assert b"The remote may have it already" in page_again.content


def test_a_colleague_may_not_take_back_but_a_manager_may(client: Client, chat: Chat, manager: User, line: Any) -> None:
    send(client, chat, "Hello")
    message = Message.objects.get()
    colleague = signed_in(make_person("colleague", "Agent", line))
    assert "Cancel" not in words(bubble(page(colleague, chat), message))
    assert colleague.post(f"/inbox/{chat.pk}/messages/{message.pk}/cancel/", headers=HTMX).status_code == 403
    assert Operation.objects.get().state == "queued"
    assert signed_in(manager).post(f"/inbox/{chat.pk}/messages/{message.pk}/cancel/", headers=HTMX).status_code == 200
    assert Operation.objects.get().state == "cancelled"


def test_a_message_of_another_chat_is_not_there(client: Client, chat: Chat, group: Chat) -> None:
    send(client, group, "Hello")
    message = Message.objects.get()
    assert client.post(f"/inbox/{chat.pk}/messages/{message.pk}/cancel/", headers=HTMX).status_code == 404
    assert Operation.objects.get().state == "queued"
