"""What only a browser shows: the box that loses nothing, and a thread that stays where it is read."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from playwright.sync_api import Page, Route, expect

from chats import clock, live
from chats.models import Chat, Message
from tests.browser import chromium
from tests.console.inbox.words import write

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Server = tuple[subprocess.Popen[bytes], str]


@pytest.fixture
def page(server: Server, agent: User, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """The agent's browser. What its console says of a script that failed, fails the test."""
    client = Client()
    client.force_login(agent)
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": client.session.session_key or "", "url": server[1]}
    with chromium() as browser:
        # The browser's loop runs in this thread, but what the tests ask of the database is not part of it.
        monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        context = browser.new_context(base_url=server[1], viewport={"width": 1280, "height": 800})
        context.add_cookies([cookie])  # type: ignore[list-item]
        opened = context.new_page()
        problems: list[str] = []
        opened.on("pageerror", lambda error: problems.append(str(error)))
        opened.on("console", lambda said: problems.append(said.text) if "Security Policy" in said.text else None)
        yield opened
        context.close()
        # Beside a running loop Django keeps connections of its own, which nothing else would close.
        connections.close_all()
        assert problems == []
    monkeypatch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE")


def arrive(chat: Chat, text: str) -> Message:
    """A message comes in, as the engine writes and tells it."""
    message = write(chat, text, at=clock.now())
    Chat.objects.filter(pk=chat.pk).update(unread_count=1, sort_at=message.happened_at, last_message_text=text)
    live.publish({"topic": "message", "line": chat.line_id, "chat": chat.pk, "message": message.pk})
    return message


def ours() -> list[str]:
    return list(Message.objects.filter(direction="outbound").order_by("pk").values_list("text", flat=True))


def test_a_lost_answer_makes_no_second_message_and_loses_no_text(page: Page, chat: Chat) -> None:
    page.goto(f"/inbox/{chat.pk}/")
    box = page.get_by_label("Message", exact=True)

    def lose(route: Route) -> None:
        route.fetch()  # the server gets it, the page never hears of it
        route.abort()

    page.route("**/send/", lose, times=1)
    box.fill("Only once, please")
    box.press("Enter")
    expect(page.locator("#composer-note")).to_contain_text("No answer came")
    expect(box).to_have_value("Only once, please")
    assert ours() == ["Only once, please"]
    page.get_by_role("button", name="Try again").click()
    expect(box).to_have_value("")
    expect(page.locator("#composer-note")).to_be_empty()
    expect(page.locator(".msg-out")).to_have_count(1)
    assert ours() == ["Only once, please"]


def test_the_keys_of_the_box_and_a_draft_that_stays(page: Page, chat: Chat, group: Chat) -> None:
    page.goto(f"/inbox/{chat.pk}/")
    box = page.get_by_label("Message", exact=True)
    box.press("Enter")
    expect(page.locator("#composer-note")).to_contain_text("Write something first.")
    box.fill("one")
    box.press("Shift+Enter")
    box.press_sequentially("two")
    expect(box).to_have_value("one\ntwo")
    expect(box).to_have_attribute("rows", "2")
    page.locator(f'#rows [data-chat="{group.pk}"] a').click()
    expect(page.locator("#messages")).to_have_attribute("data-chat", str(group.pk))
    expect(box).to_have_value("")
    page.goto(f"/inbox/{chat.pk}/")
    expect(box).to_have_value("one\ntwo")
    box.press("Enter")
    box.press("Enter")
    expect(page.locator(".msg-out .text")).to_have_text("one\ntwo")
    expect(box).to_have_value("")
    expect(box).to_be_focused()
    assert len(ours()) == 1
    page.reload()
    expect(box).to_have_value("")


def test_news_moves_neither_what_is_read_nor_what_is_written(page: Page, chat: Chat) -> None:
    for number in range(60):
        write(chat, f"Message {number}", at=clock.now() - timedelta(minutes=600 - 10 * number))
    page.goto(f"/inbox/{chat.pk}/")
    expect(page.locator(".msg").last).to_be_in_viewport()
    first = arrive(chat, "At the end")
    expect(page.locator(f"#message-{first.pk}")).to_be_in_viewport()
    page.locator("#messages-older a").scroll_into_view_if_needed()
    expect(page.locator(".msg")).to_have_count(61)

    reading = page.locator(".msg", has_text="Message 12")
    reading.scroll_into_view_if_needed()
    box = page.get_by_label("Message", exact=True)
    box.fill("Half a sentence")
    before = reading.bounding_box()
    arrive(chat, "Read me first")
    expect(page.locator("[data-to-latest]")).to_have_text("1 new")
    after = reading.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(before["y"] - after["y"]) < 1.5
    expect(box).to_have_value("Half a sentence")
    expect(box).to_be_focused()

    box.press("Enter")
    expect(page.locator("#composer-note")).to_contain_text("1 new message arrived while you wrote.")
    expect(box).to_have_value("Half a sentence")
    assert ours() == []
    page.get_by_role("button", name="Send anyway").click()
    expect(page.locator(".msg").last).to_contain_text("Half a sentence")
    expect(page.locator(".msg").last).to_be_in_viewport()
    assert ours() == ["Half a sentence"]


def test_the_list_is_alive_and_works_from_the_keyboard(page: Page, chat: Chat, group: Chat) -> None:
    page.goto("/inbox/")
    rows = page.locator("#rows > li")
    expect(rows).to_have_count(2)
    first, second = Chat.objects.order_by("-sort_at", "-pk")
    arrive(second, "Now I am first")
    expect(rows.first).to_contain_text("Now I am first")
    expect(rows.first.locator(".count")).to_contain_text("1")
    expect(page).to_have_title("(1) Inbox | Chatdeck")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(rows.nth(1).locator("a")).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page.locator("#messages")).to_have_attribute("data-chat", str(second.pk))
    expect(rows.first.locator("a")).to_have_attribute("aria-current", "page")
    # opening it has read it
    expect(page).to_have_title(f"{second} | Chatdeck")
    expect(rows.first.locator(".count")).to_be_empty()
    live.publish({"topic": "typing", "line": second.line_id, "chat": second.pk, "on": True})
    expect(page.locator("[data-typing]")).to_contain_text("is typing…")
    arrive(second, "Done typing")
    expect(page.locator("[data-typing]")).to_be_empty()
    assert first.pk != second.pk


def test_a_cut_stream_is_told_and_polling_takes_over(page: Page, chat: Chat) -> None:
    page.route("**/live/stream/", lambda route: route.abort())
    page.goto(f"/inbox/{chat.pk}/")
    expect(page.locator(".live-note")).to_contain_text("Reconnecting…")
    message = arrive(chat, "By polling")
    expect(page.locator(f"#message-{message.pk}")).to_be_visible(timeout=20_000)
    page.unroute("**/live/stream/")
    expect(page.locator(".live-note")).to_be_empty(timeout=30_000)


def test_a_chat_opened_during_a_search_keeps_its_address(page: Page, server: Server, chat: Chat, group: Chat) -> None:
    answers: list[Route] = []
    page.route(re.compile(r"/inbox/\?(.*&)?q="), lambda route: answers.append(route))
    page.goto("/inbox/")
    with page.expect_request(re.compile(r"/inbox/\?(.*&)?q=Example")):
        page.get_by_label("Search chats by name or handle").fill("Example")
    page.locator(f'#rows [data-chat="{group.pk}"] a').click()
    expect(page.locator("#messages")).to_have_attribute("data-chat", str(group.pk))
    answers.pop().continue_()
    expect(page).to_have_url(f"{server[1]}/inbox/{group.pk}/?q=Example")
    page.reload()
    expect(page.locator("#messages")).to_have_attribute("data-chat", str(group.pk))


def test_a_chat_that_opens_after_a_search_keeps_what_the_list_is_narrowed_to(
    page: Page, server: Server, chat: Chat, group: Chat
) -> None:
    answers: list[Route] = []
    page.route(f"**/inbox/{group.pk}/", lambda route: answers.append(route))
    page.goto("/inbox/")
    with page.expect_request(f"**/inbox/{group.pk}/"):
        page.locator(f'#rows [data-chat="{group.pk}"] a').click()
    page.get_by_label("Search chats by name or handle").fill("Example")
    expect(page).to_have_url(f"{server[1]}/inbox/?q=Example")
    answers.pop().continue_()
    expect(page.locator("#messages")).to_have_attribute("data-chat", str(group.pk))
    expect(page).to_have_url(f"{server[1]}/inbox/{group.pk}/?q=Example")
