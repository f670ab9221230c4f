"""Live events: what changed, told to the open pages through Redis.

An event holds ids and nothing that anybody wrote; a page that hears one asks for the fragment it
shows, through the same doors and the same authorisation as at its first load. Losing an event costs
a page some seconds of freshness (it polls when the stream is cut), so a Redis that is away never
breaks the change that was being announced.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, partial
from typing import Literal, TypedDict

import redis
from django.conf import settings
from django.db import transaction
from redis.backoff import NoBackoff
from redis.retry import Retry

from chats import redis_absence
from chats.redis_absence import ANSWER_WITHIN

log = logging.getLogger(__name__)

Topic = Literal["message", "chat", "typing", "operation", "event", "line", "sync", "campaign"]
# Seconds after which what was asked for and never begun may be asked for again.
ASKED_FOR = 2
ACCOUNT_CHANNEL = "chatdeck:live:account"
_gathered: ContextVar[list[LiveEvent] | None] = ContextVar("gathered live events", default=None)


class LiveEvent(TypedDict, total=False):
    """`topic` names what changed; the ids say which one. `on` is only for typing."""

    topic: Topic
    line: int | None
    chat: int | None
    message: int | None
    on: bool


def channel_of(line_id: int) -> str:
    return f"chatdeck:live:line:{line_id}"


@cache
def _redis() -> redis.Redis:
    # No second try: somebody's change has been committed and they wait for the answer.
    once = Retry(NoBackoff(), 0)
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=ANSWER_WITHIN, socket_timeout=ANSWER_WITHIN, retry=once
    )


def publish(event: LiveEvent) -> None:
    """Tell everyone who watches the event's line; one without a line goes to those who see the whole account."""
    gathered = _gathered.get()
    if gathered is not None:
        gathered.append(event)
        return
    if redis_absence.lasts():
        return
    try:
        _redis().publish(*_letter(event))
    except redis.RedisError as problem:
        redis_absence.notice()
        log.warning("A live event was not published: %s", type(problem).__name__)


@contextmanager
def together() -> Iterator[None]:
    """Publish what is announced in here in one go at the end, and what is said twice once.

    For a transaction that moves many rows: it has to be opened inside.
    """
    gathered: list[LiveEvent] = []
    token = _gathered.set(gathered)
    try:
        yield
    finally:
        _gathered.reset(token)
        if gathered:
            _publish_all(gathered)


def _publish_all(events: list[LiveEvent]) -> None:
    if redis_absence.lasts():
        return
    try:
        pipeline = _redis().pipeline(transaction=False)
        for letter in dict.fromkeys(map(_letter, events)):
            pipeline.publish(*letter)
        pipeline.execute()
    except redis.RedisError as problem:
        redis_absence.notice()
        log.warning("%s live events were not published: %s", len(events), type(problem).__name__)


def _letter(event: LiveEvent) -> tuple[str, str]:
    """The channel of an event, and what is published there."""
    line_id = event.get("line")
    return ACCOUNT_CHANNEL if line_id is None else channel_of(line_id), json.dumps(event)


def announce(topic: Topic, *, line_id: int | None, chat_id: int | None = None, message_id: int | None = None) -> None:
    """Publish once the current transaction has committed, so that whoever asks finds the change."""
    event: LiveEvent = {"topic": topic, "line": line_id, "chat": chat_id, "message": message_id}
    transaction.on_commit(partial(publish, event), robust=True)


def announce_typing(*, line_id: int, chat_id: int, on: bool) -> None:
    """Somebody in the chat has begun or stopped writing."""
    event: LiveEvent = {"topic": "typing", "line": line_id, "chat": chat_id, "on": on}
    transaction.on_commit(partial(publish, event), robust=True)


def first_to_ask(name: str) -> bool:
    """Whether nobody has asked for `name` since it was last begun; what is never begun is forgotten after a while.

    True when Redis is away: better too often than never.
    """
    if redis_absence.lasts():
        return True
    try:
        return bool(_redis().set(_asked(name), 1, nx=True, ex=ASKED_FOR))
    except redis.RedisError:
        redis_absence.notice()
        return True


def begun(name: str) -> None:
    """Whoever asks for `name` from now on is the first again. Call it before looking at what there is to do."""
    if redis_absence.lasts():
        return
    try:
        _redis().delete(_asked(name))
    except redis.RedisError as problem:
        redis_absence.notice()
        log.warning("That %s was begun was not told: %s", name, type(problem).__name__)


def _asked(name: str) -> str:
    return f"chatdeck:asked:{name}"
