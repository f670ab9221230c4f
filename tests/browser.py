"""A real Chromium for the tests that drive one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

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
