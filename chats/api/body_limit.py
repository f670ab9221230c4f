"""The webhook door's limit on a body, before Django reads it.

Django takes in a whole request before any view is asked, to a file when it is long. Whoever speaks to the door is
a stranger until the signature was checked, so here no more than the limit is taken, whatever length was promised
or left out.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from chats.api.webhook import MAX_BODY, TOO_LONG

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

PATH = "/webhooks/"


def limit_bodies(app: App) -> App:
    """The ASGI application `app`, with the limit at its webhook door: 413 as soon as a body is too long."""

    async def limited(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PATH):
            await app(scope, receive, send)
            return
        chunks: list[bytes] = []
        size = _promised(scope)
        message: Message = {"type": "http.request", "more_body": True}
        while size <= MAX_BODY and message.get("more_body"):
            message = await receive()
            if message["type"] != "http.request":
                return  # they have gone
            chunks.append(message.get("body", b""))
            size = sum(map(len, chunks))
        if size > MAX_BODY:
            await _refuse(send)
            return
        whole = iter([{"type": "http.request", "body": b"".join(chunks), "more_body": False}])

        async def receive_whole() -> Message:
            return next(whole, None) or await receive()

        await app(scope, receive_whole, send)

    return limited


def _promised(scope: Scope) -> int:
    """The length that the request promises; 0 where it does not say, or says no number: what comes is counted."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:20])
    return 0


async def _refuse(send: Send) -> None:
    body = json.dumps({"stored": False, "error": TOO_LONG}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        # The rest of the body is never read, so nothing else can come on this connection.
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
