"""How large a request may be. Checked before Django reads it: Django writes a whole body to disk first."""

from __future__ import annotations

import re

from asgiref.typing import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    ASGISendEvent,
    Scope,
)

from chats.v3.limits import MAX_UPLOAD_BYTES

# What a form adds around the file that it carries.
AROUND = 64 * 1024
LARGEST_FILE = MAX_UPLOAD_BYTES + AROUND
LARGEST = 8 * 1024 * 1024
_TAKES_FILES = re.compile(r"/inbox/\d+/files/")
_WORDS = b"The request is too large."


class LimitBodies:
    """An ASGI application that answers 413 to requests that are too large, and passes all others on."""

    def __init__(self, application: ASGI3Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        most = LARGEST_FILE if _TAKES_FILES.fullmatch(scope["path"]) else LARGEST
        promised = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not promised.isdigit() or int(promised) > most:
            await _refuse(send)
            return
        size = 0
        refused = False

        async def counted() -> ASGIReceiveEvent:
            nonlocal size, refused
            event = await receive()
            if event["type"] == "http.request":
                size += len(event["body"])
                if size > most:
                    # No length was promised, or a wrong one. To the application it is as if they had hung up.
                    refused = True
                    await _refuse(send)
                    return {"type": "http.disconnect"}
            return event

        async def answered(event: ASGISendEvent) -> None:
            if not refused:
                await send(event)

        await self._application(scope, counted, answered)


async def _refuse(send: ASGISendCallable) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers, "trailers": False})
    await send({"type": "http.response.body", "body": _WORDS, "more_body": False})
