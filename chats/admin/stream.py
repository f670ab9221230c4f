"""Live events to an open page, as server-sent events.

One stream serves all tabs that a person has open (`live.js`). It hears, through Redis, only the
channels of the lines this person sees, and looks again every few seconds whether that is still so. It
holds no database connection while it waits.
"""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator
from importlib import import_module

import redis.asyncio as redis
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.db import connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from redis.exceptions import RedisError

from chats import live
from chats.queries import access

HEARTBEAT = 15.0
"""Seconds. Shorter than the patience of any proxy, so that silence is not taken for a cut."""
LOOK_AGAIN = 20.0
"""Seconds until a sign-out, or a line taken away, ends what this person hears."""
LONGEST = 600.0
"""Seconds a stream lives; then the page opens another, so that none outlives a deployment for long."""

NEXT = "event: next\ndata: {}\n\n"  # open another one soon; nothing is wrong
AWAY = "event: away\ndata: {}\n\n"  # no live events for now: ask the server every few seconds instead
BEAT = "event: beat\ndata: {}\n\n"  # an event, not a comment: only so can the page notice a connection that died
READY = "event: ready\ndata: {}\n\n"  # from here on nothing is missed


async def live_stream(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """The stream of the person who is signed in; `ConsoleSite` has answered everybody else."""
    if request.method != "GET":
        return HttpResponse(status=405, headers={"Allow": "GET"})
    session_key = request.session.session_key or ""
    # Also gives back the connection that reading the session took: the response may live for minutes.
    channels = await sync_to_async(channels_of)(session_key)
    response = StreamingHttpResponse(events(session_key, channels), content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


def channels_of(session_key: str) -> set[str]:
    """The channels that the person of this session may hear now; none once they are signed out or sent away.

    Closes this thread's database connections, for they would stay open as long as the stream.
    """
    try:
        request = HttpRequest()
        request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
        user = get_user(request)
        if not (user.is_active and getattr(user, "is_staff", False)):
            return set()
        # A channel that nothing is told on keeps the stream of a person without any line open.
        channels = {f"chatdeck:live:person:{user.pk}"}
        channels |= {live.channel_of(pk) for pk in access.lines_for(user).values_list("pk", flat=True)}
        if access.sees_all_lines(user):
            channels.add(live.ACCOUNT_CHANNEL)
        return channels
    finally:
        connections.close_all()


async def events(session_key: str, channels: set[str]) -> AsyncIterator[str]:
    """The text of the stream, until the person goes, is sent away, or the stream is old enough."""
    if not channels:
        return
    client = redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2)
    try:
        async with client.pubsub() as pubsub:
            await pubsub.subscribe(*channels)
            async for text in _listen(pubsub, session_key, channels):
                yield text
    except (RedisError, OSError):
        yield AWAY
    finally:
        await client.aclose()


async def _listen(pubsub: redis.client.PubSub, session_key: str, channels: set[str]) -> AsyncIterator[str]:
    now = time.monotonic()
    # Not all at once after a restart of the server.
    ends_at = now + LONGEST * random.uniform(0.8, 1.0)  # noqa: S311
    looks_at, beats_at = now + LOOK_AGAIN, now + HEARTBEAT
    unconfirmed = len(channels)
    while (now := time.monotonic()) < ends_at:
        if now >= looks_at:
            fresh = await sync_to_async(channels_of)(session_key)
            if not fresh:
                return
            if gone := channels - fresh:
                await pubsub.unsubscribe(*gone)
            if new := fresh - channels:
                await pubsub.subscribe(*new)
            channels = fresh
            now = time.monotonic()
            looks_at = now + LOOK_AGAIN
        if now >= beats_at:
            yield BEAT
            beats_at = now + HEARTBEAT
        message = await pubsub.get_message(timeout=max(0.0, min(looks_at, beats_at, ends_at) - now))
        if message is None:
            continue
        if message["type"] == "message" and message["channel"].decode() in channels:
            beats_at = time.monotonic() + HEARTBEAT
            yield f"event: live\ndata: {message['data'].decode()}\n\n"
        elif message["type"] == "subscribe" and unconfirmed:
            unconfirmed -= 1
            if not unconfirmed:
                yield READY
    yield NEXT
