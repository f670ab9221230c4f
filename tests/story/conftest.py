from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import chromium
from tests.story.stack import Stack


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """Everything running, filled from the demo world. Shared by the stories; each uses chats of its own."""
    running = Stack()
    try:
        yield running.start()
    finally:
        running.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found
