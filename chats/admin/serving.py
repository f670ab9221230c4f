"""Giving a stored file to a browser, in pieces and safely: it is data, never a page of ours."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.db.models.fields.files import FieldFile
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header

from chats.v3.file_types import shown_as
from chats.v3.limits import ATTACHMENT_CONTENT_TYPES

PIECE = 256 * 1024
# Whoever opens one in a tab of its own gets a document without scripts, forms or an origin.
POLICY = "default-src 'none'; sandbox"
UNTYPED = "application/octet-stream"
# A browser would make a page of these.
_DOCUMENTS = frozenset({"text/html", "text/xml", "image/svg+xml"})
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


def may_be_kept(view: Any) -> Any:
    """Marks a view whose answers a browser may keep, if it asks again each time whether it still may show them."""
    view.cacheable = True
    return view


def serve(
    request: HttpRequest, file: FieldFile, *, name: str, content_type: str, size: int, tag: str
) -> HttpResponseBase:
    """The file, or the range of it that is asked for. Pictures, sound and video are shown, the rest is downloaded.

    `tag` stands for its content, which never changes.
    """
    etag = f'"{tag}"'
    if request.headers.get("If-None-Match") == etag:
        return _with_heads(HttpResponse(status=304), etag)
    start, end = 0, size - 1
    asked = request.headers.get("Range", "")
    if asked and request.headers.get("If-Range", etag) == etag and (match := _RANGE.fullmatch(asked.strip())):
        found = _range(match.group(1), match.group(2), size)
        if found is None:
            return _with_heads(HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"}), etag)
        start, end = found
    if not file.name or not file.storage.exists(file.name):
        return missing()
    length = end - start + 1
    pieces = _later(file, start, length) if isinstance(request, ASGIRequest) else _now(file, start, length)
    partial = length < size
    response = StreamingHttpResponse(pieces, status=206 if partial else 200, content_type=_safe_type(content_type))
    response.headers["Content-Length"] = str(length)
    if partial:
        response.headers["Content-Range"] = f"bytes {start}-{end}/{size}"
    disposition = content_disposition_header(shown_as(content_type) == "file", name)
    response.headers["Content-Disposition"] = disposition or "attachment"
    return _with_heads(response, etag)


def missing() -> HttpResponse:
    """The answer for a file that is not here, or not at the moment."""
    response = HttpResponse("The file is not here.", status=404, content_type="text/plain; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    return response


def _with_heads(response: HttpResponseBase, etag: str) -> HttpResponseBase:
    response.headers["ETag"] = etag
    response.headers["Accept-Ranges"] = "bytes"
    # Kept by the browser, and asked about each time: a line that was taken away takes its files along.
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def _safe_type(content_type: str) -> str:
    return content_type if content_type in ATTACHMENT_CONTENT_TYPES - _DOCUMENTS else UNTYPED


def _range(first: str, last: str, size: int) -> tuple[int, int] | None:
    """The first and last byte of a range; None when it holds nothing of the file."""
    if not first:
        start, end = max(0, size - int(last or 0)), size - 1
    else:
        start, end = int(first), min(int(last) if last else size - 1, size - 1)
    return (start, end) if start <= end and start < size else None


def _now(file: FieldFile, start: int, length: int) -> Iterator[bytes]:
    """The pieces. Opened only when the first is asked for: an answer may never be read."""
    with file.storage.open(file.name or "", "rb") as opened:
        opened.seek(start)
        while length > 0 and (piece := opened.read(min(PIECE, length))):
            length -= len(piece)
            yield piece


async def _later(file: FieldFile, start: int, length: int) -> AsyncIterator[bytes]:
    """The same for a server that would otherwise read the whole file into memory first."""
    with await asyncio.to_thread(file.storage.open, file.name or "", "rb") as opened:
        opened.seek(start)
        while length > 0 and (piece := await asyncio.to_thread(opened.read, min(PIECE, length))):
            length -= len(piece)
            yield piece
