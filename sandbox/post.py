"""The post: delivers webhook events, many at once and in no order, and tries again for half an hour.

Assumption (8.2 5): the first retry comes after about a second and each pause is about twice the one before,
with jitter and never above ten minutes; half an hour after the first try an event is given up.

What is due is taken in batches, and what came of it is recorded in batches. Which deliveries are under way is known to
this process alone: when it ends, they are due again at the next start.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from queue import SimpleQueue

import uvloop
from django.conf import settings

from chats.v3.signatures import legacy_headers, sign
from chats.v3.times import format_time
from sandbox import alarms, chance, clock, mailbag, routing, world
from sandbox.courier import Answer, Courier, Failed, Hopeless
from sandbox.mailbag import DELIVERED, GIVEN_UP, WAITING, Letter, Result
from sandbox.models import Subscription

log = logging.getLogger(__name__)

MOST_HELD = 128  # deliveries taken and not yet settled
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 600.0
GIVE_UP_AFTER = timedelta(minutes=30)

_compact = json.JSONEncoder(separators=(",", ":")).encode
_held: set[int] = set()
_office: _Office | None = None
# deliveries that were tried, until what came of them is recorded
_tried: SimpleQueue[tuple[Letter, Result, Answer | None]] = SimpleQueue()


def next_at() -> datetime | None:
    """When the next delivery is due, apart from those under way; None too while no more can be held."""
    if len(_held) >= MOST_HELD:
        return None
    return mailbag.next_at(_held)


def send_due() -> int:
    """Record what was answered, and hand what is due to the couriers, as much as they can hold. Returns how many.

    One caller at a time (`background.paused`): what is held is known to this process alone, and not locked.
    """
    return _settle() + _hand_over()


def _hand_over() -> int:
    global _office
    letters = mailbag.take(clock.now(), MOST_HELD - len(_held), _held) if len(_held) < MOST_HELD else []
    if letters:
        if _office is None:
            _office = _Office()
        _held.update(each.delivery_id for each in letters)
        _office.hand_over(letters)
    return len(letters)


def deliver_until(moment: datetime) -> int:
    """Deliver everything due by then, and the retries that fall due on the way; returns how many tries were made.

    For when the time is moved by hand: each wave is answered before the next one leaves.
    """
    tries = 0
    while (due := next_at()) is not None and due <= moment:
        tries += _hand_over()
        wait_idle()
    return tries


def wait_idle() -> None:
    """Wait until every delivery under way is answered and recorded. One caller at a time, as for `send_due`."""
    while _held:
        if not _settle():
            alarms.post.wait(0.05)


def close() -> None:
    """Leave what is under way, and go home."""
    global _office
    if _office is not None:
        _office.close()
        _office = None
        _settle()
        _held.clear()


def _settle() -> int:
    """Record what came of the deliveries that were tried since the last time. Returns how many they were."""
    results: list[tuple[Letter, Result, Answer | None]] = []
    while not _tried.empty():
        results.append(_tried.get_nowait())
    if not results:
        return 0
    try:
        for letter, result, answer in results:
            if answer is not None and letter.subscription is not None and result.state == DELIVERED:
                routing.learn(letter.chat_id, letter.subscription, answer.headers)
        mailbag.settle([result for _, result, _ in results])
    finally:  # what could not be recorded is due, and tried again
        _held.difference_update(letter.delivery_id for letter, _, _ in results)
    return len(results)


class _Office:
    """The thread of the couriers: an event loop with all deliveries that are under way."""

    def __init__(self) -> None:
        self._loop = uvloop.new_event_loop()
        self._tries: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name="couriers", daemon=True)
        self._thread.start()

    def hand_over(self, letters: Sequence[Letter]) -> None:
        """Deliver these. Returns at once."""
        self._loop.call_soon_threadsafe(self._begin, letters)

    def close(self) -> None:
        """Cut what is under way, and end."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=15)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._courier = Courier(settings.WEBHOOK_TIMEOUT)
        self._loop.run_forever()
        for each in self._tries:
            each.cancel()
        self._loop.run_until_complete(asyncio.gather(*self._tries, return_exceptions=True))
        self._courier.close()
        self._loop.close()

    def _begin(self, letters: Sequence[Letter]) -> None:
        for each in letters:
            task = self._loop.create_task(self._deliver(each))
            self._tries.add(task)
            task.add_done_callback(self._tries.discard)

    async def _deliver(self, letter: Letter) -> None:
        answer = None
        try:
            if letter.subscription is None:
                result = _settled(letter, GIVEN_UP, None, "The subscription is gone or inactive.")
            else:
                answer = await self._try(letter, letter.subscription)
                result = _judged(letter, answer.status)
        except Hopeless as gone:
            result = _settled(letter, GIVEN_UP, None, str(gone))
        except Failed as failed:
            result = _again_or_never(letter, None, str(failed))
        except Exception as wrong:  # noqa: BLE001 - whatever happened on the way, the delivery must come back
            log.exception("Delivery %s failed", letter.delivery_id)
            result = _again_or_never(letter, None, str(wrong))
        _tried.put((letter, result, answer))
        alarms.post.ring()

    async def _try(self, letter: Letter, subscription: Subscription) -> Answer:
        body = _body(letter, subscription)
        headers = _headers(letter, subscription, body)
        return await self._courier.post(subscription.target_url, headers.items(), body)


def _body(letter: Letter, subscription: Subscription) -> bytes:
    """What is posted: the event in the version that the subscription wants, whose data is JSON already."""
    envelope = {
        "api_version": "v3",
        "webhook_version": subscription.version,
        "event_type": letter.event_type,
        "event_id": str(letter.event_id),
        "created_at": format_time(letter.event_at),
        "trace_id": letter.trace_id,
        "partner_id": str(world.current().partner_id),
    }
    return f'{_compact(envelope)[:-1]},"data":{letter.data}}}'.encode()


def _headers(letter: Letter, subscription: Subscription, body: bytes) -> dict[str, str]:
    # Signed with real time whatever the world's clock says: the receiver compares it with its own.
    timestamp = int(time.time())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "sandbox-webhooks/3",
        "webhook-id": str(letter.event_id),
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(subscription.secret, str(letter.event_id), timestamp, body),
        **legacy_headers(subscription.secret, letter.event_type, str(subscription.id), timestamp, body),
    }
    return headers | routing.headers(letter.chat_id, subscription, letter.token)


def _judged(letter: Letter, status: int) -> Result:
    if 200 <= status < 300:
        return _settled(letter, DELIVERED, status, "")
    if status >= 500 or status == 429:
        return _again_or_never(letter, status, "")
    return _settled(letter, GIVEN_UP, status, "")


def _again_or_never(letter: Letter, status: int | None, error: str) -> Result:
    now = _tried_at(letter)
    first = letter.first_tried_at or now
    seed, attempts = world.current().seed, letter.attempts
    jitter = chance.between(0.75, 1.25, seed, "retry", letter.event_id, letter.subscription_id, attempts)
    pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0**attempts) * jitter
    due = alarms.later(now, min(LONGEST_PAUSE, pause))
    if due > first + GIVE_UP_AFTER:
        return _settled(letter, GIVEN_UP, status, error)
    return Result(letter.delivery_id, WAITING, first, due, status, error[:200], None)


def _settled(letter: Letter, state: str, status: int | None, error: str) -> Result:
    now = _tried_at(letter)
    return Result(
        letter.delivery_id, state, letter.first_tried_at or now, letter.due_at, status, error[:200], settled_at=now
    )


def _tried_at(letter: Letter) -> datetime:
    """When this try was made: when it was due, if the time is moved by hand past it."""
    return letter.due_at if clock.is_stepped() else clock.now()
