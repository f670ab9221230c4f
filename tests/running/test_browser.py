"""What the browser's watch over a page takes for an error, and what not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import django_htmx
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser import chromium, complaints_of

pytestmark = pytest.mark.browser

HTMX = Path(django_htmx.__file__).parent / "static/django_htmx/htmx-2.min.js"
ADDRESS = "http://console.test"
PAGE = f"""<!doctype html><title>One</title><link rel="icon" href="data:,"><script src="{ADDRESS}/htmx.js"></script>
<button hx-get="/fragment" hx-sync="this:replace">Ask</button>"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    opened = context.new_page()
    opened.route(f"{ADDRESS}/*", lambda route: route.fulfill(body=PAGE, content_type="text/html"))
    opened.route("**/htmx.js", lambda route: route.fulfill(path=HTMX))
    yield opened
    context.close()


def test_a_request_that_fails_while_the_page_stays_is_an_error(page: Page) -> None:
    complaints = complaints_of(page)
    page.route("**/fragment", lambda route: route.abort("failed"))
    page.goto(f"{ADDRESS}/one")
    with page.expect_event("requestfailed"):
        page.get_by_role("button", name="Ask").click()
    expect(page.locator("button.htmx-request")).to_have_count(0)
    names = sorted(text.split(",")[0] for text in complaints)
    assert names == ["Failed to load resource: net::ERR_FAILED", "htmx:sendError"]


def test_a_request_that_the_page_replaces_is_none(page: Page) -> None:
    complaints = complaints_of(page)
    asked: list[Route] = []
    page.route("**/fragment", lambda route: asked.append(route))  # and never answers
    page.goto(f"{ADDRESS}/one")
    page.get_by_role("button", name="Ask").click()
    with page.expect_console_message(lambda said: said.text.startswith("htmx:sendAbort")):
        page.get_by_role("button", name="Ask").click()
    assert len(asked) == 2
    assert complaints == []


def test_only_while_the_page_is_left_may_a_request_fail(page: Page) -> None:
    complaints = complaints_of(page)
    page.goto(f"{ADDRESS}/one")
    page.evaluate("dispatchEvent(new Event('beforeunload')); console.error('htmx:sendError', 1)")
    page.evaluate("console.error('something else')")
    assert complaints == ["something else"]
    page.goto(f"{ADDRESS}/two")
    page.evaluate("console.error('htmx:sendError', 2)")
    assert complaints == ["something else", "htmx:sendError 2"]


def test_a_script_that_breaks_is_an_error(page: Page) -> None:
    complaints = complaints_of(page)
    page.goto(f"{ADDRESS}/one")
    page.evaluate("setTimeout(() => { throw new Error('broken'); })")
    page.evaluate("new Promise((done) => setTimeout(done, 10))")
    assert complaints == ["broken"]
