"""Fixtures that hold for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chats import redis_absence


@pytest.fixture(autouse=True)
def _redis_is_there() -> Iterator[None]:
    """A test in which Redis failed leaves the next one nothing to wait for."""
    yield
    redis_absence._until = 0.0
