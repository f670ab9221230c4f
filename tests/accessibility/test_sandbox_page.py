"""The sandbox's own page, in a real browser: axe finds nothing, its policy holds, and what is on it works."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.accessibility.eyes import Eyes
from tests.browser import chromium
from tests.sandbox_server import SandboxServer

pytestmark = pytest.mark.browser

LINE = "+12025550101"
WINDOWS = [(1280, "light"), (360, "dark")]


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    running = SandboxServer().start("empty")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def full(server: SandboxServer) -> SandboxServer:
    """A world with everything on its page that can be there."""
    server.reset("demo")
    server.api("GET", "chats/nonsense")
    hook = {"target_url": "http://127.0.0.1:9/hook", "subscribed_events": ["message.received"]}
    server.api("POST", "webhook-subscriptions", hook)
    server.control("faults", {"webhook_delay_ms": 60_000})
    server.control("lines/+12025550104/flag", {})
    server.control("lines/+12025550103/settings", {"line_type": "RCS", "inbound_first": True})
    server.say("+12125550110", "STOP", line=LINE)
    return server


def test_the_page_is_for_everybody(full: SandboxServer, browser: Browser) -> None:
    for width, colours in WINDOWS:
        eyes = Eyes(browser, full.url, width, colours)
        eyes.page.goto("/")
        for words in ("FLAGGED", "people write first", "opted out", "webhook_delay_ms 60000"):
            assert eyes.page.get_by_text(words).first.is_visible(), words
        eyes.look("/")
        # What cannot be is said on the page itself, and what was typed is still there.
        say(eyes.page, "nobody", "Hello")
        expect(eyes.page.get_by_role("status")).to_contain_text("handle")
        assert eyes.page.get_by_label("Who").input_value() == "nobody"
        eyes.look("a mistake")
        eyes.context.close()
        assert eyes.wrong == []


def test_an_empty_world_says_what_to_do(server: SandboxServer, browser: Browser) -> None:
    server.reset("empty")
    for width, colours in WINDOWS:
        eyes = Eyes(browser, server.url, width, colours)
        eyes.page.goto("/")
        for words in ("No chats yet.", "No requests to the API yet.", "Nobody yet.", "Nothing has happened yet."):
            assert eyes.page.get_by_text(words).is_visible(), words
        eyes.look("an empty world")
        eyes.context.close()
        assert eyes.wrong == []


def test_somebody_speaks_and_the_time_is_moved(full: SandboxServer, browser: Browser) -> None:
    page = browser.new_page(base_url=full.url)
    page.goto("/")
    say(page, "zoe@example.com", "Anybody there?")
    assert page.get_by_role("status").inner_text() == "Said."
    heard = [each for each in full.control("events?limit=500")["events"] if each["event_type"] == "message.received"]
    assert heard[-1]["data"]["parts"][0]["value"] == "Anybody there?"
    with page.expect_navigation():
        page.get_by_role("link", name="Moving day").click()
    assert '"display_name":"Moving day"' in page.content()
    page.go_back()
    with page.expect_navigation():
        page.get_by_role("button", name="Stop it").click()
    assert page.get_by_text("stands still").is_visible()
    before = full.control("clock")["now"]
    with page.expect_navigation():
        page.get_by_role("button", name="+ 1 day").click()
    assert full.control("clock")["now"][:10] > before[:10]
    with page.expect_navigation():
        page.get_by_role("button", name="Let it run").click()
    assert full.control("clock")["mode"] == "running"
    page.close()


def test_what_happens_is_shown_without_a_reload_and_nothing_is_taken_away(
    full: SandboxServer, browser: Browser
) -> None:
    page = browser.new_page(base_url=full.url)
    page.goto("/")
    page.get_by_label("What").fill("Half a sentence")
    trace_id = full.api("GET", "phone_numbers").headers["X-Trace-ID"]
    page.get_by_text(trace_id).wait_for(timeout=15_000)
    assert page.get_by_label("What").input_value() == "Half a sentence"
    page.close()


def say(page: Page, who: str, words: str) -> None:
    """Let somebody speak in the box for it."""
    page.get_by_label("Who").fill(who)
    page.get_by_label("What").fill(words)
    with page.expect_navigation():
        page.get_by_role("button", name="Say it").click()
