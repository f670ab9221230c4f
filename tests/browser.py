"""A real Chromium for the tests that drive one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Chromium's own errands, such as updates, are refused on a machine without a way out, and cost time.
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# htmx reports by the names of its events, "htmx:afterRequest" first and then what happened. "sendAbort" is the page's
# own doing: only a script cuts a request so, as `hx-sync` does for a newer one. "sendError" is a request that failed,
# and no error only while the page is being left, which cuts what it was still asking for.
_REPORTS = """
(() => {
  let leaving = false;
  addEventListener("beforeunload", () => { leaving = true; });
  addEventListener("pageshow", () => { leaving = false; });
  const report = console.error.bind(console);
  console.error = (...said) => {
    const name = String(said[0]);
    const meant = /^htmx:(afterRequest|sendAbort)/.test(name) || (leaving && name.startsWith("htmx:sendError"));
    (meant ? console.info : report)(...said);
  };
})();
"""


def find_chromium() -> str:
    """The path of a Chromium on this machine; skips the test when there is none, or fails it where one is required."""
    named = os.environ.get("CHATDECK_BROWSER", "")
    found = named or next((path for name in _NAMES if (path := shutil.which(name))), "")
    if not found:
        if os.environ.get("CHATDECK_REQUIRE_BROWSER") == "1":
            pytest.fail("No Chromium was found, and CHATDECK_REQUIRE_BROWSER says that one is needed.")
        pytest.skip("No Chromium on this machine.")
    return found


@contextmanager
def chromium() -> Iterator[Browser]:
    path = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def complaints_of(page: Page) -> list[str]:
    """A list that fills with every error the page reports from now on; ask for it before the first address.

    A request that the page itself cut, or that was cut because the page was left, is none.
    """
    complaints: list[str] = []

    def note(said: ConsoleMessage) -> None:
        if said.type == "error":
            complaints.append(said.text)

    page.add_init_script(_REPORTS)
    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return complaints
