"""The live stream: a person hears what happens on their own lines, for as long as these are theirs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, connections
from django.test import AsyncClient, Client

from chats import live
from chats.admin import stream
from chats.models import Chat, Line, LineAccess
from tests.people import make_person

# The stream asks the database from a thread of its own, which sees only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)

SOON = 10.0  # seconds; far more than it takes, so that a busy machine is no failure
READY = stream.READY


class Listener:
    """One open stream of a person."""

    def __init__(self, response: Any) -> None:
        self.response = response
        self.texts: AsyncIterator[bytes] = aiter(response.streaming_content)

    async def next(self) -> str:
        return (await asyncio.wait_for(anext(self.texts), SOON)).decode()

    async def next_event(self) -> dict[str, Any]:
        kind, data = (await self.next()).strip().split("\n")
        assert kind == "event: live"
        return json.loads(data.removeprefix("data: "))  # type: ignore[no-any-return]


async def listen(user: User) -> tuple[AsyncClient, Listener]:
    client = AsyncClient()
    await client.aforce_login(user)
    listener = Listener(await client.get("/live/stream/"))
    assert await listener.next() == READY
    return client, listener


def told(line: Line | None, **fields: Any) -> live.LiveEvent:
    """Publish an event, as the rest of the console does."""
    event: live.LiveEvent = {"topic": "message", "line": line.pk if line else None, **fields}  # type: ignore[typeddict-item]
    live.publish(event)
    return event


async def _talk(line: Line, other_line: Line) -> None:
    """Something happens on both lines all the time."""
    while True:
        told(line, message=1)
        told(other_line, message=2)
        await asyncio.sleep(0.01)


@pytest.fixture
def story() -> Callable[[Callable[[], Awaitable[None]]], None]:
    """Run an async test, and leave no connection of its threads behind."""

    async def run(tell: Callable[[], Awaitable[None]]) -> None:
        try:
            await tell()
        finally:
            await sync_to_async(connections.close_all)()

    def apart(tell: Callable[[], Awaitable[None]]) -> None:
        # In a thread of its own: a browser that another test holds open keeps a loop running in this one.
        with ThreadPoolExecutor(1) as one:
            one.submit(lambda: asyncio.run(run(tell))).result()

    return apart


def test_own_lines_are_heard_and_others_never(
    story: Any, agent: User, outsider: User, line: Line, other_line: Line, chat: Chat
) -> None:
    async def tell() -> None:
        _, ours = await listen(agent)
        _, theirs = await listen(outsider)
        told(other_line, chat=999, message=1)
        told(None, topic="sync")
        event = told(line, chat=chat.pk, message=2)
        marker = told(other_line, chat=999, message=3)
        assert await ours.next_event() == event
        assert [(await theirs.next_event())["message"] for _ in "12"] == [1, 3]
        assert marker["line"] == other_line.pk

    story(tell)


def test_who_sees_all_lines_hears_all_and_the_account(
    story: Any, administrator: User, line: Line, other_line: Line
) -> None:
    async def tell() -> None:
        _, everything = await listen(administrator)
        events = [told(line, message=1), told(other_line, message=2), told(None, topic="sync")]
        assert [await everything.next_event() for _ in events] == events

    story(tell)


def test_it_is_a_stream_that_nothing_keeps_or_gathers(story: Any, agent: User) -> None:
    async def tell() -> None:
        _, listener = await listen(agent)
        headers = listener.response.headers
        assert headers["Content-Type"] == "text/event-stream"
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Accel-Buffering"] == "no"

    story(tell)


def test_it_holds_no_database_connection_while_it_waits(story: Any, agent: User) -> None:
    connection.close()

    async def tell() -> None:
        client, _ = await listen(agent)
        await sync_to_async(connections.close_all)()  # the client's own, from signing in
        stats = connection.pool.get_stats()  # type: ignore[attr-defined]
        assert stats["pool_size"] - stats["pool_available"] == 0
        assert client.cookies  # still signed in, still open

    story(tell)


def test_signing_out_ends_it(story: Any, agent: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "LOOK_AGAIN", 0.05)

    async def tell() -> None:
        client, listener = await listen(agent)
        await client.alogout()
        with pytest.raises(StopAsyncIteration):
            await listener.next()

    story(tell)


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_staff": False}, {"password": "changed"}])
def test_who_is_sent_away_hears_no_more(
    story: Any, agent: User, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    monkeypatch.setattr(stream, "LOOK_AGAIN", 0.05)

    async def tell() -> None:
        _, listener = await listen(agent)
        await User.objects.filter(pk=agent.pk).aupdate(**change)
        with pytest.raises(StopAsyncIteration):
            await listener.next()

    story(tell)


def test_lines_given_and_taken_change_what_is_heard(
    story: Any, agent: User, line: Line, other_line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "LOOK_AGAIN", 0.05)

    async def tell() -> None:
        _, listener = await listen(agent)
        await LineAccess.objects.acreate(user=agent, line=other_line)
        await LineAccess.objects.filter(user=agent, line=line).adelete()
        talking = asyncio.create_task(_talk(line, other_line))
        heard: list[int] = []
        async with asyncio.timeout(SOON):
            # It takes effect at the next look; from then on only the new line is heard.
            while heard[-5:] != [2] * 5:
                heard.append((await listener.next_event())["message"])
        talking.cancel()

    story(tell)


def test_an_old_stream_asks_for_another(story: Any, agent: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "LONGEST", 0.1)

    async def tell() -> None:
        _, listener = await listen(agent)
        assert await listener.next() == stream.NEXT
        with pytest.raises(StopAsyncIteration):
            await listener.next()

    story(tell)


def test_silence_is_broken_now_and_then(story: Any, agent: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT", 0.05)

    async def tell() -> None:
        _, listener = await listen(agent)
        assert [await listener.next() for _ in "12"] == [stream.BEAT, stream.BEAT]

    story(tell)


def test_without_redis_it_says_so_and_ends(story: Any, agent: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "REDIS_URL", "redis://127.0.0.1:1/0")

    async def tell() -> None:
        client = AsyncClient()
        await client.aforce_login(agent)
        listener = Listener(await client.get("/live/stream/"))
        assert await listener.next() == stream.AWAY
        with pytest.raises(StopAsyncIteration):
            await listener.next()

    story(tell)


def test_a_person_without_lines_has_a_silent_stream(story: Any, line: Line) -> None:
    newcomer = make_person("newcomer", "Agent")

    async def tell() -> None:
        _, listener = await listen(newcomer)
        told(line, message=1)
        told(None, topic="sync")
        live._redis().publish(f"chatdeck:live:person:{newcomer.pk}", json.dumps({"topic": "only this"}))
        assert await listener.next_event() == {"topic": "only this"}

    story(tell)


@pytest.mark.parametrize("staff", [True, False])
def test_nobody_listens_without_a_sign_in(staff: bool) -> None:
    client = Client()
    if not staff:
        client.force_login(User.objects.create_user("visitor"))
    response = client.get("/live/stream/")
    assert response.status_code == 403
    assert not response.streaming


def test_only_a_get_opens_it(story: Any, agent: User) -> None:
    async def tell() -> None:
        client = AsyncClient()
        await client.aforce_login(agent)
        assert (await client.post("/live/stream/")).status_code == 405

    story(tell)
