"""The short way of the busiest request, POST …/chats/{chatId}/messages: past Django, to the intake's own thread.

While that thread waits for the database, the requests that come in meanwhile line up, and it takes them together next.
Only what is in order as a request goes this way. Whatever is not (no token, no JSON) is left to REST framework, which
knows all the ways to refuse it, and whose view takes sends through the same intake.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from queue import Empty, SimpleQueue
from typing import Any, NoReturn

from asgiref.typing import HTTPScope
from django.db import connection

from sandbox import planning
from sandbox.api import base, intake, parts

_PATH = re.compile(r"/(?:api/partner/)?v3/chats/([^/]+)/messages")

Waiting = tuple[intake.Send, "asyncio.Future[intake.Answer]"]


def read(scope: HTTPScope, body: bytes, trace_id: str) -> intake.Send | None:
    """The send that this request asks for; None when it is for Django to answer. Raises `ApiError`."""
    if scope["method"] != "POST":
        return None
    place = _PATH.fullmatch(scope["path"])
    if place is None:
        return None
    headers = dict(scope["headers"])
    token = base.token_in(headers.get(b"authorization", b"").decode("latin-1"))
    if headers.get(b"content-type") != b"application/json" or not base.is_known(token):
        return None
    given = _object(body)
    if given is None or parts.has_files_to_fetch(given.get("message")):
        return None
    key = headers.get(b"idempotency-key", b"").decode("latin-1")
    return intake.read(place[1], given, header_key=key, token=token, trace_id=trace_id)


def _object(body: bytes) -> Mapping[str, Any] | None:
    try:
        given = json.loads(body.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return given if isinstance(given, dict) else None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)  # NaN and Infinity are no JSON


class Express:
    """The intake's thread and the line before it, for the requests of one event loop."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Waiting | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Open. Call it on the event loop."""
        self._thread = threading.Thread(target=self._work, args=(asyncio.get_running_loop(),), name="intake")
        self._thread.start()

    def stop(self) -> None:
        """Take what waits, and close."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    async def take(self, send: intake.Send) -> intake.Answer:
        """Line up, and wait for the answer."""
        answer: asyncio.Future[intake.Answer] = asyncio.get_running_loop().create_future()
        self._queue.put((send, answer))
        return await answer

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        for batch in self._batches():
            planning.for_few_rows()
            answers = intake.take([send for send, _ in batch])
            loop.call_soon_threadsafe(_tell, batch, answers)
        connection.close()

    def _batches(self) -> Iterator[list[Waiting]]:
        waiting: deque[Waiting] = deque()
        closing = False
        while waiting or not closing:
            if not waiting:
                closing = not _into(waiting, self._queue.get())
            try:
                while not closing:
                    closing = not _into(waiting, self._queue.get_nowait())
            except Empty:
                pass
            if waiting:
                yield _take_apart(waiting)


def _into(waiting: deque[Waiting], one: Waiting | None) -> bool:
    if one is None:
        return False
    waiting.append(one)
    return True


def _take_apart(waiting: deque[Waiting]) -> list[Waiting]:
    """Remove from the line whoever can be taken together: of each chat and each key the one that came first."""
    batch: list[Waiting] = []
    others: list[Waiting] = []
    chats, keys = set(), set()
    while waiting and len(batch) < intake.MOST:
        one = waiting.popleft()
        send = one[0]
        if send.chat_id in chats or send.key in keys:
            others.append(one)
        else:
            batch.append(one)
        chats.add(send.chat_id)
        if send.key is not None:
            keys.add(send.key)
    waiting.extendleft(reversed(others))
    return batch


def _tell(batch: list[Waiting], answers: list[intake.Answer]) -> None:
    for (_, waiting), answer in zip(batch, answers, strict=True):
        if not waiting.done():  # the client may have gone away
            waiting.set_result(answer)
