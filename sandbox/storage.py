"""The storage: takes uploads and gives files back, piece by piece, so that no file is ever whole in memory."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, BinaryIO, TypeVar
from urllib.parse import parse_qsl

from asgiref.typing import HTTPScope
from django.db import close_old_connections

from sandbox import files
from sandbox.api.errors import ApiError, envelope
from sandbox.models import Attachment

PIECE = 256 * 1024
RANGE = re.compile(r"bytes=([0-9]{0,12})-([0-9]{0,12})")

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
T = TypeVar("T")


class Gone(Exception):
    """Whoever was uploading went away."""


class Storage:
    """Answers requests under `files.PREFIX`. Files and rows are touched in `threads` only."""

    def __init__(self, threads: Executor) -> None:
        self._threads = threads

    async def answer(self, scope: HTTPScope, receive: Receive, send: Send, trace_id: str) -> None:
        """Take an upload (PUT) or give a file (GET, HEAD), or one part of it (`Range`)."""
        try:
            if scope["method"] == "PUT":
                await self._take(scope, receive)
                await _head(send, 200, trace_id, {"content-length": "0"})
                await send({"type": "http.response.body", "body": b""})
            elif scope["method"] in {"GET", "HEAD"}:
                await self._give(scope, send, trace_id)
            else:
                raise ApiError(1003, "This method is not allowed here.", status=405)
        except Gone:
            return
        except ApiError as wrong:
            body = json.dumps(envelope(wrong, trace_id)).encode()
            lines = {"content-type": "application/json", "content-length": str(len(body))}
            await _head(send, wrong.status, trace_id, lines)
            await send({"type": "http.response.body", "body": body})

    async def _run(self, work: Callable[..., T], *arguments: Any) -> T:
        def with_sound_connection() -> T:
            close_old_connections()
            return work(*arguments)

        return await asyncio.get_running_loop().run_in_executor(self._threads, with_sound_connection)

    async def _take(self, scope: HTTPScope, receive: Receive) -> None:
        try:
            row = await self._run(_expected, scope)
        except ApiError:
            # What is on its way is let in and dropped, so that the answer is read instead of a broken pipe.
            await _drain(receive)
            raise
        written = files.new_file(row.id)
        try:
            with written.open("wb") as file:
                size = await self._write(file, receive, row.size_bytes)
            if size != row.size_bytes:
                raise ApiError(5001, f"The file must have exactly {row.size_bytes} bytes", status=400)
            await self._run(files.keep, row, written)
        finally:
            written.unlink(missing_ok=True)

    async def _write(self, file: BinaryIO, receive: Receive, most: int) -> int:
        """Write what comes in, never more than `most` bytes of it. Returns how many came."""
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Gone
            piece = message.get("body", b"")
            size += len(piece)
            if size <= most:
                await self._run(file.write, piece)
            if not message.get("more_body"):
                return size

    async def _give(self, scope: HTTPScope, send: Send, trace_id: str) -> None:
        row, path = await self._run(_wanted, scope)
        lines = {
            "content-type": row.content_type,
            # A page that somebody uploaded is data here, never a page of ours.
            "content-disposition": "attachment",
            "x-content-type-options": "nosniff",
            "accept-ranges": "bytes",
            # A file never changes: another one has another id.
            "etag": f'"{row.id}"',
        }
        wanted = _part_wanted(_headers(scope), row)
        if wanted is None:
            lines["content-range"] = f"bytes */{row.size_bytes}"
            await _head(send, 416, trace_id, {**lines, "content-length": "0"})
            await send({"type": "http.response.body", "body": b""})
            return
        if len(wanted) < row.size_bytes:
            lines["content-range"] = f"bytes {wanted.start}-{wanted.stop - 1}/{row.size_bytes}"
        lines["content-length"] = str(len(wanted))
        await _head(send, 206 if "content-range" in lines else 200, trace_id, lines)
        if scope["method"] == "GET":
            await self._read(path, wanted, send)
        await send({"type": "http.response.body", "body": b""})

    async def _read(self, path: Path, wanted: range, send: Send) -> None:
        with path.open("rb") as file:
            file.seek(wanted.start)
            left = len(wanted)
            while left and (piece := await self._run(file.read, min(PIECE, left))):
                left -= len(piece)
                await send({"type": "http.response.body", "body": piece, "more_body": True})


def _part_wanted(headers: Mapping[str, str], row: Attachment) -> range | None:
    """Which bytes of a file are asked for: all of them, or one part; None for a part that it does not have.

    Several parts at once are answered with the whole file, as is a part of what the file no longer is (`If-Range`).
    """
    whole = range(row.size_bytes)
    found = RANGE.fullmatch(headers.get("range", ""))
    if found is None or not any(found.groups()) or headers.get("if-range", f'"{row.id}"') != f'"{row.id}"':
        return whole
    first, last = found.groups()
    if not first:  # the last so many
        return whole[-int(last) :] if int(last) else None
    wanted = whole[int(first) : int(last) + 1 if last else None]
    return wanted or (None if not last or int(first) <= int(last) else whole)


def _headers(scope: HTTPScope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _find(scope: HTTPScope) -> Attachment:
    attachment_id = files.identifier_in(scope["path"])
    row = None if attachment_id is None else Attachment.objects.filter(id=attachment_id).first()
    if row is None or not scope["path"].endswith(f"/{row.filename}"):
        raise ApiError(2003, "There is no such file")
    return row


def _expected(scope: HTTPScope) -> Attachment:
    """The attachment that an upload is for, if it may be uploaded like this."""
    row = _find(scope)
    files.check_upload(row, dict(parse_qsl(scope["query_string"].decode("latin-1"))), _headers(scope))
    return row


def _wanted(scope: HTTPScope) -> tuple[Attachment, Path]:
    """The file that is asked for."""
    row = _find(scope)
    path = files.on_disk(row.id)
    if not row.is_complete or not path.is_file():
        raise ApiError(2003, "There is no such file")
    return row, path


async def _head(send: Send, status: int, trace_id: str, lines: dict[str, str]) -> None:
    headers = [(name.encode(), value.encode("latin-1")) for name, value in lines.items()]
    headers.append((b"x-trace-id", trace_id.encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def _drain(receive: Receive) -> None:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        if not message.get("more_body"):
            return
