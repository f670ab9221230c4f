"""Ids of new rows and trace ids.

While the world's time is moved by hand they follow from the seed, so that the same steps give the same ids: the
n-th id of the world is always the same one. Otherwise they are drawn at random, as nothing else could repeat either.
Never derived: webhook secrets, and the trace ids of requests that only read.
"""

from __future__ import annotations

import itertools
import secrets
import uuid

from sandbox import chance, clock


class _Source:
    """Where derived ids come from: one row of numbers for the world's own, one for what the API is asked."""

    def __init__(self) -> None:
        self.begin(0, 0)

    def begin(self, seed: int, starts: int) -> None:
        """Start over. `starts` tells apart the numbers given before and after a restart."""
        self._seed, self._starts = seed, starts
        self._ids, self._traces = itertools.count(), itertools.count()

    def next_id(self) -> uuid.UUID:
        return chance.identifier(self._seed, "id", self._starts, next(self._ids))

    def next_trace(self) -> str:
        return chance.identifier(self._seed, "trace", self._starts, next(self._traces)).hex


_source = _Source()


def begin(seed: int, starts: int) -> None:
    """Start over: the world was replaced, or the process was started again (for the `starts`-th time)."""
    _source.begin(seed, starts)


def new() -> uuid.UUID:
    """The id of a new row."""
    return _source.next_id() if clock.is_stepped() else uuid.uuid4()


def trace() -> str:
    """The trace id of something that happens in the world, 32 hex digits."""
    return _source.next_id().hex if clock.is_stepped() else secrets.token_hex(16)


def request_trace(*, writes: bool) -> str:
    """The trace id of a request. One that only reads takes no number, so looking changes nothing."""
    return _source.next_trace() if writes and clock.is_stepped() else secrets.token_hex(16)
