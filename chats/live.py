"""Live events: what changed, told to the open pages through Redis.

An event holds ids and nothing that anybody wrote; a page that hears one asks for the fragment it
shows, through the same doors and the same authorisation as at its first load. Losing an event costs
a page some seconds of freshness (it polls when the stream is cut), so a Redis that is away never
breaks the change that was being announced.
"""

from __future__ import annotations

import json
import logging
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

Topic = Literal["message", "chat", "typing", "operation", "event", "line", "sync"]
ACCOUNT_CHANNEL = "chatdeck:live:account"


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
    line_id = event.get("line")
    channel = ACCOUNT_CHANNEL if line_id is None else channel_of(line_id)
    if redis_absence.lasts():
        return
    try:
        _redis().publish(channel, json.dumps(event))
    except redis.RedisError as problem:
        redis_absence.notice()
        log.warning("A live event was not published: %s", type(problem).__name__)


def announce(topic: Topic, *, line_id: int | None, chat_id: int | None = None, message_id: int | None = None) -> None:
    """Publish once the current transaction has committed, so that whoever asks finds the change."""
    event: LiveEvent = {"topic": topic, "line": line_id, "chat": chat_id, "message": message_id}
    transaction.on_commit(partial(publish, event), robust=True)


def announce_typing(*, line_id: int, chat_id: int, on: bool) -> None:
    """Somebody in the chat has begun or stopped writing."""
    event: LiveEvent = {"topic": "typing", "line": line_id, "chat": chat_id, "on": on}
    transaction.on_commit(partial(publish, event), robust=True)
