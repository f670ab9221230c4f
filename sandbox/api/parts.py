"""The parts of a request as they are kept and answered."""

from __future__ import annotations

import mimetypes
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from sandbox.api.errors import ApiError


def stored(requested: list[Mapping[str, Any]], line_number: str) -> list[dict[str, Any]]:
    """Checked parts of a request in the form the API answers with, without reactions."""
    return [_stored(part, line_number) for part in requested]


def _stored(part: Mapping[str, Any], line_number: str) -> dict[str, Any]:
    kind = part["type"]
    if kind == "text":
        return _text(part, line_number)
    if kind == "media":
        return _media(part)
    if kind == "link":
        return {"type": "link", "value": part["value"]}
    raise ApiError(2011, f"Parts of the type {kind} are not available for this account.")


def _text(part: Mapping[str, Any], line_number: str) -> dict[str, Any]:
    value = part["value"]
    mention = part.get("mention")
    span = part.get("mention_range") or ([0, len(value.encode("utf-16-le")) // 2] if mention else None)
    return {
        "type": "text",
        "value": value,
        "text_decorations": part.get("text_decorations"),
        "inline_stickers": None,
        "mentions": [{"handle": mention, "is_me": mention == line_number, "range": span}] if mention else None,
        "mention": mention,
        "mention_range": span,
    }


def _media(part: Mapping[str, Any]) -> dict[str, Any]:
    if "url" not in part or part["url"] is None:
        raise ApiError(2003, "Attachment not found")
    # The file is not fetched, so that the sandbox works without a network; its size stays unknown.
    url = part["url"]
    name = unquote(urlsplit(url).path.rsplit("/", 1)[-1]) or "file"
    return {
        "type": "media",
        "id": str(uuid.uuid4()),
        "filename": name,
        "mime_type": mimetypes.guess_type(name)[0] or "application/octet-stream",
        "size_bytes": 0,
        "url": url,
    }
